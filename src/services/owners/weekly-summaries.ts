/**
 * Floor 3. Sends the weekly summaries: to each contact one mail with all its domains, once a week, a few at a time. When the mail server took one is kept, so
 * a restart sends nothing twice; only a kill between the two does.
 */
import type { Config, DomainConfig } from '../../core/config/model.ts';
import { StsyncError } from '../../core/error.ts';
import type { OwnedDomain } from '../../core/owners/model.ts';
import { SHARE_MS, shareToken } from '../../core/owners/share-token.ts';
import { dueDay, isDue, weeksBefore } from '../../core/owners/week.ts';
import { weeklyMail } from '../../core/owners/weekly-mail.ts';
import type { WeeklyConfig } from '../../core/config/shape-reports-weekly.ts';
import { type Clock, sleep } from '../../effects/clock.ts';
import type { Log } from '../../effects/log.ts';
import type { StateView } from '../../effects/look-at-state.ts';
import type { Mail } from '../../effects/send-mail.ts';
import type { OwnerStore } from '../../effects/store-sqlite-owners.ts';
import type { FleetState } from '../daemon/fleet-state.ts';
import { domainsByContact, ownedDomain } from './owned-domains.ts';

export interface WeeklyWorld {
  readonly clock: Clock;
  readonly log: Log;
  readonly state: () => FleetState;
  /** Null: there is no state yet. */
  readonly look: <T>(ask: (view: StateView) => T) => T | null;
  readonly openOwners: () => OwnerStore;
  /** Throws `NOTIFY_FAILED`. */
  readonly sendMail: (server: string | null, mail: Mail) => Promise<void>;
  /** Between two slices, for all else that the process does. */
  readonly pause: () => Promise<void>;
}

const LOOK_MS = 60_000;
/** Until a mail server that was away is asked again, on the same day. */
const AGAIN_MS = 3_600_000;
/** Before the second and the third attempt. */
const PAUSES_MS = [5_000, 60_000];
const AT_ONCE = 5;
/** Domains in one look at the state. */
const SLICE = 10;
const KEPT_MS = 60 * 86_400_000;
/** A program for mail that hangs would hang the end of the daemon. */
const CLOSE_MS = 10_000;

type Outcome = 'sent' | 'refused' | 'later';

interface Turn {
  readonly config: Config;
  readonly weekly: WeeklyConfig;
  readonly day: string;
}

export function openWeeklySummaries(world: WeeklyWorld): { close(): Promise<void> } {
  const { clock, log } = world;
  const stopping = new AbortController();
  let done: Turn | null = null;
  let againAt = 0;
  let working = Promise.resolve();
  const look = async (): Promise<void> => {
    const turn = turnOf(world);
    if (turn === null || clock.now().getTime() < againAt) return;
    if (done?.day === turn.day && done.config === turn.config) return;
    // Whatever comes of it: the next look is no sooner.
    againAt = clock.now().getTime() + AGAIN_MS;
    const isWhole = await sendAll(turn, world, stopping.signal);
    if (!isWhole) return;
    [done, againAt] = [turn, 0];
  };
  const begin = (): void => {
    working = look()
      .catch((error: unknown) => {
        const { code, message, hint } =
          error instanceof StsyncError ? error : new StsyncError('INTERNAL', String(error));
        log.warn({ hint }, `${code} weekly summaries wait an hour: ${message}`);
      })
      .finally(() => {
        if (!stopping.signal.aborted) cancel = clock.after(LOOK_MS, begin);
      });
  };
  let cancel = clock.after(LOOK_MS, begin);
  return {
    close: async () => {
      cancel();
      stopping.abort();
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const cancelLate = clock.after(CLOSE_MS, resolve);
      await Promise.race([working, late]);
      cancelLate();
    },
  };
}

/** Null: nothing is due here and now. */
function turnOf({ clock, state }: WeeklyWorld): Turn | null {
  const { role, inForce, lastRun } = state();
  // Before the first run nothing is known that would be worth a mail; and a stand-by would send all a second time.
  if (role !== 'leader' || inForce === null || lastRun === null) return null;
  const { config } = inForce;
  const { weekly } = config.reports;
  const day = weekly === null ? null : dueDay(clock.now(), weekly, config.daemon.timezone);
  return weekly === null || day === null ? null : { config, weekly, day };
}

