/** What several name servers come to as facts: one that fails, all that fail, two that differ, a record that none shows yet (rules 1 and 4). */
import { describe, expect, it } from 'vitest';
import { openMemory } from '../../providers/memory/provider.ts';
import { isRecent, recentUntil } from '../../src/core/plan/seen-mx.ts';
import type { LookupSet, LookupType, Resolver, ServerOutcome } from '../../src/effects/dns/resolver.ts';
import { observeMxInDns, observeRecordsInDns } from '../../src/services/observe-dns.ts';
import { isIdEverywhere } from '../../src/services/spread.ts';
import type { ReadingWorld } from '../../src/services/world.ts';
import { noNetwork } from '../support/no-network.ts';
import { wantedDomain } from '../support/world.ts';

const D = 'example.com';
const { signal } = new AbortController();

/** What one server says of a name and type: rdata, nothing, or no answer. */
type Says = readonly string[] | 'nothing' | 'NXDOMAIN' | 'SERVFAIL';

function outcomeOf(says: Says, name: string, type: LookupType): ServerOutcome {
  if (says === 'SERVFAIL') return { kind: 'failed', code: 'DNS_SERVFAIL', message: 'SERVFAIL' };
  const set: LookupSet | null = typeof says === 'string' ? null : { name, type, ttlSeconds: 60, rdata: says };
  const rcode = says === 'NXDOMAIN' ? 'NXDOMAIN' : 'NOERROR';
  return { kind: 'answer', rcode, set, chain: [], isAuthoritative: true };
}

/** Each server by what it says of every name that is asked for. */
function worldOf(...servers: readonly Says[]): ReadingWorld {
  const resolver: Resolver = {
    lookup: (name, type) =>
      Promise.resolve({
        name,
        type,
        zone: D,
        servers: servers.map((says, index) => ({
          server: `ns${index}`,
          address: `192.0.2.${index}:53`,
          outcome: outcomeOf(says, name, type),
        })),
        isAuthoritative: true,
      }),
    addresses: () => Promise.resolve({ kind: 'addresses', addresses: [], chain: [] }),
    close: () => Promise.resolve(),
  };
  return {
    readers: new Map([['main', openMemory(null)]]),
    policies: () => ({ read: () => Promise.resolve(null) }),
    network: { ...noNetwork, resolver, freshResolver: () => resolver },
    signal,
  };
}

function shown(...servers: readonly Says[]): Promise<boolean> {
  return isIdEverywhere(wantedDomain(D), '1', worldOf(...servers).network, signal);
}

async function view(...servers: readonly Says[]): Promise<unknown> {
  return (await observeRecordsInDns(wantedDomain(D), worldOf(...servers)))[0];
}

describe('MX', () => {
  it.each<readonly [string, readonly Says[], object]>([
    ['of all servers together', [['10 a.example.'], ['10 b.example.']], { hosts: ['a.example', 'b.example'] }],
    ['of those that answer', [['10 a.example.'], 'SERVFAIL'], { hosts: ['a.example'] }],
    ['that no server tells is not "none"', ['SERVFAIL', 'SERVFAIL'], { kind: 'unreadable', code: 'DNS_SERVFAIL' }],
    ['that is not there', ['nothing'], { kind: 'no-mx', hasAddress: false }],
    ['of a name that one server has', ['NXDOMAIN', 'nothing'], { kind: 'no-mx' }],
    ['of no name', ['NXDOMAIN', 'NXDOMAIN'], { kind: 'no-domain' }],
    ['that is null', [['0 .']], { kind: 'null-mx' }],
  ])('%s', async (_what, servers, fact) => {
    expect(await observeMxInDns(D, worldOf(...servers))).toMatchObject(fact);
  });
});

describe('records', () => {
  it('that two servers show in two ways are not read: the provider has to be asked', async () => {
    expect(await view(['"v=STSv1; id=1;"'], ['"v=STSv1; id=2;"'])).toMatchObject({ code: 'DNS_DIFFERS' });
    expect(await view(['"v=STSv1; id=1;"'], 'nothing')).toMatchObject({ code: 'DNS_DIFFERS' });
  });

  it('of a server that fails are those of the other, and of none are not read', async () => {
    expect(await view('nothing', 'SERVFAIL')).toMatchObject({ kind: 'read', sets: [] });
    expect(await view('SERVFAIL')).toMatchObject({ kind: 'unreadable', code: 'DNS_SERVFAIL' });
  });
});

describe('an id', () => {
  it('is everywhere when every server that answers shows it', async () => {
    expect(await shown(['"v=STSv1; id=1;"'])).toBe(true);
    expect(await shown(['"v=STSv1; id=1;"'], 'SERVFAIL')).toBe(true);
    expect(await shown(['"v=STSv1; id=1;"'], ['"v=STSv1; id=0;"'])).toBe(false);
    expect(await shown(['"v=STSv1; id=0;"'])).toBe(false);
    expect(await shown(['"v=STSv1; id=1;"', '"v=STSv1; id=1;"'])).toBe(false);
    expect(await shown('NXDOMAIN')).toBe(false);
    expect(await shown('SERVFAIL')).toBe(false);
  });
});

describe('an MX host that left', () => {
  it('counts for its TTL, and as now where that is unknown (rule 6)', () => {
    const now = new Date('2026-11-24T12:00:00Z');
    const seen = { host: 'a.example', isLive: false, lastSeen: new Date(now.getTime() - 60_000), ttlSeconds: 60 };
    expect([59, 60, 61].map((ttlSeconds) => isRecent({ ...seen, ttlSeconds }, 1, now))).toEqual([false, false, true]);
    expect(isRecent(seen, 2, now)).toBe(true);
    expect(isRecent({ ...seen, ttlSeconds: null }, 1, now)).toBe(true);
    expect(recentUntil({ ...seen, ttlSeconds: null }, now)).toBe(now.getTime());
  });
});
