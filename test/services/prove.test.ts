/** The proof before the id: what a person is told when nobody answers at our own policy host. */
import { describe, expect, test } from 'vitest';
import type { DomainConfig, ServerPublisher } from '../../src/core/config/model.ts';
import type { FetchCode } from '../../src/effects/fetch-failure.ts';
import { provePolicy } from '../../src/services/prove.ts';
import type { Network } from '../../src/services/world.ts';
import { noNetwork } from '../support/no-network.ts';
import { hostName, wantedDomain } from '../support/world.ts';

const policy = { mode: 'none', maxAgeSeconds: 86_400, mx: [] } as const;
const server: ServerPublisher = {
  type: 'server',
  target: { kind: 'hostname', hostname: hostName('policies.example.net') },
  proof: 'https',
  spreadSeconds: 0,
  isBehindProxy: false,
  listen: ['[::]:443'],
  http: null,
  proxyProtocol: null,
  certificates: '/certs',
  acme: null,
};

/** Every fetch fails like this. */
function failing(code: FetchCode): Network {
  const resolver = {
    lookup: () => Promise.reject(new Error('nobody asks for records')),
    addresses: () => Promise.resolve({ kind: 'addresses', addresses: ['192.0.2.1'], chain: [] } as const),
    close: () => Promise.resolve(),
  };
  const outcome = { kind: 'failed', code, message: 'no', hint: 'of the fetch', certificate: null } as const;
  return {
    ...noNetwork,
    resolver,
    freshResolver: () => resolver,
    fetcher: {
      fetch: (_host, addresses) =>
        Promise.resolve(addresses.map((address) => ({ address, isConnectTo: false, outcome }))),
    },
    patienceMs: 0,
  };
}

async function hintOf(code: FetchCode, publisher: DomainConfig['publisher']): Promise<unknown> {
  const world = {
    publisher: () => ({ read: () => Promise.resolve(null) }),
    network: failing(code),
    signal: new AbortController().signal,
  };
  const options = { isBeforeMove: false, mayWait: false };
  return provePolicy(wantedDomain('example.com', { publisher }), policy, world, options).then(
    () => 'proved',
    (error: Error & { hint?: string }) => error.hint,
  );
}

describe('a policy that is not proved', () => {
  test.each(['HTTPS_REFUSED', 'HTTPS_TIMEOUT', 'HTTPS_RESET'] as const)(
    'because nobody answers (%s) says that the daemon has to run, where the policy host is ours',
    async (code) => {
      expect(await hintOf(code, server)).toContain('`stsync daemon` serves it: start it');
      expect(await hintOf(code, { type: 'external', target: server.target, proof: 'https', spreadSeconds: 0 })).toBe(
        'of the fetch',
      );
    },
  );

  test('for another reason keeps the cure of that', async () =>
    expect(await hintOf('CERT_NAME', server)).toBe('of the fetch'));
});
