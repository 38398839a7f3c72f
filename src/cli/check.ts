/** Floor 4. `stsync check`: exit 0 when nothing is wrong, 2 when something is, 1 when no domain could be looked at. */
import { randomBytes } from 'node:crypto';
import type { CheckReport } from '../core/check/model.ts';
import { renderCheckMarkdown } from '../core/check/render-markdown.ts';
import { renderCheckText } from '../core/check/render-text.ts';
import { StsyncError } from '../core/error.ts';
import { checkDomain, type CheckWorld } from '../services/check.ts';
import { mapConcurrent } from '../services/concurrent.ts';
import type { Network } from '../services/world.ts';
import { reportFailure } from './failure.ts';
import { openNetwork } from './network.ts';
import { painter, print, progressLine } from './output.ts';
import type { CheckOptions } from './program-world.ts';
import { hostArgument, interruptSignal } from './wiring.ts';
import { worldOf } from './world-options.ts';

/** Domains at once. Each has a dozen questions of its own. */
const CONCURRENCY = 16;

/** A domain that could not be looked at. */
interface Unseen {
  readonly domain: string;
  readonly error: StsyncError;
}

export async function runCheck(names: readonly string[], options: CheckOptions): Promise<number> {
  const domains = [...new Set(names.map(hostArgument))];
  const network = openNetwork(worldOf(options));
  const progress = progressLine('checking');
  const world = checkWorld(network);
  let done = 0;
  try {
    const results = await mapConcurrent(domains, CONCURRENCY, async (domain): Promise<CheckReport | Unseen> => {
      try {
        return await checkDomain(domain, world);
      } catch (error) {
        // One domain never blocks another (rule 9).
        if (error instanceof StsyncError && !world.signal.aborted) return { domain, error };
        throw error;
      } finally {
        progress.update(++done, domains.length);
      }
    });
    progress.end();
    await show(results, options);
    return exitCodeOf(results);
  } finally {
    progress.end();
    await network.resolver.close();
  }
}

/** The network, the clock of this machine, and labels that nobody has made. */
export function checkWorld(network: Network): CheckWorld {
  return { network, signal: interruptSignal(), now: () => new Date(), randomLabel };
}

function randomLabel(): string {
  return `stsync-check-${randomBytes(6).toString('hex')}`;
}

async function show(results: readonly (CheckReport | Unseen)[], options: CheckOptions): Promise<void> {
  const reports = results.flatMap((one) => (isUnseen(one) ? [] : [one]));
  const unseen = results.filter(isUnseen);
  if (options.format === 'json') {
    const failures = unseen.map(({ domain, error: { code, message, hint } }) => ({
      domain,
      code,
      message,
      hint: hint ?? null,
    }));
    await print(`${JSON.stringify({ version: 1, domains: reports, failures }, null, 2)}\n`);
  } else {
    const isVerbose = options.verbose ?? false;
    const text =
      options.format === 'markdown'
        ? renderCheckMarkdown
        : (one: CheckReport): string => renderCheckText(one, { isVerbose, paint: painter(process.stdout) });
    await print(reports.map(text).join('\n'));
  }
  for (const { error } of unseen) reportFailure(error);
}

/** A verdict that is unknown rests on a fact that could not be read: such a domain was not looked at. */
function exitCodeOf(results: readonly (CheckReport | Unseen)[]): number {
  const isSeen = results.some((one) => !isUnseen(one) && one.verdict.kind !== 'unknown');
  if (!isSeen) return 1;
  const isWrong = results.some((one) => isUnseen(one) || one.findings.some(({ severity }) => severity === 'error'));
  return isWrong ? 2 : 0;
}

function isUnseen(one: CheckReport | Unseen): one is Unseen {
  return 'error' in one;
}
