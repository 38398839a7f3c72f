/** Floor 2. When a CA wants a certificate to be renewed (RFC 9773). */
import { X509Certificate } from 'node:crypto';

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

/** An element of DER: its tag, and where its content lies. */
interface Element {
  readonly tag: number;
  readonly from: number;
  readonly to: number;
}

/** 2.5.29.35, authority key identifier. */
const AUTHORITY_KEY_ID = '551d23';
const [INTEGER, OID, SEQUENCE, KEY_ID, EXTENSIONS] = [0x02, 0x06, 0x30, 0x80, 0xa3];

/** Null: the CA has no renewal information, or the certificate no identifier for it. Throws `AcmeProblem`. */
export async function fetchRenewalInfo(session: Session, certificatePem: string): Promise<RenewalInfo | null> {
  const { renewalInfo } = await session.directory();
  const id = certificateId(certificatePem);
  if (renewalInfo === null || id === null) return null;
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

/**
 * What a CA calls a certificate (§4.1): the key identifier of its issuer and its serial number as it is in the DER, with a leading 00 where
 * there is one, base64url. `aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE`. Of a chain the first counts. Null: it has no such identifier, or is no certificate.
 */
export function certificateId(certificatePem: string): string | null {
  const der = derOf(certificatePem);
  if (der === null) return null;
  const [certificate] = elementsOf(der, { from: 0, to: der.length });
  const [signed] = elementsOf(der, certificate);
  const fields = elementsOf(der, signed);
  // The version, [0], may stand before it.
  const serial = fields.find(({ tag }) => tag === INTEGER);
  const [extensions] = elementsOf(
    der,
    fields.find(({ tag }) => tag === EXTENSIONS),
  );
  for (const extension of elementsOf(der, extensions)) {
    const [oid, ...more] = elementsOf(der, extension);
    if (oid?.tag !== OID || hexOf(der, oid) !== AUTHORITY_KEY_ID) continue;
    const [sequence] = elementsOf(der, more.at(-1));
    if (sequence?.tag !== SEQUENCE) return null;
    const keyId = elementsOf(der, sequence).find(({ tag }) => tag === KEY_ID);
    return keyId === undefined || serial === undefined
      ? null
      : `${base64urlOf(der, keyId)}.${base64urlOf(der, serial)}`;
  }
  return null;
}

/** Read by OpenSSL first, so what follows is well-formed DER. */
function derOf(pem: string): Buffer | null {
  try {
    return new X509Certificate(pem).raw;
  } catch {
    return null;
  }
}

/** The elements that lie in another one; none in none. */
function elementsOf(der: Buffer, within: Pick<Element, 'from' | 'to'> | undefined): readonly Element[] {
  const elements: Element[] = [];
  let at = within?.from ?? 0;
  while (at < (within?.to ?? 0)) {
    const tag = der.readUInt8(at);
    const first = der.readUInt8(at + 1);
    // X.690 §8.1.3.5: over 127 the length stands in so many bytes.
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
    const from = at + 2 + lengthBytes;
    const to = from + (lengthBytes === 0 ? first : der.readUIntBE(at + 2, lengthBytes));
    elements.push({ tag, from, to });
    at = to;
  }
  return elements;
}

function hexOf(der: Buffer, { from, to }: Element): string {
  return der.toString('hex', from, to);
}

function base64urlOf(der: Buffer, { from, to }: Element): string {
  return der.toString('base64url', from, to);
}
