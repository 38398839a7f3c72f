/**
 * Floor 3. How long a run may look (`world.deadline`): each lookup, fetch and probe has a limit of its own, and a fleet with dead servers has
 * thousands of them. Only looking is limited. What was looked at in time is planned and carried out, and a write that was begun is finished.
 */
import { formatDuration } from '../core/config/duration.ts';
import type { WorldConfig } from '../core/config/model.ts';
import { StsyncError } from '../core/error.ts';
import { orAborted } from '../effects/dns/shared.ts';

/** Calls `ring` once after so long; gives what takes that back. */
export type After = (ms: number, ring: () => void) => () => void;

/** What a look is bounded by. */
interface Bounded {
  readonly signal: AbortSignal;
  readonly after: After;
}

type Limit = Pick<WorldConfig, 'deadlineSeconds'>;

/** One domain may take this part of the time of all, so that a few that drip do not use up what the others need. */
const PART_OF_ONE = 5;
/** The slowest part of a look, a policy host that drips, ends after 60 s. */
const LEAST_FOR_ONE_SECONDS = 120;

/** Looks at many domains: `work` gets a world that throws `LOOK_DEADLINE` when the time is over. The timer ends with the work. */
export async function withinRun<W extends Bounded, T>(
  { deadlineSeconds }: Limit,
  world: W,
  work: (bounded: W) => Promise<T>,
): Promise<T> {
  const message = `the run may look for ${formatDuration(deadlineSeconds)}, and that was over before this domain was looked at`;
  const hint =
    'raise `world.deadline`, or look for servers that do not answer: they take the time of the other domains';
  return bounded(deadlineSeconds, () => late(message, hint), world, work);
}

/**
 * Looks at one domain, within what is left to the run. Throws `LOOK_DEADLINE`, or what else the signal of `world` is aborted with, at that
 * moment, also when `work` takes no notice of its signal.
 */
export async function withinDomain<W extends Bounded, T>(
  { deadlineSeconds }: Limit,
  world: W,
  work: (bounded: W) => Promise<T>,
): Promise<T> {
  world.signal.throwIfAborted();
  const seconds = Math.min(deadlineSeconds, Math.max(LEAST_FOR_ONE_SECONDS, Math.floor(deadlineSeconds / PART_OF_ONE)));
  const message = `this domain was not looked at within ${formatDuration(seconds)}`;
  const hint = `look at its name servers and its policy host; one domain may take a fifth of \`world.deadline\``;
  return bounded(
    seconds,
    () => late(message, hint),
    world,
    (within) => orAborted(work(within), within.signal),
  );
}

/** Is it what {@link withinRun} and {@link withinDomain} end with? */
export function isLate(error: unknown): error is StsyncError {
  return error instanceof StsyncError && error.code === 'LOOK_DEADLINE';
}

async function bounded<W extends Bounded, T>(
  seconds: number,
  error: () => StsyncError,
  world: W,
  work: (bounded: W) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const stop = world.after(seconds * 1000, () => deadline.abort(error()));
  try {
    return await work({ ...world, signal: AbortSignal.any([world.signal, deadline.signal]) });
  } finally {
    stop();
  }
}

function late(message: string, hint: string): StsyncError {
  return new StsyncError('LOOK_DEADLINE', message, { hint, retryable: true });
}
