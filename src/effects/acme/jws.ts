/** Floor 2. Signed requests of ACME: JWS in flattened JSON (RFC 7515 §7.2.2), ES256 for accounts and HS256 for the binding (RFC 8555 §6.2, §7.3.4). */
import { createHash, createHmac, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';

import { StsyncError } from '../../core/error.ts';

/** A public P-256 key (RFC 7518 §6.2.1), its fields in the order that the thumbprint wants (RFC 7638 §3.2). */
export interface Jwk {
  readonly crv: 'P-256';
  readonly kty: 'EC';
  readonly x: string;
  readonly y: string;
}

/** The key of an account, read once. */
export interface AccountKey {
  readonly privateKey: KeyObject;
  readonly jwk: Jwk;
  /** Of the public half, base64url of SHA-256 (RFC 7638). */
  readonly thumbprint: string;
}

export interface Jws {
  readonly protected: string;
  readonly payload: string;
  readonly signature: string;
}

/** Whose key signed: the key itself where the CA does not know it yet, else the URL of the account. */
export type Signer = { readonly jwk: Jwk } | { readonly kid: string };

/**
 * The private key of an account, PEM. Throws `ACME_ACCOUNT` when it is no P-256 key; the text of the key is in no message.
 */
export function readAccountKey(pem: string): AccountKey {
  try {
    const privateKey = createPrivateKey(pem);
    const { crv, x, y } = createPublicKey(privateKey).export({ format: 'jwk' });
    if (crv !== 'P-256' || x === undefined || y === undefined) throw new Error(`it is of kind ${crv ?? 'unknown'}`);
    const jwk = { crv, kty: 'EC', x, y } as const;
    return { privateKey, jwk, thumbprint: createHash('sha256').update(JSON.stringify(jwk)).digest('base64url') };
  } catch {
    // OpenSSL's own words add nothing, and no cause goes along: it may show what it could not read.
    throw new StsyncError('ACME_ACCOUNT', 'the key of the ACME account is no P-256 private key in PEM', {
      hint: 'restore the key from a backup; without one, remove it and a new account is made',
    });
  }
}

/**
 * Signs for one `url` (RFC 8555 §6.4). `payload` null is the empty payload of POST-as-GET (§6.3). `nonce` undefined: an inner JWS, which has
 * none (§7.3.5).
 */
export function signJws(
  key: AccountKey,
  signer: Signer,
  url: string,
  nonce: string | undefined,
  payload: object | null,
): Jws {
  const header = encode({ alg: 'ES256', ...signer, ...(nonce === undefined ? {} : { nonce }), url });
  const body = payload === null ? '' : encode(payload);
  // JWS has r and s side by side (RFC 7518 §3.4), not the DER that OpenSSL makes.
  const options = { key: key.privateKey, dsaEncoding: 'ieee-p1363' } as const;
  const signature = sign('sha256', Buffer.from(`${header}.${body}`), options).toString('base64url');
  return { protected: header, payload: body, signature };
}

/** The JWS that binds our key to a customer of the CA (RFC 8555 §7.3.4). `hmacKey`: base64url as the CA hands it out. Throws `ACME_ACCOUNT`. */
export function bindExternalAccount(key: AccountKey, url: string, keyId: string, hmacKey: string): Jws {
  // Node would leave out what is no base64url, and the CA would call the signature wrong. Padding is what some CAs show.
  if (!/^[\w-]+={0,2}$/.test(hmacKey)) {
    throw new StsyncError('ACME_ACCOUNT', 'the HMAC key of the external account is not in base64url', {
      hint: 'copy it again from the CA: letters, digits, - and _, in one line',
    });
  }
  const header = encode({ alg: 'HS256', kid: keyId, url });
  const payload = encode(key.jwk);
  const signature = createHmac('sha256', Buffer.from(hmacKey, 'base64url'))
    .update(`${header}.${payload}`)
    .digest('base64url');
  return { protected: header, payload, signature };
}

/** What a challenge asks for: the token and whose it is (RFC 8555 §8.1). */
export function keyAuthorizationOf(token: string, key: AccountKey): string {
  return `${token}.${key.thumbprint}`;
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
