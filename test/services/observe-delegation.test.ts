/** Where a customer's CNAMEs lead, by servers that agree, differ, fail, loop or speak without authority. */
import { describe, expect, it } from 'vitest';
import type { DelegationFact } from '../../src/core/plan/observation.ts';
import type { Lookup, LookupSet, LookupType, ServerOutcome } from '../../src/effects/dns/resolver.ts';
import { observeDelegation } from '../../src/services/observe-delegation.ts';
import { noNetwork } from '../support/no-network.ts';
import { D, delegated, ZONE } from './delegation-rig.ts';

const NAME = `_mta-sts.${D}`;
const OURS = `${NAME}.${ZONE}`;

/** What each server shows for `NAME TYPE`; a name that is not there is NXDOMAIN at one server. */
type Table = Readonly<Record<string, readonly (ServerOutcome | string)[]>>;

const timeout = { kind: 'failed', code: 'DNS_TIMEOUT', message: 'no answer' } as const;

function answer(name: string, type: LookupType, rdata: string | null, ttlSeconds = 60): ServerOutcome {
  const set: LookupSet | null = rdata === null ? null : { name, type, ttlSeconds, rdata: [rdata] };
  return { kind: 'answer', rcode: set === null ? 'NXDOMAIN' : 'NOERROR', set, chain: [], isAuthoritative: true };
}

async function idFact(table: Table, isAuthoritative = true): Promise<DelegationFact | undefined> {
  const asked: string[] = [];
  const lookup = (name: string, type: LookupType): Promise<Lookup> => {
    asked.push(name);
    const shown = table[`${name} ${type}`] ?? [answer(name, type, null)];
    const servers = shown.map((one, index) => ({
      server: `ns${index}`,
      address: `192.0.2.${index}:53`,
      outcome: typeof one === 'string' ? answer(name, type, one) : one,
    }));
    return Promise.resolve({ name, type, zone: D, servers, isAuthoritative });
  };
  const network = { ...noNetwork, resolver: { ...noNetwork.resolver, lookup } };
  const facts = await observeDelegation(delegated(D), { network, signal: new AbortController().signal });
  expect(asked.length).toBeLessThan(40);
  return facts?.['_mta-sts'];
}

const missing = answer(NAME, 'CNAME', null);
const elsewhere = { kind: 'elsewhere', ttlSeconds: 60, isWhole: true } as const;

describe('the CNAME at _mta-sts', () => {
  it.each<[string, Table, object]>([
    ['leads here', { [`${NAME} CNAME`]: [`${OURS}.`] }, { kind: 'here', ttlSeconds: 60, isWhole: true }],
    [
      'leads here by a chain, with the longest TTL of it',
      { [`${NAME} CNAME`]: ['a.example.'], 'a.example CNAME': [answer('a.example', 'CNAME', `${OURS}.`, 900)] },
      { kind: 'here', ttlSeconds: 900, isWhole: true },
    ],
    ['in capitals', { [`${NAME} CNAME`]: [`${OURS.toUpperCase()}.`] }, { kind: 'here', ttlSeconds: 60, isWhole: true }],
    ['is not there', {}, { kind: 'missing', isWhole: true }],
    [
      'is not there at one server, and another fails',
      { [`${NAME} CNAME`]: [missing, timeout] },
      { kind: 'missing', isWhole: false },
    ],
    [
      'leads here, and a server fails',
      { [`${NAME} CNAME`]: [`${OURS}.`, timeout] },
      { kind: 'here', ttlSeconds: 60, isWhole: false },
    ],
    ['leads to nothing', { [`${NAME} CNAME`]: ['gone.example.'] }, { ...elsewhere, target: 'gone.example', sets: [] }],
    [
      'is a TXT record in its place',
      { [`${NAME} TXT`]: ['"v=STSv1; id=1;"'] },
      { ...elsewhere, target: null, sets: [{ name: NAME, type: 'TXT', ttlSeconds: 60, rdata: ['"v=STSv1; id=1;"'] }] },
    ],
    [
      'leads to the name of another domain in our zone',
      { [`${NAME} CNAME`]: [`_mta-sts.example.org.${ZONE}.`] },
      { ...elsewhere, target: `_mta-sts.example.org.${ZONE}`, sets: [] },
    ],
    [
      'is shown by one server only',
      { [`${NAME} CNAME`]: [`${OURS}.`, missing] },
      { kind: 'differs', others: [], ttlSeconds: 60 },
    ],
    [
      'leads here at one server, and elsewhere at another',
      { [`${NAME} CNAME`]: [`${OURS}.`, 'a.example.'] },
      { kind: 'differs', others: ['a.example'], ttlSeconds: 60 },
    ],
    [
      'leads round in a circle',
      { [`${NAME} CNAME`]: ['a.example.'], 'a.example CNAME': ['a.example.'] },
      { ...elsewhere, target: 'a.example', sets: [] },
    ],
    ['cannot be read', { [`${NAME} CNAME`]: [timeout] }, { kind: 'unreadable', code: 'DNS_TIMEOUT' }],
    [
      'leads to an id that cannot be read',
      { [`${NAME} CNAME`]: ['a.example.'], 'a.example TXT': [timeout] },
      { kind: 'unreadable', code: 'DNS_TIMEOUT' },
    ],
    [
      'leads to an id that the servers do not agree on',
      { [`${NAME} CNAME`]: ['a.example.'], 'a.example TXT': ['"v=STSv1; id=1;"', '"v=STSv1; id=2;"'] },
      { kind: 'differs' },
    ],
  ])('%s', async (_title, table, fact) => {
    expect(await idFact(table)).toMatchObject(fact);
  });

  it('is not known by the word of a resolver', async () => {
    expect(await idFact({ [`${NAME} CNAME`]: [`${OURS}.`] }, false)).toMatchObject({
      kind: 'unreadable',
      code: 'NOT_AUTHORITATIVE',
    });
    expect(await idFact({}, false)).toMatchObject({ kind: 'unreadable', code: 'NOT_AUTHORITATIVE' });
  });
});

function dead(name: string, type: LookupType): Promise<Lookup> {
  const servers = [{ server: 'ns', address: '', outcome: timeout }];
  return Promise.resolve({ name, type, zone: D, servers, isAuthoritative: true });
}

it('says a dead zone once for all its names', async () => {
  const network = { ...noNetwork, resolver: { ...noNetwork.resolver, lookup: dead } };
  const facts = await observeDelegation(delegated(D), { network, signal: new AbortController().signal });
  const messages = Object.values(facts ?? {}).map((fact) => (fact.kind === 'unreadable' ? fact.message : ''));
  expect(new Set(messages)).toEqual(new Set([`the CNAMEs of ${D} cannot be read: no answer`]));
});
