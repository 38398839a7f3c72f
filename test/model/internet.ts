/**
 * The internet between stsync and the senders, with a clock that is handed in: several name servers that lag behind the provider, several
 * addresses of the policy host that lag behind its files. Everything is a function of what was written when.
 */
import type { RecordSet } from '../../src/core/record-set.ts';
import type { Lookup, LookupType, Resolver, ServerOutcome } from '../../src/effects/dns/resolver.ts';
import type { AddressFetch } from '../../src/effects/fetch-policy.ts';
import type { Network } from '../../src/services/world.ts';

interface Snapshot<T> {
  readonly at: number;
  readonly state: ReadonlyMap<string, T>;
}

/** What was there `lagSeconds` ago. */
function stateAt<T>(snapshots: readonly Snapshot<T>[], at: number): ReadonlyMap<string, T> {
  return snapshots.findLast((one) => one.at <= at)?.state ?? new Map<string, T>();
}

export class Internet {
  readonly #zone: Snapshot<RecordSet>[] = [];
  readonly #files: Snapshot<string>[] = [];
  /** Seconds by which each name server and each address of the policy host is behind. */
  readonly serverLags: readonly number[];
  readonly addressLags: readonly number[];
  readonly now: () => number;

  constructor(now: () => number, serverLags: readonly number[], addressLags: readonly number[]) {
    this.now = now;
    this.serverLags = serverLags;
    this.addressLags = addressLags;
  }

  /** The provider's records as they are now: servers show them after their lag. */
  zoneChanged(sets: ReadonlyMap<string, RecordSet>): void {
    this.#zone.push({ at: this.now(), state: new Map(sets) });
  }

  filesChanged(files: ReadonlyMap<string, string>): void {
    this.#files.push({ at: this.now(), state: new Map(files) });
  }

  /** A record set as one server shows it now. */
  recordAt(server: number, name: string, type: LookupType): RecordSet | null {
    const zone = stateAt(this.#zone, this.now() - (this.serverLags[server] ?? 0));
    return zone.get(`${name} ${type}`) ?? null;
  }

  /** The body that one address serves now; null: 404, or the host record is not there for this server. */
  bodyAt(address: number, host: string): string | null {
    return stateAt(this.#files, this.now() - (this.addressLags[address] ?? 0)).get(host) ?? null;
  }

  network(): Network {
    const resolver = this.#resolver();
    return {
      resolver,
      freshResolver: () => resolver,
      fetcher: {
        fetch: (host) => Promise.resolve(this.addressLags.map((_lag, address) => this.#fetch(address, host))),
      },
      probe: null,
      patienceMs: 0,
    };
  }

  #fetch(address: number, host: string): AddressFetch {
    const body = this.bodyAt(address, host);
    const certificate = {
      names: [host],
      notBefore: new Date(0),
      notAfter: new Date(8e15),
      issuer: 'test',
      isTrusted: true,
    };
    return {
      address: `192.0.2.${address + 1}`,
      isConnectTo: false,
      outcome:
        body === null
          ? { kind: 'failed', code: 'HTTPS_STATUS', message: 'status 404', hint: null, certificate: null, status: 404 }
          : { kind: 'body', bytes: new TextEncoder().encode(body), mediaType: 'text/plain', certificate, warnings: [] },
    };
  }

  #resolver(): Resolver {
    return {
      lookup: (name, type) => Promise.resolve(this.#lookup(name, type)),
      addresses: (host) => {
        const isThere = this.serverLags.some((_lag, server) => this.recordAt(server, host, 'CNAME') !== null);
        const addresses = isThere ? this.addressLags.map((_lag, address) => `192.0.2.${address + 1}`) : [];
        return Promise.resolve({ kind: 'addresses' as const, addresses, chain: [] });
      },
      close: () => Promise.resolve(),
    };
  }

  #lookup(name: string, type: LookupType): Lookup {
    const servers = this.serverLags.map((_lag, server) => {
      const set = this.recordAt(server, name, type);
      const outcome: ServerOutcome = {
        kind: 'answer',
        rcode: 'NOERROR',
        set,
        chain: [],
        isAuthoritative: true,
      };
      return { server: `ns${server}`, address: `192.0.2.${50 + server}:53`, outcome };
    });
    return { name, type, zone: name, servers, isAuthoritative: true };
  }
}
