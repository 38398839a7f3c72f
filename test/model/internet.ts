/**
 * The internet between stsync and the senders, with a clock that is handed in: several name servers that lag behind the provider, sites with
 * several addresses that lag behind their files and flap, MX hosts with good and bad STARTTLS. What is shown is a function of what was written
 * when, and of the weather.
 */
import { rdataText, type RecordSet } from '../../src/core/record-set.ts';
import type { LookupType } from '../../src/effects/dns/resolver.ts';

interface Snapshot<T> {
  readonly at: number;
  readonly state: ReadonlyMap<string, T>;
}

/** One address of a policy host. Behind it there may be several nodes: who asks gets any of them. */
export interface Address {
  readonly ip: string;
  /** Seconds by which each node is behind the files. */
  readonly nodeLags: readonly number[];
}

/** Where policies are served from: what a CNAME at `mta-sts` can lead to. `root`: the directory, before the host in the name of a file. */
export interface Site {
  readonly hostname: string;
  readonly root: string;
  readonly addresses: readonly Address[];
}

/** An address that serves something else for a while. `body` null: status 500. */
export interface Flap {
  readonly since: number;
  readonly body: string | null;
}

/** `hidden`: senders get a bad certificate, the probe a good one (another address, another path): only TLS reports tell. */
export type Tls = 'good' | 'no-starttls' | 'bad-certificate' | 'hidden';

/** What an MX host offers, and since when. */
export interface Offer {
  readonly tls: Tls;
  readonly since: number;
}

/** What stsync's look at DNS suffers from; senders have their own way to the name servers. */
export type DnsTrouble = 'none' | 'one-down' | 'mx-unread' | 'resolver-only';

/** What was there at a moment; nothing before the first snapshot. */
function stateAt<T>(snapshots: readonly Snapshot<T>[], at: number): ReadonlyMap<string, T> {
  return snapshots.findLast((one) => one.at <= at)?.state ?? new Map<string, T>();
}

export class Internet {
  readonly #zone: Snapshot<RecordSet>[] = [];
  readonly #files: Snapshot<string>[] = [];
  /** Seconds by which each name server is behind the provider. */
  readonly serverLags: readonly number[];
  readonly sites: readonly Site[];
  readonly now: () => number;
  /** By the address. */
  readonly flaps = new Map<string, Flap>();
  /** By the MX host; good where nothing is said. */
  readonly offers = new Map<string, Offer>();
  dns: DnsTrouble = 'none';

  constructor(now: () => number, serverLags: readonly number[], sites: readonly Site[]) {
    this.now = now;
    this.serverLags = serverLags;
    this.sites = sites;
  }

  /** The provider's records as they are now: servers show them after their lag. */
  zoneChanged(sets: ReadonlyMap<string, RecordSet>): void {
    this.#zone.push({ at: this.now(), state: new Map(sets) });
  }

  filesChanged(files: ReadonlyMap<string, string>): void {
    this.#files.push({ at: this.now(), state: new Map(files) });
  }

  /** A record set as one server shows it now, or did `age` seconds ago. */
  recordAt(server: number, name: string, type: LookupType, age = 0): RecordSet | null {
    const zone = stateAt(this.#zone, this.now() - age - (this.serverLags[server] ?? 0));
    return zone.get(`${name} ${type}`) ?? null;
  }

  /** The site that a host record leads to. */
  siteOf(record: RecordSet | null): Site | null {
    const target = record === null ? null : rdataText('CNAME', record.rdata[0] ?? '');
    return this.sites.find((site) => site.hostname === target) ?? null;
  }

  /** The body that one node of an address serves now; null: 404, or a flap without any. */
  bodyAt(site: Site, address: Address, node: number, host: string): string | null {
    const flap = this.flaps.get(address.ip);
    if (flap !== undefined) return flap.body;
    return stateAt(this.#files, this.now() - (address.nodeLags[node] ?? 0)).get(`${site.root}${host}`) ?? null;
  }

  /** Every body that a file ever had. */
  formerBodies(file: string): readonly string[] {
    return [...new Set(this.#files.flatMap(({ state }) => state.get(file) ?? []))];
  }

  offerOf(host: string): Offer {
    return this.offers.get(host) ?? { tls: 'good', since: 0 };
  }
}
