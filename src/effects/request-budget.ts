/**
 * Floor 2. Requests as services allow them: one bucket for each credential, shared by the process, filled by what the answers say. Whoever
 * asks when it is empty waits for the window to end, instead of running into the limit (Cloudflare shuts out for the rest of five minutes).
 */
import { createHash } from 'node:crypto';

import { StsyncError } from '../core/error.ts';
import type { Secret } from '../core/secret.ts';
import type { RequestBudget } from '../provider.ts';
import { limiter } from './net/limiter.ts';
import type { Pause } from './pause.ts';

/** Windows of services are minutes; who says more means a quota of a day, and a run should not stand still that long. */
const MAX_WAIT_MS = 310_000;
/** So many requests at a time for one credential. */
const MAX_AT_ONCE = 32;

/** Gives the bucket of a credential, the same one each time. Only a digest of the credential is kept. */
export function requestBudgets(pause: Pause): (credential: Secret) => RequestBudget {
  const budgets = new Map<string, RequestBudget>();
  return (credential) => {
    const key = createHash('sha256').update(credential.reveal()).digest('base64');
    const budget = budgets.get(key) ?? openBudget(pause);
    budgets.set(key, budget);
    return budget;
  };
}

function openBudget({ nowMs, sleep }: Pause): RequestBudget {
  const limit = limiter(MAX_AT_ONCE);
  /** Unknown until an answer has said it, and again when the window is over. */
  let left = Number.POSITIVE_INFINITY;
  let resetAtMs = 0;

  async function take(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const waitMs = resetAtMs - nowMs();
      if (waitMs <= 0) left = Number.POSITIVE_INFINITY;
      if (left > 0) {
        left -= 1;
        return;
      }
      if (waitMs > MAX_WAIT_MS) throw usedUp(waitMs);
      await sleep(waitMs, signal);
    }
  }

  return {
    run: (signal, work) =>
      limit(async () => {
        await take(signal);
        return work();
      }),
    learn(said, resetSeconds) {
      const endMs = nowMs() + resetSeconds * 1000;
      const isOn = resetAtMs > nowMs();
      // "Come again in a second", and then comes an answer from before that with the five minutes of the window: it does not last so long.
      if (isOn && left <= 0 && said > 0 && endMs > resetAtMs) return;
      // Answers overtake each other: the lowest figure of a window is the newest.
      left = isOn ? Math.min(left, said) : said;
      // The newest word counts: a window ends when it ends, and "come again in a second" ends it early.
      resetAtMs = endMs;
    },
  };
}

function usedUp(waitMs: number): StsyncError {
  const seconds = Math.ceil(waitMs / 1000);
  return new StsyncError(
    'PROVIDER_BUSY',
    `the provider takes no more requests for ${seconds} s: its rate limit is used up`,
    {
      hint: 'run again later; look what else uses the same credential',
      retryable: true,
      retryAfterSeconds: seconds,
    },
  );
}
