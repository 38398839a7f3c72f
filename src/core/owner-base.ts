/** Floor 0. Under which name the three records of a policy domain stand: under the domain, or under its name in a zone of ours (RFC 8461 §8.2). */
import type { HostName } from './names.ts';

/** What says where a domain's records stand. */
export interface Owned {
  readonly domain: string;
  readonly delegation: { readonly zone: HostName } | null;
}

/**
 * `example.com`, or `example.com.sts.example.net` where it is delegated to `sts.example.net`. In one zone two domains never get one name; of
 * zones within each other the config refuses those that do.
 */
export function ownerBase({ domain, delegation }: Owned): string {
  return delegation === null ? domain : `${domain}.${delegation.zone}`;
}
