/** Floor 0. What is worth saying of the CNAMEs of a delegated domain: one finding for each that is missing or wrong, with the line to hand over. */
import { parseOwnId } from '../id.ts';
import { isWithin } from '../names.ts';
import { samePolicy } from '../policy.ts';
import { cnameLine, type DelegationRecord, delegationRecords, factTexts } from './delegation.ts';
import { liveId, writtenIds } from './ids.ts';
import type { Finding } from './model.ts';
import { livePolicy } from './observation.ts';
import type { Situation } from './situation.ts';
import { finding } from './steps.ts';

/** `awaited`: the names in the customer's zone that the plan waits for. */
export function delegationFindings(at: Situation, awaited: ReadonlySet<string>): readonly Finding[] {
  if (at.wanted.released) return [];
  return delegationRecords(at.wanted, at.observation)
    .filter(({ name }) => awaited.has(name))
    .flatMap((record) => findingOf(at, record));
}

function findingOf(at: Situation, record: DelegationRecord): readonly Finding[] {
  const { name, fact } = record;
  const line = cnameLine(record);
  switch (fact.kind) {
    case 'here':
    case 'unreadable':
      return [];
    case 'missing':
      return [
        finding('DELEGATION_MISSING', severityOf(at, record), `${name} has no record${consequence(at, record)}`, line),
      ];
    case 'differs':
      return [
        finding('DELEGATION_WRONG', 'warning', `the name servers do not agree on ${name}; it is being changed`, line),
      ];
    case 'elsewhere':
      break;
  }
  const stands =
    fact.target === null ? `has a record of its own (${clip(factTexts(fact))})` : `leads to ${fact.target}`;
  const message = `${name} ${stands}${neighbour(at, fact.target)}${consequence(at, record)}${readiness(at, record)}`;
  return [finding('DELEGATION_WRONG', severityOf(at, record), message, line)];
}

/** What was on and does not lead here any more is an error; what is on its way here, or about reports alone, is not. */
function severityOf(at: Situation, { label, fact }: DelegationRecord): Finding['severity'] {
  if (label === '_smtp._tls' || !wasOn(at)) return 'warning';
  if (fact.kind !== 'elsewhere') return 'error';
  const live = livePolicy(at.observation);
  const [seen, written] = [at.ids, writtenIds(at.wanted, at.observation)].map(liveId);
  const isSame =
    label === '_mta-sts'
      ? seen !== null && (written === null || written === seen)
      : live !== null && at.announced !== null && samePolicy(live, at.announced);
  return isSame ? 'warning' : 'error';
}

/** stsync announced a policy for this domain once. */
function wasOn({ memory }: Situation): boolean {
  return memory.history.some(({ id, rotatedAt }) => rotatedAt !== null && parseOwnId(id) !== null);
}

function consequence(at: Situation, record: DelegationRecord): string {
  const { label } = record;
  if (severityOf(at, record) !== 'error') return '';
  if (label === 'mta-sts')
    return ': senders reach another policy host or none, so nothing is changed until it leads here';
  return label === '_mta-sts'
    ? ': senders see no change of the policy any more, so nothing is changed until it leads here'
    : '';
}

function neighbour({ wanted }: Situation, target: string | null): string {
  const isOurs = target !== null && wanted.delegation !== null && isWithin(target, wanted.delegation.zone);
  return isOurs ? ', which is the name of another domain' : '';
}

/** May the owner of a policy host that leads elsewhere switch it now? */
function readiness({ observation, announced }: Situation, { label }: DelegationRecord): string {
  const fact = observation.delegation?.atTarget ?? null;
  if (label !== 'mta-sts' || announced === null || fact === null) return '';
  const isReady = fact.kind === 'body' && fact.policy !== null && samePolicy(fact.policy, announced);
  if (isReady) return '; our own host serves the same policy for it, so it can be switched';
  const why = fact.kind === 'unproved' || fact.kind === 'unreadable' ? ` (${fact.message})` : '';
  return `; our own host does not serve the policy for it yet${why}`;
}

function clip(texts: readonly string[] | null): string {
  const text = (texts ?? []).join(' | ');
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
