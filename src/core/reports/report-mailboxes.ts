/** Floor 0. The mailboxes that `tlsReports` names: mail to others is no report of ours. */
import type { DomainConfig } from '../config/model.ts';
import { domainOfAddress } from './identity.ts';

/** Two spellings of one mailbox give the same; null: no address. No server here tells local parts apart by case. */
export function mailboxOf(address: string): string | null {
  const host = domainOfAddress(address);
  const local = address.slice(0, address.lastIndexOf('@')).toLowerCase();
  return host === null || local === '' ? null : `${local}@${host}`;
}

/** Of every `mailto:` URI of these domains (RFC 6068: percent-encoded, several with commas, perhaps with `?` fields). */
export function reportMailboxes(domains: readonly Pick<DomainConfig, 'tlsReports'>[]): ReadonlySet<string> {
  const uris = new Set(domains.flatMap(({ tlsReports }) => tlsReports ?? []));
  const addresses = [...uris].flatMap((uri) => {
    const [, list = ''] = /^mailto:([^?]*)/i.exec(uri) ?? [];
    return list.split(',').map(decoded);
  });
  return new Set(addresses.flatMap((address) => mailboxOf(address) ?? []));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
