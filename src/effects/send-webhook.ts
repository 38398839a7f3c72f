/** Floor 2. One message to one web hook. The URL may be the secret itself, so only its origin is ever named. */
import { StsyncError } from '../core/error.ts';
import type { Secret } from '../core/secret.ts';

const TIMEOUT_MS = 10_000;

/** Throws `NOTIFY_FAILED`; `retryable` where the receiver may take it later. */
export async function sendWebhook(url: Secret, json: string): Promise<void> {
  const { origin } = new URL(url.reveal());
  let status: number;
  try {
    const response = await fetch(url.reveal(), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: json,
      // What is meant for one receiver goes to no other.
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    ({ status } = response);
  } catch (error) {
    throw notifyFailed(origin, reasonOf(error), true);
  }
  if (status >= 300) throw notifyFailed(origin, `it answered HTTP ${status}`, status >= 500 || status === 429);
}

function notifyFailed(where: string, reason: string, retryable: boolean): StsyncError {
  return new StsyncError('NOTIFY_FAILED', `${where} did not take a notification: ${reason}`, {
    hint: 'look at `url` of the notification and at the receiver; the message stands in the log',
    where,
    retryable,
  });
}

/** The innermost code; no text of fetch, which may hold the URL. */
function reasonOf(error: unknown): string {
  let reason = error instanceof Error && error.name === 'TimeoutError' ? 'no answer in time' : 'it cannot be reached';
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') reason = at.code;
  }
  return reason;
}
