/** A customer's zone and ours in one table: delegated domains that a test leads here and away, CNAME by CNAME. */
import type { DomainConfig } from '../../src/core/config/model.ts';
import type { DomainPlan } from '../../src/core/plan/model.ts';
import type { RecordSet } from '../../src/core/record-set.ts';
import { TableNetwork } from '../support/table-network.ts';
import { hostName, mxSet, wantedDomain, World } from '../support/world.ts';

export const D = 'example.com';
export const ZONE = 'sts.example.net';
/** A service that hosts policies for others. */
export const HOSTED = 'hosted.example';
const HOSTED_ADDRESS = '192.0.2.200';
export type Label = '_mta-sts' | 'mta-sts' | '_smtp._tls';
export const LABELS = ['_mta-sts', 'mta-sts', '_smtp._tls'] as const;

/** A delegated domain, proved by HTTPS. */
export function delegated(domain: string, rest: Partial<DomainConfig> = {}): DomainConfig {
  const publisher = {
    ...wantedDomain(domain).publisher,
    type: 'directory',
    directory: '/www',
    proof: 'https',
  } as const;
  const delegation = { zone: hostName(ZONE) };
  return wantedDomain(domain, { publisher, observe: 'dns', delegation, ...rest });
}

export function cname(name: string, target: string, ttlSeconds = 3600): RecordSet {
  return { name, type: 'CNAME', ttlSeconds, rdata: [`${target}.`] };
}

export class Town {
  readonly world: World;
  readonly internet: TableNetwork;
  /** What the hosted service serves; null: status 404. */
  hosted: string | null = null;
  /** Our own host serves nothing. */
  isBroken = false;

  constructor(domains: readonly string[] = [D]) {
    this.world = new World(domains.map((domain) => mxSet(domain, [`mx1.${domain}`])));
    let isAskedOfHosted = false;
    this.internet = new TableNetwork(this.world.sets, (host) => {
      if (isAskedOfHosted) return [this.hosted];
      return [this.isBroken ? null : (this.world.files.get(host) ?? null)];
    });
    const name = `mta-sts.${HOSTED}`;
    this.world.sets.set(`${name} A`, { name, type: 'A', ttlSeconds: 60, rdata: [HOSTED_ADDRESS] });
    const { network } = this.internet;
    this.world.network = {
      ...network,
      fetcher: {
        fetch: (host, addresses, signal) => {
          isAskedOfHosted = addresses.includes(HOSTED_ADDRESS);
          return network.fetcher.fetch(host, addresses, signal);
        },
      },
    };
  }

  /** The customer sets this CNAME, to the name in our zone or elsewhere. */
  set(label: Label, domain = D, target = `${label}.${domain}.${ZONE}`): this {
    this.unset(label, domain);
    const record = cname(`${label}.${domain}`, target);
    this.world.sets.set(`${record.name} CNAME`, record);
    return this;
  }

  unset(label: Label, domain = D): this {
    for (const type of ['CNAME', 'TXT', 'A']) this.world.sets.delete(`${label}.${domain} ${type}`);
    return this;
  }

  setAll(domain = D): this {
    for (const label of LABELS) this.set(label, domain);
    return this;
  }

  async plans(...wanted: readonly DomainConfig[]): Promise<readonly DomainPlan[]> {
    return (await this.world.sync(wanted)).domains;
  }

  async sync(wanted: DomainConfig = delegated(D)): Promise<DomainPlan> {
    const [plan] = await this.plans(wanted);
    if (plan === undefined) throw new Error('no plan');
    return plan;
  }

  /** The TXT strings in our zone. */
  written(label: Label = '_mta-sts', domain = D): readonly string[] {
    return this.world.txt(`${label}.${domain}.${ZONE}`);
  }

  /** Everything in the customer's zone that a test did not put there. */
  strays(): readonly string[] {
    return this.world.writes.filter((write) => /^(?:write|delete)/.test(write) && !write.includes(`.${ZONE} `));
  }
}

/** The hosted service serves this body and announces it under this id. */
export function announceElsewhere(town: Town, body: string, id: string): void {
  town.hosted = body;
  const name = `_mta-sts.${HOSTED}`;
  town.world.sets.set(`${name} TXT`, { name, type: 'TXT', ttlSeconds: 300, rdata: [`"v=STSv1; id=${id};"`] });
}
