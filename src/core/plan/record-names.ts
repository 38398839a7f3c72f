/** Floor 0. The names of a policy domain's records, and which providers hold each. */
import type { DomainConfig } from '../config/model.ts';
import { type Owned, ownerBase } from '../owner-base.ts';
import type { RecordKey } from '../record-set.ts';

export type Label = '_mta-sts' | 'mta-sts' | '_smtp._tls';

/** `mta-sts.example.com`: the HTTPS name of a policy domain (RFC 8461 §3.3), and the owner of its host record. */
export function policyHostOf(domain: string): string {
  return `mta-sts.${domain}`;
}

/** The absolute name of one of the domain's records, as senders look it up. */
export function recordName(label: Label, domain: string): string {
  return `${label}.${domain}`;
}

/** The name of the record where stsync keeps the domain's records: the same, or in our zone the name that a CNAME there leads to. */
export function ownName(label: Label, wanted: Owned): string {
  return recordName(label, ownerBase(wanted));
}

/** The name at which a record is written: for the id, the one that `idRecord:` states, where `_mta-sts` is a CNAME to it (rule 7). */
export function writtenName(label: Label, wanted: Owned & Pick<DomainConfig, 'idRecord'>): string {
  return label === '_mta-sts' && wanted.idRecord !== null ? wanted.idRecord : ownName(label, wanted);
}

/** Is it this record of the domain, at the domain or in a zone of ours? For a step, which says no more than its name. */
export function isRecordOf(label: Label, name: string, domain: string): boolean {
  const own = recordName(label, domain);
  return name === own || name.startsWith(`${own}.`);
}

/** Names of `providers:` that hold this record, in the order of the YAML. */
export function providersOf(wanted: DomainConfig, label: Label): readonly string[] {
  const { providers } = wanted;
  return providers.kind === 'all' ? providers.names : (providers.byRecord.get(label) ?? []);
}

/** Every provider of the domain, once, in the order of the YAML. */
export function allProviders(wanted: DomainConfig): readonly string[] {
  const labels = ['_mta-sts', 'mta-sts', '_smtp._tls'] as const;
  return [...new Set(labels.flatMap((label) => providersOf(wanted, label)))];
}

/** Every set that a look has to ask one provider for. CNAME stands beside TXT since a delegated name hides the TXT. */
export function observedKeys(wanted: DomainConfig, provider: string): readonly RecordKey[] {
  const types = {
    '_mta-sts': ['TXT', 'CNAME'],
    'mta-sts': ['CNAME', 'A', 'AAAA'],
    '_smtp._tls': ['TXT', 'CNAME'],
  } as const;
  return (['_mta-sts', 'mta-sts', '_smtp._tls'] as const)
    .filter((label) => providersOf(wanted, label).includes(provider))
    .flatMap((label) => types[label].map((type) => ({ name: writtenName(label, wanted), type })));
}