/** False: somebody has to get it later. Throws what the state throws. */
async function sendAll(turn: Turn, world: WeeklyWorld, signal: AbortSignal): Promise<boolean> {
  const owners = world.openOwners();
  try {
    owners.forgetWeekly(new Date(world.clock.now().getTime() - KEPT_MS).toISOString().slice(0, 10));
    const last = owners.lastWeekly();
    const waiting = [...domainsByContact(turn.config.domains)].filter(([contact]) =>
      isDue(turn.day, last.get(contact) ?? null),
    );
    if (waiting.length === 0) return true;
    const counts = { sent: 0, refused: 0, later: 0 };
    // A state that cannot be written ends the turn; what is on its way is waited for.
    const broken: unknown[] = [];
    const queue = waiting.values();
    const work = async (): Promise<void> => {
      // Each worker takes the next one from the same queue.
      for (const [contact, domains] of queue) {
        if (signal.aborted || broken.length > 0) return;
        try {
          counts[await sendOne(contact, domains, { ...world, turn, owners, signal })]++;
        } catch (error) {
          broken.push(error);
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    if (broken.length > 0) throw broken[0];
    world.log.info({ ...counts }, 'weekly summaries');
    return counts.sent + counts.refused === waiting.length;
  } finally {
    owners.close();
  }
}

interface Sending extends WeeklyWorld {
  readonly turn: Turn;
  readonly owners: OwnerStore;
  readonly signal: AbortSignal;
}

async function sendOne(contact: string, domains: readonly DomainConfig[], sending: Sending): Promise<Outcome> {
  const { turn, owners, clock, log } = sending;
  const facts = await factsFor(contact, domains, sending);
  if (facts.length === 0) return 'later';
  const { from, server } = turn.weekly;
  const mail: Mail = {
    from,
    to: [contact],
    listId: `stsync-weekly.${from.slice(from.indexOf('@') + 1)}`,
    ...weeklyMail(facts, weeksBefore(clock.now()).week),
  };
  const failure = await deliver(server, mail, sending);
  if (failure?.retryable === true) return 'later';
  owners.saveWeekly(contact, turn.day);
  if (failure === null) return 'sent';
  log.error({ contact, hint: failure.hint }, `${failure.code} no weekly summary: ${failure.message}`);
  return 'refused';
}

/** Empty: the daemon ends. */
async function factsFor(
  contact: string,
  domains: readonly DomainConfig[],
  { turn, owners, clock, state, look, pause, signal }: Sending,
): Promise<readonly OwnedDomain[]> {
  const now = clock.now();
  const base = turn.weekly.link;
  const secret = base === null ? null : owners.shareSecret();
  const endsAt = new Date(now.getTime() + SHARE_MS);
  const linkOf = (domain: string): string | null =>
    secret === null ? null : `${base}/shared/${shareToken(secret, { domain, endsAt }, contact)}`;
  const facts: OwnedDomain[] = [];
  for (let from = 0; from < domains.length; from += SLICE) {
    if (from > 0) await pause();
    if (signal.aborted) return [];
    const slice = domains.slice(from, from + SLICE);
    const read = (view: StateView | null): readonly OwnedDomain[] =>
      slice.map((one) => ownedDomain(one, view, { state: state(), link: linkOf(one.domain), now }));
    facts.push(...(look(read) ?? read(null)));
  }
  return facts;
}

/** Null: the mail server has it. */
async function deliver(
  server: string | null,
  mail: Mail,
  { clock, log, signal, sendMail }: Sending,
): Promise<StsyncError | null> {
  for (const pauseMs of [...PAUSES_MS, null]) {
    try {
      await sendMail(server, mail);
      return null;
    } catch (error) {
      const failure = error instanceof StsyncError ? error : new StsyncError('NOTIFY_FAILED', String(error));
      if (!failure.retryable || signal.aborted) return failure;
      if (pauseMs === null) {
        log.warn({ contact: mail.to[0] }, `${failure.code} the weekly summary waits an hour: ${failure.message}`);
        return failure;
      }
      await sleep(clock, pauseMs, signal).catch(() => undefined);
      if (signal.aborted) return failure;
    }
  }
  return null;
}
