/** Floor 0. What the facts of a check mean together: is there a record, a policy, and which live MX would it refuse? */
import { coverMx } from '../mx.ts';
import { liveMxHosts } from '../plan/observation.ts';
import { formatPolicy, parsePolicy, type StsPolicy } from '../policy.ts';
import type { Parsed } from '../result.ts';
import { parseStsRecords } from '../txt-records.ts';
import type { CheckFacts, MxHostFact, PolicyFetch } from './facts.ts';

/** A live MX host that enforce refuses. `why` finishes "mx1.example.com ...". */
export interface RefusedHost {
  readonly host: string;
  readonly why: string;
  readonly kind: 'uncovered' | 'tls';
}

export interface CheckSituation {
  readonly facts: CheckFacts;
  /** The live MX hosts; null: they could not be read. */
  readonly hosts: readonly string[] | null;
  /** What the id record says to a sender. */
  readonly record: Parsed<{ id: string }>;
  /** Each body with what it says, one for each address that gave one. */
  readonly bodies: readonly {
    readonly fetch: PolicyFetch;
    readonly body: string;
    readonly parsed: Parsed<StsPolicy>;
  }[];
  /** The addresses where the fetch failed; a family without a route from here is not the server's fault. */
  readonly failures: readonly PolicyFetch[];
  /** The policy that senders get: the first that is one. Null: none. */
  readonly policy: StsPolicy | null;
  readonly isSameEverywhere: boolean;
  readonly cover: { readonly uncovered: readonly string[]; readonly unused: readonly string[] };
  /** What the policy would refuse under enforce, whatever its mode is. */
  readonly refused: readonly RefusedHost[];
  /** Senders see record and policy, and the mode is enforce. */
  readonly isEnforced: boolean;
}

export function situationOf(facts: CheckFacts): CheckSituation {
  const record = parseStsRecords(facts.idRecord.texts);
  const bodies = facts.fetches.flatMap((fetch) =>
    fetch.body === null ? [] : [{ fetch, body: fetch.body, parsed: parsePolicy(fetch.body) }],
  );
  const policies = bodies.flatMap(({ parsed }) => (parsed.ok ? [parsed.value] : []));
  const policy = policies[0] ?? null;
  const hosts = liveMxHosts(facts.domain, facts.mx);
  const cover =
    policy === null || policy.mode === 'none' ? { uncovered: [], unused: [] } : coverMx(policy.mx, hosts ?? []);
  return {
    facts,
    hosts,
    record,
    bodies,
    failures: facts.fetches.filter(
      ({ failure }) => failure !== null && !(failure.code === 'HTTPS_NO_ROUTE' && bodies.length > 0),
    ),
    policy,
    isSameEverywhere:
      new Set(bodies.map(({ parsed, body }) => (parsed.ok ? formatPolicy(parsed.value) : body))).size < 2,
    cover,
    refused: [
      ...cover.uncovered.map((host) => ({
        host,
        why: 'is matched by no mx line of the policy',
        kind: 'uncovered' as const,
      })),
      ...facts.mxHosts
        .filter((one) => !cover.uncovered.includes(one.name))
        .flatMap((one) => tlsFault(one, facts.mxHosts)),
    ],
    isEnforced: record.ok && policy?.mode === 'enforce',
  };
}

/** A host that is closed to us counts only if another one answered: else it is our own port 25 (rule 8). */
function tlsFault(one: MxHostFact, all: readonly MxHostFact[]): readonly RefusedHost[] {
  const bad = one.offers?.find((offer) => offer.verdict === 'bad');
  if (bad !== undefined) return [{ host: one.name, why: bad.reason, kind: 'tls' }];
  const isOpenHere = all.some(({ offers }) => offers?.some((offer) => offer.verdict !== 'unreachable') === true);
  const isClosed = one.offers !== null && !one.offers.some((offer) => offer.verdict === 'good');
  return isClosed && isOpenHere ? [{ host: one.name, why: 'answers at no address at port 25', kind: 'tls' }] : [];
}

/** Does mail go anywhere? `null`: it could not be told. */
export function takesMail({ hosts }: CheckSituation): boolean | null {
  return hosts === null ? null : hosts.length > 0;
}

/** DANE for every live MX host: TLSA in a signed zone, behind a signed MX (RFC 7672 §2.2). */
export function hasDane({ facts }: CheckSituation): boolean {
  const isEvery = facts.mxHosts.every((one) => one.tlsa.length > 0 && one.isSigned === true);
  return facts.zone.isSigned === true && facts.mxHosts.length > 0 && isEvery;
}
