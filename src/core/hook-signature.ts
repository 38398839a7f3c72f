/**
 * Floor 0. Is a web hook from whom it says? GitHub, GitLab, Gitea and Forgejo each sign the body with the secret that was given to them.
 * Only the signature is judged: what a hook says is never read, the repository is asked instead.
 */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';

export type HookSender = 'github' | 'gitlab' | 'gitea';

/** `unsigned`: no header that is known; `wrong`: of another secret or another body; `stale`: signed, but too long ago (or in the future). */
export type HookCheck =
  | { readonly ok: true; readonly sender: HookSender }
  | { readonly ok: false; readonly reason: 'unsigned' | 'wrong' | 'stale' };

export interface Hook {
  /** The bytes as they came: what is parsed and written anew has another signature. */
  readonly body: Uint8Array;
  /** A header by its name in lower case; undefined where it is not there. */
  readonly header: (name: string) => string | undefined;
}

/** What the Standard Webhooks specification lets a clock be wrong by, and a hook be repeated. */
const MAX_AGE_SECONDS = 300;
/** A header may have several signatures while a secret is exchanged; more than these are an attack on our time. */
const MAX_SIGNATURES = 5;

/**
 * The first of these headers that is there decides, the telling ones before the plain token:
 *
 * - `X-Forgejo-Signature`, `X-Gitea-Signature`: HMAC-SHA256 of the body in hex (both also send the one of GitHub);
 * - `X-Hub-Signature-256` (GitHub): `sha256=` and the same;
 * - `webhook-signature` (GitLab, "signing token", by Standard Webhooks): `v1,` and the HMAC in base64, of id, time and body;
 * - `X-Gitlab-Token` (GitLab, "secret token"): the secret itself, so https has to carry it.
 *
 * Compares in constant time. `now` counts for GitLab's signature only; the others carry no time, so a hook can be sent again by who saw it:
 * all that it does is a look at the repository.
 */
export function checkHookSignature(hook: Hook, secret: string, now: Date): HookCheck {
  const { header, body } = hook;
  const gitea = header('x-forgejo-signature') ?? header('x-gitea-signature');
  if (gitea !== undefined) return verdict(isHmacHex(gitea, secret, body), 'gitea');
  const github = header('x-hub-signature-256');
  if (github !== undefined) {
    const isGood = github.startsWith('sha256=') && isHmacHex(github.slice('sha256='.length), secret, body);
    return verdict(isGood, 'github');
  }
  const standard = header('webhook-signature');
  if (standard !== undefined) return checkStandard(standard, hook, secret, now);
  const token = header('x-gitlab-token');
  if (token === undefined) return { ok: false, reason: 'unsigned' };
  // Of the hashes, so that the time tells nothing of the length either.
  return verdict(isSame(sha256(utf8ToBytes(token)), sha256(utf8ToBytes(secret))), 'gitlab');
}

function verdict(isGood: boolean, sender: HookSender): HookCheck {
  return isGood ? { ok: true, sender } : { ok: false, reason: 'wrong' };
}

function isHmacHex(given: string, secret: string, body: Uint8Array): boolean {
  const wanted = bytesToHex(hmac(sha256, utf8ToBytes(secret), body));
  return isSame(utf8ToBytes(given.toLowerCase()), utf8ToBytes(wanted));
}

/** Standard Webhooks: HMAC over `ID.TIME.BODY`; the secret is `whsec_` and the key in base64. */
function checkStandard(signatures: string, { header, body }: Hook, secret: string, now: Date): HookCheck {
  const [id, time] = [header('webhook-id'), header('webhook-timestamp')];
  const key = keyOf(secret);
  if (id === undefined || time === undefined || !/^\d{1,12}$/.test(time) || key === null)
    return verdict(false, 'gitlab');
  const wanted = hmac(sha256, key, concatBytes(utf8ToBytes(`${id}.${time}.`), body));
  const given = signatures.split(' ').slice(0, MAX_SIGNATURES);
  // Every one is looked at, whether an earlier one fitted or not.
  const fits = given.map((one) => isSame(one.startsWith('v1,') ? bytesOfBase64(one.slice(3)) : null, wanted));
  if (!fits.includes(true)) return verdict(false, 'gitlab');
  const isFresh = Math.abs(now.getTime() / 1000 - Number(time)) <= MAX_AGE_SECONDS;
  return isFresh ? { ok: true, sender: 'gitlab' } : { ok: false, reason: 'stale' };
}

function keyOf(secret: string): Uint8Array | null {
  return secret.startsWith('whsec_') ? bytesOfBase64(secret.slice('whsec_'.length)) : utf8ToBytes(secret);
}

function bytesOfBase64(text: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}

/** Takes the same time for any `given` of the wanted length; the length is no secret. */
function isSame(given: Uint8Array | null, wanted: Uint8Array): boolean {
  if (given?.length !== wanted.length) return false;
  let difference = 0;
  for (const [index, byte] of wanted.entries()) difference |= byte ^ (given[index] ?? 0);
  return difference === 0;
}
