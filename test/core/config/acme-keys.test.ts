/** `acme:` of a publisher of type server: what it becomes. The texts of the faults stand in test/bad-config. */
import { describe, expect, it } from 'vitest';
import type { ServerPublisher } from '../../../src/core/config/model.ts';
import { good } from './load.ts';

const LETS_ENCRYPT = 'https://acme-v02.api.letsencrypt.org/directory';

function serverOf(keys: string): ServerPublisher {
  const { policyServers } = good(
    `version: 1
providers: { main: { type: zonefile, directory: ./zones } }
publisher: { type: server, hostname: h.example${keys} }
defaults: { provider: main, mx: [mx.example.com] }
domains: { example.com: {} }
`,
    { environment: { HMAC: 'c2VjcmV0' } },
  );
  const [server] = policyServers;
  if (server === undefined) throw new Error('no publisher of type server');
  return server;
}

describe('certificates by ACME', () => {
  it.each(['', ', acme: {}', ', acme:'])(
    "are ordered at Let's Encrypt at its pace, where nothing else is said: %o",
    (keys) => {
      expect(serverOf(keys).acme).toEqual({
        directoryUrl: LETS_ENCRYPT,
        contact: [],
        profile: null,
        challenge: 'http-01',
        externalAccount: null,
        caFile: null,
        orders: { count: 300, perSeconds: 10_800 },
      });
    },
  );

  it.each([
    ['staging: true', { directoryUrl: 'https://acme-staging-v02.api.letsencrypt.org/directory' }],
    ['staging: false', { directoryUrl: LETS_ENCRYPT }],
    ['directory: "https://ca.example/dir"', { directoryUrl: 'https://ca.example/dir' }],
    ['contact: ["mailto:Ops@EXAMPLE.net"]', { contact: ['mailto:Ops@example.net'] }],
    ['profile: shortlived', { profile: 'shortlived' }],
    ['caFile: ./ca.pem', { caFile: '/etc/stsync/ca.pem' }],
    ['orders: { count: 5 }', { orders: { count: 5, perSeconds: 10_800 } }],
    ['orders: { per: 1d }', { orders: { count: 300, perSeconds: 86_400 } }],
  ])('read %s', (text, expected) => {
    expect(serverOf(`, acme: { ${text} }`).acme).toMatchObject(expected);
  });

  it('need port 80 for HTTP-01 only', () => {
    expect(serverOf('').http).toEqual(['[::]:80']);
    expect(serverOf(', acme: { challenge: dns-01 }').http).toBeNull();
    expect(serverOf(', acme: { challenge: tls-alpn-01 }').http).toBeNull();
  });

  it('keep the key of an external account a secret', () => {
    const { acme } = serverOf(', acme: { externalAccount: { keyId: kid-1, hmacKey: "${env:HMAC}" } }');
    expect(acme?.externalAccount?.keyId).toBe('kid-1');
    expect(acme?.externalAccount?.hmacKey.reveal()).toBe('c2VjcmV0');
    expect(JSON.stringify(acme)).not.toContain('c2VjcmV0');
  });
});
