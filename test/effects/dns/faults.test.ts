/** Every way in which a server can fail or lie gives its code, never an exception or a hang. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { runs } from '../../property-runs.ts';
import type { Fault } from '../../support/dns-faults.ts';
import { authority, inShort, NOBODY, resolverOf, server, signal } from './dns-world.ts';

const ANSWER = '"one"';

/** Fault, what the lookup says, how many queries the server sees over UDP and TCP. */
const table: readonly (readonly [Fault | null, string, number, number])[] = [
  [null, ANSWER, 1, 0],
  ['silent', 'DNS_TIMEOUT', 2, 0],
  ['servfail', 'DNS_SERVFAIL', 1, 0],
  ['refused', 'DNS_REFUSED', 1, 0],
  ['formerr', 'DNS_REFUSED', 2, 0],
  ['no-edns', ANSWER, 2, 0],
  ['lame', 'DNS_LAME', 1, 0],
  ['referral', 'DNS_LAME', 1, 0],
  ['wrong-id', 'DNS_TIMEOUT', 2, 0],
  ['wrong-question', 'DNS_MALFORMED', 1, 0],
  ['other-address', 'DNS_TIMEOUT', 2, 0],
  ['not-an-answer', 'DNS_MALFORMED', 1, 0],
  ['compression-loop', 'DNS_MALFORMED', 1, 0],
  ['cut', 'DNS_MALFORMED', 1, 0],
  ['oversized', 'DNS_MALFORMED', 1, 0],
  ['truncated', ANSWER, 1, 1],
  ['truncated-always', 'DNS_MALFORMED', 1, 1],
  ['truncated-then-reset', 'DNS_UNREACHABLE', 1, 1],
  ['truncated-then-silent', 'DNS_TIMEOUT', 1, 1],
  ['forged-first', ANSWER, 1, 0],
];

describe('a server', () => {
  it.each(table)(
    'with the fault %s gives %s after %i queries over UDP and %i over TCP',
    async (fault, said, udp, tcp) => {
      const ns1 = await authority();
      ns1.fault = fault;
      const resolver = resolverOf({ authorities: { 'example.com': [ns1.address] } });
      const lookup = await resolver.lookup('a.example.com', 'TXT', signal);
      expect(inShort(lookup)[0]).toBe(said);
      expect(ns1.queries.filter(({ transport }) => transport === 'udp')).toHaveLength(udp);
      expect(ns1.queries.filter(({ transport }) => transport === 'tcp')).toHaveLength(tcp);
      expect(ns1.queries.every(({ isRecursive }) => !isRecursive)).toBe(true);
    },
  );

  it('whose port is closed is unreachable at once, over UDP', async () => {
    const resolver = resolverOf({ authorities: { 'example.com': [NOBODY] } }, { timeoutMs: 20_000 });
    const began = performance.now();
    const lookup = await resolver.lookup('a.example.com', 'TXT', signal);
    expect(inShort(lookup)).toEqual(['DNS_UNREACHABLE', 'DNS_UNREACHABLE']);
    expect(performance.now() - began).toBeLessThan(2000);
  });

  it('whose port is closed is unreachable at once, over TCP', async () => {
    const ns1 = await authority();
    ns1.fault = (_query, truth) => [Buffer.concat([truth.subarray(0, 2), Buffer.from([0x86]), truth.subarray(3)])];
    await ns1.stopTcp();
    const resolver = resolverOf({ authorities: { 'example.com': [ns1.address] } }, { timeoutMs: 20_000 });
    expect(inShort(await resolver.lookup('a.example.com', 'TXT', signal))[0]).toBe('DNS_UNREACHABLE');
  });

  it('is asked from several random ports under random ids', async () => {
    const ns1 = await authority();
    const resolver = resolverOf({ authorities: { 'example.com': [ns1.address] } });
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => resolver.lookup(`n${index}.example.com`, 'TXT', signal)),
    );
    expect(new Set(ns1.queries.map(({ sourcePort }) => sourcePort)).size).toBe(4);
    const ids = ns1.queries.map(({ id }) => id);
    expect(new Set(ids).size).toBeGreaterThan(45);
    expect(Math.max(...ids) - Math.min(...ids)).toBeGreaterThan(20_000);
  });
});

describe('a name that cannot be asked', () => {
  it.each([`${'a'.repeat(64)}.example.com`, 'a..example.com', `${'abc.'.repeat(62)}example.com`, 'a b.example.com'])(
    '%s is DNS_MALFORMED without a query',
    async (name) => {
      const ns1 = await authority();
      const resolver = resolverOf({ authorities: { 'example.com': [ns1.address] }, resolvers: [ns1.address] });
      const lookup = await resolver.lookup(name, 'TXT', signal);
      expect(inShort(lookup)).toContain('DNS_MALFORMED');
      expect(ns1.queries).toEqual([]);
    },
  );
});

describe('any bytes as an answer', () => {
  it('end as a code or, by chance, as an answer; with the right id and question too', async () => {
    const ns1 = await server();
    const resolver = resolverOf({ authorities: { 'example.com': [ns1.address] } }, { timeoutMs: 20, tries: 1 });
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, isBehindQuestion) => {
        ns1.fault = (query) => {
          const head = Buffer.from(query.subarray(0, query.length - 11));
          head.writeUInt16BE(0x8400, 2);
          head.writeUInt16BE(3, 6);
          head.writeUInt16BE(0, 10);
          return [isBehindQuestion ? Buffer.concat([head, bytes]) : Buffer.concat([query.subarray(0, 2), bytes])];
        };
        const lookup = await resolver.lookup(`n${count++}.example.com`, 'TXT', signal);
        expect(lookup.servers[0]?.outcome.kind).toMatch(/^(answer|failed)$/);
      }),
      runs(100),
    );
  });
});
