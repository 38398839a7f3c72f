/** A network whose answers are tables that a test changes: one name server that shows a map of record sets, bodies at the policy host. */
import type { Addresses, Lookup, LookupSet, Resolver } from '../../src/effects/dns/resolver.ts';
import type { AddressFetch } from '../../src/effects/fetch-policy.ts';
import type { Network } from '../../src/services/world.ts';
import { noNetwork } from './no-network.ts';

const certificate = {
  names: [],
  notBefore: new Date(0),
  notAfter: new Date(8e15),
  issuer: 'test',
  isTrusted: true,
} as const;

/** Where the publishers of `wantedDomain` lead. */
const TARGET = 'policies.example.net';

export class TableNetwork {
  /** What DNS shows, by `recordKey`. */
  sets: ReadonlyMap<string, LookupSet>;
  /** False: no authoritative server answers, and these are the words of a resolver (rule 1). */
  isAuthoritative = true;
  /** The body at each address of the policy host; null: status 404. */
  bodies: (host: string) => readonly (string | null)[];
  /** Every policy host that was fetched, in order. */
  readonly fetched: string[] = [];
  readonly network: Network;

  constructor(sets: ReadonlyMap<string, LookupSet>, bodies: (host: string) => readonly (string | null)[]) {
    this.sets = sets;
    this.bodies = bodies;
    const resolver: Resolver = {
      lookup: (name, type) => Promise.resolve(this.#lookup(name, type)),
      addresses: (host) => Promise.resolve(this.#addressesOf(host)),
      close: () => Promise.resolve(),
    };
    this.network = {
      ...noNetwork,
      resolver,
      freshResolver: () => resolver,
      fetcher: {
        fetch: (host, addresses) => {
          this.fetched.push(host);
          const served = this.bodies(host);
          return Promise.resolve(addresses.map((address, index) => fetchOf(address, served[index] ?? null)));
        },
      },
    };
  }

  #lookup(name: string, type: Lookup['type']): Lookup {
    const { isAuthoritative } = this;
    const chain: LookupSet[] = [];
    const end = this.#endOf(name, type === 'CNAME' ? [] : chain);
    const isThere = [...this.sets.values()].some((set) => set.name === end || set.name.endsWith(`.${end}`));
    const outcome = {
      kind: 'answer',
      rcode: isThere ? 'NOERROR' : 'NXDOMAIN',
      set: this.sets.get(`${type === 'CNAME' ? name : end} ${type}`) ?? null,
      chain,
      isAuthoritative,
    } as const;
    const server = isAuthoritative ? 'ns1' : 'resolver';
    const servers = [{ server, address: '192.0.2.53:53', outcome }];
    return { name, type, zone: isAuthoritative ? this.#zoneOf(end) : null, servers, isAuthoritative };
  }

  /** Where CNAMEs lead; each one goes into `chain`. */
  #endOf(name: string, chain: LookupSet[]): string {
    const cname = this.sets.get(`${name} CNAME`);
    if (cname === undefined) return name;
    chain.push(cname);
    return this.#endOf(cname.rdata[0]?.replace(/\.$/, '') ?? '', chain);
  }

  /** The last two labels: every name of the tests stands in such a zone. */
  #zoneOf(name: string): string {
    return name.split('.').slice(-2).join('.');
  }

  /** As the tables have them; the target of the publisher has one for each body. */
  #addressesOf(host: string): Addresses {
    const chain: LookupSet[] = [];
    const end = this.#endOf(host, chain);
    const known = (['A', 'AAAA'] as const).flatMap((type) => this.sets.get(`${end} ${type}`)?.rdata ?? []);
    const served = end === TARGET ? this.bodies(host).map((_body, index) => `192.0.2.${index + 1}`) : [];
    const names = chain.map((set) => set.rdata[0]?.replace(/\.$/, '') ?? '');
    return { kind: 'addresses', addresses: [...known, ...served], chain: names };
  }
}

function fetchOf(address: string, body: string | null): AddressFetch {
  const outcome: AddressFetch['outcome'] =
    body === null
      ? { kind: 'failed', code: 'HTTPS_STATUS', message: 'status 404', hint: null, certificate: null, status: 404 }
      : { kind: 'body', bytes: new TextEncoder().encode(body), mediaType: 'text/plain', certificate, warnings: [] };
  return { address, isConnectTo: false, outcome };
}
