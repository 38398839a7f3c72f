/**
 * Floor 3. The proof before the id (rule 5, guard served-before-id): what senders can fetch at every address of the policy host, or, where
 * the YAML states `proof: file`, what the publisher holds.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DomainConfig } from '../core/config/model.ts';
import type { PolicyFact } from '../core/plan/observation.ts';
import { policyHostOf } from '../core/plan/record-names.ts';
import { samePolicy, type StsPolicy } from '../core/policy.ts';
import type { PolicyReader } from '../effects/publisher.ts';
import { fetchAtTarget, fetchServed, notProved, readPublished } from './observe-policy.ts';
import type { Network } from './world.ts';

const POLL_MS = 1_000;
/** Codes of a fetch that met nobody. */
const SILENT: readonly string[] = ['HTTPS_REFUSED', 'HTTPS_TIMEOUT', 'HTTPS_RESET'];

export interface ProofWorld {
  readonly publisher: (wanted: DomainConfig) => PolicyReader;
  readonly network: Network;
  readonly signal: AbortSignal;
}

/** A policy as the look of this run fetched it. */
export interface SeenPolicy {
  readonly policy: PolicyFact;
  readonly at: Date;
}

/** So long the look of a run is a proof too: nobody would tell it from a fetch that was made now. */
const SEEN_MS = 30_000;

/**
 * How it is proved by what was seen at every address a moment ago, for the journal; null: it has to be fetched. Only where this run wrote nothing that
 * the proof is of, and where one look is enough (`spread:` asks for a second).
 */
export function provedBySeen(wanted: DomainConfig, policy: StsPolicy, seen: SeenPolicy, now: Date): string | null {
  const isYoung = now.getTime() - seen.at.getTime() <= SEEN_MS;
  if (!isYoung || wanted.publisher.proof === 'file' || wanted.publisher.spreadSeconds > 0) return null;
  const note = noteOf(seen.policy, policy);
  return note === null ? null : `${note}, as this run saw it`;
}

/** Null: the fact does not prove it. */
function noteOf(fact: PolicyFact, policy: StsPolicy): string | null {
  if (fact.kind !== 'body' || fact.policy === null || !samePolicy(fact.policy, policy)) return null;
  const but = fact.leftOut.length === 0 ? '' : ` but ${fact.leftOut.join(', ')}, where this machine has no route`;
  return `proof: https, at every address${but}`;
}

export interface ProofOptions {
  /** The host record moves after this: ask the new target itself. */
  readonly isBeforeMove: boolean;
  /** Something was written just now, and may need a moment to be seen. */
  readonly mayWait: boolean;
}

/** Gives how it was proved, for the journal. Throws `NOT_PROVED` with what was seen instead. */
export async function provePolicy(
  wanted: DomainConfig,
  policy: StsPolicy,
  world: ProofWorld,
  options: ProofOptions,
): Promise<string> {
  const isFile = wanted.publisher.proof === 'file';
  const until = performance.now() + (isFile || !options.mayWait ? 0 : world.network.patienceMs);
  for (;;) {
    const fact = isFile ? await readPublished(wanted, world.publisher(wanted)) : await fetchNow(wanted, world, options);
    const note = noteOf(fact, policy);
    if (note !== null) return isFile ? 'proof: file' : note;
    if (performance.now() >= until) throw notProved(policyHostOf(wanted.domain), withHostHint(wanted, fact));
    await sleep(POLL_MS, undefined, { signal: world.signal });
  }
}

/** Where nothing answers for our own host, the likeliest reason is that it does not run: it is a part of the daemon. */
function withHostHint(wanted: DomainConfig, fact: PolicyFact): PolicyFact {
  const isSilent = fact.kind === 'unproved' && SILENT.includes(fact.code);
  if (wanted.publisher.type !== 'server' || !isSilent) return fact;
  const hint =
    'the policy is published; `stsync daemon` serves it: start it with this config, and let the addresses lead to it';
  return { ...fact, hint };
}

/** With a resolver that remembers nothing: the host record may be a second old. */
function fetchNow(wanted: DomainConfig, { network, signal }: ProofWorld, options: ProofOptions): Promise<PolicyFact> {
  const fetch = options.isBeforeMove ? fetchAtTarget : fetchServed;
  return fetch(wanted, network, network.freshResolver(), signal);
}
