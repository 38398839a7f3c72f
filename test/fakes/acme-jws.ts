/** How a CA judges a signed request (RFC 8555 §6): signature, URL, nonce, and whose key it is. */
import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';

export type Jwk = Readonly<Record<'crv' | 'kty' | 'x' | 'y', string>>;

export interface Judged {
  readonly url: string;
  /** Null: POST-as-GET. */
  readonly payload: Readonly<Record<string, unknown>> | null;
  /** Whose key signed. */
  readonly jwk: Jwk;
  /** The URL of the account; null: the key itself was shown. */
  readonly kid: string | null;
}

/** The type of the problem and what is wrong. */
export interface Fault {
  readonly type: string;
  readonly detail: string;
}

/** Nonces are good once. */
export class Nonces {
  readonly #good = new Set<string>();

  issue(): string {
    const nonce = randomBytes(12).toString('base64url');
    this.#good.add(nonce);
    return nonce;
  }

  take(nonce: unknown): boolean {
    return typeof nonce === 'string' && this.#good.delete(nonce);
  }

  /** All that were handed out: as after a long time, or at another machine of the CA. */
  forget(): void {
    this.#good.clear();
  }
}

/** `nonces` null: an inner JWS, which has none (§7.3.5). `keyOf`: the key of an account by its URL. */
export function judgeJws(
  body: unknown,
  url: string,
  nonces: Nonces | null,
  keyOf: (kid: string) => Jwk | null,
): Judged | Fault {
  const [header64, payload64, signature] = ['protected', 'payload', 'signature'].map((name) => textAt(body, name));
  if (header64 === null || header64 === undefined || payload64 == null || signature == null)
    return fault('malformed', 'no JWS');
  const header = decode(header64);
  if (header === null) return fault('malformed', 'no header');
  if (header['alg'] !== 'ES256') return fault('badSignatureAlgorithm', String(header['alg']));
  // §6.4: else what is meant for one URL could be sent to another.
  if (header['url'] !== url) return fault('unauthorized', `signed for ${String(header['url'])}`);
  if (nonces === null ? header['nonce'] !== undefined : !nonces.take(header['nonce']))
    return fault('badNonce', 'unknown nonce');
  const { kid } = header;
  const shown = jwkAt(header['jwk']);
  // §6.2: one of the two.
  if ((shown === null) === (typeof kid !== 'string')) return fault('malformed', 'neither or both of jwk and kid');
  const jwk = shown ?? keyOf(String(kid));
  if (jwk === null) return fault('accountDoesNotExist', 'unknown account');
  const key = createPublicKey({ key: { ...jwk }, format: 'jwk' });
  const bytes = Buffer.from(`${header64}.${payload64}`);
  if (!verify('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url')))
    return fault('malformed', 'wrong signature');
  return { url, payload: payload64 === '' ? null : decode(payload64), jwk, kid: typeof kid === 'string' ? kid : null };
}

export function isFault(judged: Judged | Fault): judged is Fault {
  return 'detail' in judged;
}

export function thumbprintOf({ crv, kty, x, y }: Jwk): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}

function fault(type: string, detail: string): Fault {
  return { type, detail };
}

function textAt(value: unknown, name: string): string | null {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : null;
  return typeof found === 'string' ? found : null;
}

function jwkAt(value: unknown): Jwk | null {
  const [crv, kty, x, y] = ['crv', 'kty', 'x', 'y'].map((name) => textAt(value, name));
  return crv == null || kty == null || x == null || y == null ? null : { crv, kty, x, y };
}

function decode(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
