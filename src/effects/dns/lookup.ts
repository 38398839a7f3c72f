/** Floor 2. What a lookup gives: a fact per server, nothing merged. `agree.ts` says what follows from it. */
import type { DnsFailure } from './exchange.ts';
import type { LookupType } from './rdata.ts';
import type { LookupSet } from './record-sets.ts';

/** What one server said. `failed`: why it told nothing that can be used. */
export type ServerOutcome =
  | {
      readonly kind: 'answer';
      /** NXDOMAIN: the name at the end of the chain does not exist. */
      readonly rcode: 'NOERROR' | 'NXDOMAIN';
      /** The set of the asked type at the end of the chain; null: no data. */
      readonly set: LookupSet | null;
      /** CNAMEs followed, in order. */
      readonly chain: readonly LookupSet[];
      readonly isAuthoritative: boolean;
    }
  | DnsFailure;

/**
 * One server and its outcome. Where CNAMEs lead into another zone, these are the servers of that zone, after those on the way that failed.
 * `server`: `ns1.example.net`; an address where `world.authorities` gives it; `resolver` for the one of last resort. `address`:
 * `192.0.2.1:53`; empty where a name server has none.
 */
export interface ServerAnswer {
  readonly server: string;
  readonly address: string;
  readonly outcome: ServerOutcome;
}

export interface Lookup {
  readonly name: string;
  readonly type: LookupType;
  /** Apex of the zone that was asked; null when only the resolver could be asked. */
  readonly zone: string | null;
  readonly servers: readonly ServerAnswer[];
  /** False: somewhere on the way no authoritative server answered and the resolver was asked (finding NOT_AUTHORITATIVE). */
  readonly isAuthoritative: boolean;
}

export type { LookupSet, LookupType };
