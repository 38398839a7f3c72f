/** Whether servers agree, and what any of them shows. */
import { describe, expect, it } from 'vitest';

import { agreedSet, failuresOf, unionSets } from '../../../src/effects/dns/agree.ts';
import type { Lookup, LookupSet, ServerOutcome } from '../../../src/effects/dns/resolver.ts';

function mx(rdata: readonly string[], ttlSeconds = 300): ServerOutcome {
  const set: LookupSet = { name: 'example.com', type: 'MX', ttlSeconds, rdata };
  return { kind: 'answer', rcode: 'NOERROR', set, chain: [], isAuthoritative: true };
}

const noData: ServerOutcome = { kind: 'answer', rcode: 'NOERROR', set: null, chain: [], isAuthoritative: true };
const noName: ServerOutcome = { ...noData, rcode: 'NXDOMAIN' };
const dead: ServerOutcome = { kind: 'failed', code: 'DNS_TIMEOUT', message: 'no answer' };

function lookup(...outcomes: readonly ServerOutcome[]): Lookup {
  const servers = outcomes.map((outcome, index) => ({
    server: `ns${index + 1}`,
    address: `192.0.2.${index}:53`,
    outcome,
  }));
  return { name: 'example.com', type: 'MX', zone: 'example.com', servers, isAuthoritative: true };
}

describe('agreedSet', () => {
  it('is the set of all, in whatever order, with the highest TTL', () => {
    const found = agreedSet(lookup(mx(['10 a.', '20 b.'], 60), mx(['20 b.', '10 a.'], 90)));
    expect(found).toMatchObject({ kind: 'set', set: { ttlSeconds: 90 }, isAuthoritative: true });
  });

  it.each([
    ['other data', [mx(['10 a.']), mx(['10 b.'])]],
    ['a set and no data', [mx(['10 a.']), noData]],
    ['no data and no such name', [noData, noName]],
    ['a record twice', [mx(['10 a.']), mx(['10 a.', '10 a.'])]],
  ] as const)('says who shows what when they differ: %s', (_title, outcomes) => {
    const found = agreedSet(lookup(...outcomes));
    expect(found.kind === 'differ' && found.sets.map(({ server }) => server)).toEqual(['ns1', 'ns2']);
  });

  it('is no set where all say so, and keeps no data and no such name apart', () => {
    expect(agreedSet(lookup(noData, noData))).toMatchObject({ kind: 'set', set: null, rcode: 'NOERROR' });
    expect(agreedSet(lookup(noName))).toMatchObject({ kind: 'set', set: null, rcode: 'NXDOMAIN' });
  });

  it('does not hear a server that failed as long as another answers', () => {
    const one = lookup(dead, mx(['10 a.']));
    expect(agreedSet(one)).toMatchObject({ kind: 'set', set: { rdata: ['10 a.'] } });
    expect(failuresOf(one).map(({ server }) => server)).toEqual(['ns1']);
  });

  it('is failed with the first code when none answers', () => {
    const lame: ServerOutcome = { kind: 'failed', code: 'DNS_LAME', message: 'not mine' };
    expect(agreedSet(lookup(dead, dead, lame))).toEqual({
      kind: 'failed',
      code: 'DNS_TIMEOUT',
      message: 'no answer; not mine',
    });
    expect(agreedSet(lookup())).toMatchObject({ kind: 'failed', code: 'DNS_UNREACHABLE' });
  });
});

describe('unionSets', () => {
  it('has each data once, with the highest TTL', () => {
    const { sets } = unionSets(lookup(mx(['10 a.'], 60), mx(['10 a.'], 90), mx(['10 b.'], 30), dead));
    expect(sets.map(({ rdata, ttlSeconds }) => [rdata[0], ttlSeconds])).toEqual([
      ['10 a.', 90],
      ['10 b.', 30],
    ]);
  });

  it.each([
    ['every server that answers says so', [noName, dead], true, false],
    ['one says no data', [noName, noData], false, false],
    ['one shows a set', [noName, mx(['10 a.'])], false, false],
    ['none answers', [dead], false, true],
  ] as const)('knows whether the domain exists: %s', (_title, outcomes, isNoDomain, hasFailed) => {
    const union = unionSets(lookup(...outcomes));
    expect([union.isNoDomain, union.failure !== null]).toEqual([isNoDomain, hasFailed]);
  });
});
