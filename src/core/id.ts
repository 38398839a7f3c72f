/** Floor 0. The `_mta-sts` id (RFC 8461 §3.1): 14 digits of UTC time, then the first 16 hex digits of the SHA-256 of the body. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

const OWN_ID = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)([0-9a-f]{16})$/;

/** What an id of our own form says: when its policy was written, and the hash of which body. */
export interface OwnId {
  readonly at: Date;
  readonly bodyHash: string;
}

/** Hex SHA-256 of a text as UTF-8. */
export function sha256Hex(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}

/** The 16 hex digits by which an id proves its body. */
export function bodyHash(body: string): string {
  return sha256Hex(body).slice(0, 16);
}

/**
 * The id of a body written at `at`: 30 of the 32 characters that RFC 8461 §3.1 allows.
 * `policyId('version: STSv1\r\n...', new Date('2026-11-24T09:30:00Z'))` begins `20261124093000`.
 */
export function policyId(body: string, at: Date): string {
  return `${at.toISOString().replaceAll(/\D/g, '').slice(0, 14)}${bodyHash(body)}`;
}

/** The next id that is none of `taken`: the same second counts up (rule 4). */
export function nextPolicyId(body: string, at: Date, taken: readonly string[]): string {
  for (let ms = at.getTime(); ; ms += 1000) {
    const id = policyId(body, new Date(ms));
    if (!taken.includes(id)) return id;
  }
}

/** Reads an id of our form; null for a foreign one (also when its digits are no time). */
export function parseOwnId(id: string): OwnId | null {
  const [, year, month, day, hour, minute, second, hash] = OWN_ID.exec(id) ?? [];
  if (hash === undefined) return null;
  const text = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const at = new Date(text);
  // A date that rolls over (31 February) is not one of ours.
  return Number.isNaN(at.getTime()) || at.toISOString() !== text ? null : { at, bodyHash: hash };
}
