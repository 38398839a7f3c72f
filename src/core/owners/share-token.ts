/**
 * Floor 0. The token in a link to the page of one domain: who has it may read that page until it ends, and nothing else.
 * `base64url(DOMAIN SECONDS).base64url(HMAC-SHA256)`; the HMAC is also over the contact it was made for, whose links end when the YAML names them no more.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';

export interface Share {
  readonly domain: string;
  readonly endsAt: Date;
}

/** From one mail to the fifth after it. */
export const SHARE_MS = 35 * 86_400_000;
/** A domain has 253 characters at most. */
const MOST_CHARACTERS = 500;

export function shareToken(secret: Uint8Array, { domain, endsAt }: Share, contact: string): string {
  const text = `${domain} ${Math.floor(endsAt.getTime() / 1000)}`;
  // No domain and no number has a line break.
  const mac = hmac(sha256, secret, utf8ToBytes(`stsync share 1\n${text}\n${contact}`));
  return `${base64url(utf8ToBytes(text))}.${base64url(mac)}`;
}

/**
 * What the token shares; null: nothing, whatever is wrong with it. `contactsOf`: those that the YAML names for a domain. A token is made anew and compared
 * whole, so no other spelling of it counts; the time that takes tells nothing of the right one.
 */
export function checkShareToken(
  token: string,
  secret: Uint8Array,
  { contactsOf, now }: { readonly contactsOf: (domain: string) => readonly string[]; readonly now: Date },
): Share | null {
  const share = token.length > MOST_CHARACTERS ? null : readShare(token);
  if (share === null) return null;
  const isGood = contactsOf(share.domain)
    .map((contact) => isSame(token, shareToken(secret, share, contact)))
    .includes(true);
  return isGood && now < share.endsAt ? share : null;
}

function readShare(token: string): Share | null {
  const [head = ''] = token.split('.');
  const [, domain, seconds] = /^([a-z0-9._-]+) (\d{1,11})$/.exec(textOf(head)) ?? [];
  return domain === undefined ? null : { domain, endsAt: new Date(Number(seconds) * 1000) };
}

function textOf(head: string): string {
  try {
    return atob(head.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    return '';
  }
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

function isSame(given: string, right: string): boolean {
  const [a, b] = [sha256(utf8ToBytes(given)), sha256(utf8ToBytes(right))];
  let difference = 0;
  for (const [index, byte] of a.entries()) difference |= byte ^ (b[index] ?? 0);
  return difference === 0;
}
