/** Signatures as anybody checks them: with node:crypto, and with the key of an RFC. */
import { createHmac, createPublicKey, verify } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { bindExternalAccount, keyAuthorizationOf, readAccountKey, signJws } from '../../../src/effects/acme/jws.ts';
import { makeKey } from '../../../src/effects/acme/client.ts';
import { runs } from '../../property-runs.ts';

const decode = (text: string): unknown => JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));

describe('a signed request', () => {
  it('is one that everybody can check, whatever its payload, URL and nonce (RFC 7515)', () => {
    const key = readAccountKey(makeKey());
    const publicKey = createPublicKey({ key: { ...key.jwk }, format: 'jwk' });
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.webUrl(), fc.base64String(), (payload, url, nonce) => {
        const jws = signJws(key, { kid: 'https://ca.test/1' }, url, nonce, payload);
        expect(decode(jws.protected)).toEqual({ alg: 'ES256', kid: 'https://ca.test/1', nonce, url });
        expect(JSON.stringify(decode(jws.payload))).toBe(JSON.stringify(payload));
        const signature = Buffer.from(jws.signature, 'base64url');
        const bytes = Buffer.from(`${jws.protected}.${jws.payload}`);
        expect(verify('sha256', bytes, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
        expect(`${jws.protected}${jws.payload}${jws.signature}`).toMatch(/^[\w-]+$/);
      }),
      runs(50),
    );
  });

  it('has an empty payload when it reads (RFC 8555 §6.3), and no nonce inside another', () => {
    const key = readAccountKey(makeKey());
    expect(signJws(key, { kid: 'k' }, 'u', 'n', null).payload).toBe('');
    expect(decode(signJws(key, { jwk: key.jwk }, 'u', undefined, {}).protected)).toEqual({
      alg: 'ES256',
      jwk: key.jwk,
      url: 'u',
    });
  });

  it('shows the public half of the key and nothing else', () => {
    const key = readAccountKey(makeKey());
    expect(Object.keys(key.jwk)).toEqual(['crv', 'kty', 'x', 'y']);
    expect(keyAuthorizationOf('token', key)).toBe(`token.${key.thumbprint}`);
  });
});

describe('the binding of an external account', () => {
  it('is signed with the HMAC key and holds our key (RFC 8555 §7.3.4)', () => {
    const key = readAccountKey(makeKey());
    const secret = Buffer.from('a secret of some length: \u00ff\u00fe');
    const jws = bindExternalAccount(key, 'https://ca.test/accounts', 'kid-1', secret.toString('base64url'));
    expect(decode(jws.protected)).toEqual({ alg: 'HS256', kid: 'kid-1', url: 'https://ca.test/accounts' });
    expect(decode(jws.payload)).toEqual(key.jwk);
    expect(jws.signature).toBe(
      createHmac('sha256', secret).update(`${jws.protected}.${jws.payload}`).digest('base64url'),
    );
    // Some CAs show the padding too.
    const padded = `${secret.toString('base64url')}==`;
    expect(bindExternalAccount(key, 'https://ca.test/accounts', 'kid-1', padded).signature).toBe(jws.signature);
  });
});
