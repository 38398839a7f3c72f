/** Floor 2. When a CA wants a certificate to be renewed (RFC 9773). */
import { certificateId } from './certificates.ts';
import { dateOf, objectOf, parseObject, textOf, urlOf } from './json.ts';
import { badAnswer } from './problem.ts';
import type { Session } from './session.ts';

/** Renew at a random moment between the two; one in the past means now (§4.2). */
export interface RenewalInfo {
  readonly startsAt: Date;
  readonly endsAt: Date;
  /** A page for people: why so early. */
  readonly explanationUrl: string | null;
  /** When to ask again; null: the CA did not say. Six hours are usual (§4.3). */
  readonly retryAfterMs: number | null;
}

/** Null: the CA has no renewal information, or the certificate no identifier for it. Throws `AcmeProblem`. */
export async function fetchRenewalInfo(session: Session, certificatePem: string): Promise<RenewalInfo | null> {
  const { renewalInfo } = await session.directory();
  if (renewalInfo === null) return null;
  const id = await certificateId(certificatePem);
  if (id === null) return null;
  // §4.1: without a signature, so that caches can answer.
  const answer = await session.get(`${renewalInfo.replace(/\/$/, '')}/${id}`, 'order');
  const found = parseObject(answer.body);
  const window = objectOf(found?.['suggestedWindow']);
  const [startsAt, endsAt] = [dateOf(window?.['start']), dateOf(window?.['end'])];
  // §4.2: one that ends before it begins counts as no answer.
  if (startsAt === null || endsAt === null || endsAt <= startsAt) throw badAnswer(answer, 'no window for the renewal');
  const { retryAfterMs } = answer;
  const page = urlOf(found?.['explanationURL']) ?? null;
  return { startsAt, endsAt, explanationUrl: textOf(page), retryAfterMs };
}
