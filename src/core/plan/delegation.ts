/**
 * Floor 0. A domain whose records stand in a zone of ours (RFC 8461 §8.2): which CNAMEs its owner has to set, which lead here, and what that
 * lets out. Nothing is announced before all of them do; nothing changes while one that senders need does not.
 */
import type { DomainConfig } from '../config/model.ts';
import { rdataTexts } from '../record-set.ts';
import type { DelegationFact, Observation } from './observation.ts';
import type { Step } from './model.ts';
import { type Label, ownName, recordName } from './record-names.ts';
import type { Situation } from './situation.ts';
import { waitStep } from './steps.ts';

/** One CNAME that the owner of the domain sets, and what stands there. */
export interface DelegationRecord {
  readonly label: Label;
  /** In the customer's zone. */
  readonly name: string;
  /** In ours. */
  readonly target: string;
  readonly fact: DelegationFact;
}

/** How long a CNAME may be in caches that nobody has to be in a hurry with. */
const TTL_SECONDS = 3600;

/** Senders need these two; the third is about reports. */
const POLICY_LABELS = ['_mta-sts', 'mta-sts'] as const;

/** The names that the owner of a domain is asked for: without `tlsReports` that record is not ours to manage. */
export function neededLabels({ tlsReports, absent }: Pick<DomainConfig, 'tlsReports' | 'absent'>): readonly Label[] {
  return absent || tlsReports === null || tlsReports.length === 0 ? POLICY_LABELS : [...POLICY_LABELS, '_smtp._tls'];
}

/** The CNAMEs that are needed, in the order of their labels; empty where the domain is not delegated. */
export function delegationRecords(wanted: DomainConfig, observation: Observation): readonly DelegationRecord[] {
  const { delegation } = observation;
  if (wanted.delegation === null || delegation === null) return [];
  return neededLabels(wanted).map((label) => ({
    label,
    name: recordName(label, wanted.domain),
    target: ownName(label, wanted),
    fact: delegation.facts[label],
  }));
}

/** The line to hand over: `_mta-sts.example.com. 3600 IN CNAME _mta-sts.example.com.sts.example.net.` */
export function cnameLine({ name, target }: Pick<DelegationRecord, 'name' | 'target'>): string {
  return `${name}. ${TTL_SECONDS} IN CNAME ${target}.`;
}

/** May the policy come out and change? True where the domain is not delegated. The first time all of its CNAMEs are needed. */
export function isLeadingHere({ wanted, observation, announced }: Situation): boolean {
  const records = delegationRecords(wanted, observation);
  const counting = announced === null ? records : records.filter(({ label }) => label !== '_smtp._tls');
  return counting.every(({ fact }) => fact.kind === 'here');
}

/** Before anything is announced, a policy host that does not lead here yet proves nothing, and nothing rests on the proof. */
export function canProve({ observation, announced }: Pick<Situation, 'observation' | 'announced'>): boolean {
  return (
    observation.delegation === null || announced !== null || observation.delegation.facts['mta-sts'].kind === 'here'
  );
}

/** One wait for each CNAME that is needed and does not lead here: only its owner can set it, so there is no date. */
export function delegationWaits(wanted: DomainConfig, observation: Observation): readonly Step[] {
  return delegationRecords(wanted, observation)
    .filter(({ fact }) => fact.kind !== 'here' && fact.kind !== 'unreadable')
    .map(({ name, target, fact }) =>
      waitStep(name, factTexts(fact), [target], `the owner of ${wanted.domain} sets ${name} as a CNAME to ${target}`),
    );
}

/** What stands at the customer's name, as texts; null: nothing, or it is not known. */
export function factTexts(fact: DelegationFact): readonly string[] | null {
  if (fact.kind === 'differs') return fact.others;
  if (fact.kind !== 'elsewhere') return null;
  return fact.target === null ? fact.sets.flatMap((set) => rdataTexts(set) ?? []) : [fact.target];
}
