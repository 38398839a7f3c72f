/**
 * The people behind a domain: they change the YAML at will and MX as `stsync when` allows, move the policy host, and mend what TLS reports
 * show. They are careless: a pattern may leave the YAML while its host is in MX, a host may join MX before it is in the YAML.
 */
import type { DomainConfig } from '../../src/core/config/model.ts';
import type { GuardName } from '../../src/core/guard-names.ts';
import type { WhenQuestion } from '../../src/services/when.ts';
import { hostName, mxSet, wantedDomain, type World } from '../support/world.ts';
import type { Internet, Site } from './internet.ts';
import type { Mutation, Plot } from './plot.ts';
import type { Random } from './random.ts';
import type { Complaint } from './sender.ts';

export const HOSTS = ['mx1', 'mx2', 'mx3', 'mx4'].map((host) => `${host}.example.com`);
const DOMAIN = 'example.com';
const TWIN = 'example.org';
const SHARED_RECORD = '_mta-sts.example.net';
const MX_TTL = 3600;
const MAX_AGES = [300, 3600, 86_400];
const TTL = 300;
const LONG_TTL = 3600;
/** Longer than any node behind an address is late. */
const SPREAD_SECONDS = 900;
/** `testingFor`, and how soon after a report a fault is mended: later than `testingFor`, and before twice of it, which stands where no reports come in. */
const TESTING_SECONDS = 6 * 3600;
const MEND_SECONDS = 9 * 3600;

export class Owner {
  live: readonly string[] = HOSTS.slice(0, 1);
  wanted: DomainConfig;
  #twin: DomainConfig | null = null;
  #mendAt: number | null = null;
  readonly #world: World;
  readonly #internet: Internet;
  readonly #random: Random;
  readonly #plot: Plot;
  readonly #mutation: Mutation;
  readonly #say: (text: string) => void;

  constructor(
    stage: { readonly world: World; readonly internet: Internet; readonly random: Random },
    plot: Plot,
    mutation: Mutation,
    say: (text: string) => void,
  ) {
    const { world, internet, random } = stage;
    [this.#world, this.#internet, this.#random, this.#plot, this.#mutation] = [world, internet, random, plot, mutation];
    this.#say = say;
    this.wanted = this.#firstYaml();
    if (plot === 'twins') {
      for (const name of [`_mta-sts.${DOMAIN}`, `_mta-sts.${TWIN}`]) {
        const set = { name, type: 'CNAME', ttlSeconds: 300, rdata: [`${SHARED_RECORD}.`] } as const;
        world.sets.set(`${name} CNAME`, set);
      }
      this.#twin = this.#twinOf(this.wanted);
    }
    if (plot === 'trial') internet.offers.set(HOSTS[0] ?? '', { tls: 'hidden', since: 0 });
    this.setMx(this.live);
  }

  /** The domains of the YAML as it is now. */
  configs(): readonly DomainConfig[] {
    return this.#twin === null ? [this.wanted] : [this.wanted, this.#twin];
  }

  changeYaml(): void {
    const random = this.#random;
    if (this.#plot === 'hosted') return;
    if (this.#twin !== null && random.chance(0.9)) this.#twin = this.#twinOf(this.wanted);
    // A fault that the policy hides is in no report.
    if (this.#plot === 'trial' && this.#mendAt !== 0) return;
    if (this.wanted.mx !== 'live') this.#changePatterns(this.wanted.mx);
    if (random.chance(0.2)) this.#change({ mode: random.pick(['enforce', 'enforce', 'enforce', 'testing', 'none']) });
    if (random.chance(0.1) && this.#plot !== 'live-mx-freed') this.#change({ maxAgeSeconds: random.pick(MAX_AGES) });
    if (random.chance(0.06) && this.#plot !== 'live-mx-freed') this.#change({ absent: !this.wanted.absent });
    if (this.#plot === 'moving' && random.chance(0.2)) this.#movePolicyHost();
    if (this.#twin !== null && random.chance(0.9)) this.#twin = this.#twinOf(this.wanted);
  }

  /** The twins say the same. */
  rest(): void {
    if (this.#twin !== null) this.#twin = this.#twinOf(this.wanted);
  }

  async moveMx(): Promise<void> {
    const random = this.#random;
    // The host with the hidden fault stays until it is mended: of one that is not there no report can tell.
    if (this.#plot === 'hosted' || (this.#plot === 'trial' && this.#mendAt !== 0)) return;
    const host = random.pick(HOSTS);
    if (this.live.includes(host)) {
      if (this.live.length > 1 && random.chance(0.4) && (await this.#isSafe({ kind: 'remove-mx', host }))) {
        this.setMx(this.live.filter((one) => one !== host));
        if (random.chance(0.5)) this.#forget(host);
      }
    } else if (await this.#isSafe({ kind: 'add-mx', host })) {
      this.setMx([...this.live, host]);
    }
  }

  setMx(hosts: readonly string[]): void {
    this.live = hosts;
    this.#say(`MX is now ${hosts.join(' ')}`);
    for (const domain of [DOMAIN, TWIN]) this.#world.sets.set(`${domain} MX`, mxSet(domain, hosts, MX_TTL));
    this.#internet.zoneChanged(this.#world.sets);
    if (this.#mutation.uncapped === true) this.#change({ mx: hosts });
  }

  /** A sender complains: in TLS reports, or, of mail that did not come, by telephone. */
  hear({ fault, host }: Complaint): void {
    if (fault === 'tls' && this.#internet.offerOf(host).tls === 'hidden') {
      this.#mendAt ??= this.#internet.now() + MEND_SECONDS;
    }
  }

  /** As time passes. */
  mend(): void {
    if (this.#mendAt === null || this.#mendAt === 0 || this.#internet.now() < this.#mendAt) return;
    this.#mendAt = 0;
    this.#internet.offers.set(HOSTS[0] ?? '', { tls: 'good', since: this.#internet.now() });
    this.#say('the hidden fault is mended');
  }

  #firstYaml(): DomainConfig {
    const random = this.#random;
    const plot = this.#plot;
    const allow = new Set<GuardName>(this.#mutation.allow ?? []);
    if (plot !== 'trial' && random.chance(0.7)) allow.add('testing-before-enforce');
    if (plot === 'live-mx-freed') allow.add('live-mx-under-enforce').add('testing-before-enforce');
    const isLive = plot === 'live-mx' || plot === 'live-mx-freed';
    const [site] = this.#internet.sites;
    return wantedDomain(DOMAIN, {
      observe: 'dns',
      ...(site === undefined ? {} : { publisher: this.#publisherAt(site) }),
      mx: isLive && this.#mutation.uncapped !== true ? 'live' : this.live,
      mode: random.chance(0.5) || plot === 'trial' || plot === 'hosted' ? 'enforce' : 'testing',
      allow,
      maxAgeSeconds: plot === 'live-mx-freed' ? 7 * 86_400 : random.pick(MAX_AGES),
      testingForSeconds: TESTING_SECONDS,
      ttlSeconds: plot === 'plain' ? LONG_TTL : TTL,
      idRecord: plot === 'twins' ? SHARED_RECORD : null,
      ...this.#mutation.yaml,
    });
  }

  #changePatterns(mx: readonly string[]): void {
    const random = this.#random;
    if (this.#mutation.uncapped === true) return;
    if (random.chance(0.3)) this.#change({ mx: [...new Set([...mx, random.pick(HOSTS)])] });
    if (random.chance(0.3)) {
      const kept = mx.filter((host) => random.chance(this.live.includes(host) ? 0.9 : 0.5));
      this.#change({ mx: kept.length === 0 ? this.live : kept });
    }
  }

  /** The pattern goes with its host. */
  #forget(host: string): void {
    const { mx } = this.wanted;
    if (mx === 'live' || !mx.some((one) => one !== host)) return;
    this.#change({ mx: mx.filter((one) => one !== host) });
    this.rest();
  }

  #movePolicyHost(): void {
    const { publisher } = this.wanted;
    const other = this.#internet.sites
      .slice(0, 2)
      .find((site) => publisher.target.kind === 'hostname' && site.hostname !== publisher.target.hostname);
    if (other !== undefined) this.#change({ publisher: this.#publisherAt(other) });
  }

  #twinOf(wanted: DomainConfig): DomainConfig {
    return { ...wanted, domain: hostName(TWIN) };
  }

  #change(rest: Partial<DomainConfig>): void {
    this.wanted = { ...this.wanted, ...rest };
  }

  async #isSafe(question: WhenQuestion): Promise<boolean> {
    const { asks } = this.#mutation;
    if (asks === 'never' || this.#plot === 'live-mx' || this.#plot === 'live-mx-freed') return true;
    for (const wanted of this.configs()) {
      // Where the domain is removed, nothing holds its owner any more.
      if (wanted.absent && this.#isGone(wanted)) continue;
      const answer = await this.#world.when(wanted, question);
      if ('unread' in answer) return false;
      const date = asks === 'id-watching' ? answer.idWatchingSenders : answer.allSenders;
      if (date === null || date > this.#world.now) return false;
    }
    return true;
  }

  #isGone({ domain, idRecord }: DomainConfig): boolean {
    const isServed = [...this.#world.files.keys()].some((file) => file.endsWith(`mta-sts.${domain}`));
    return this.#world.txt(idRecord ?? `_mta-sts.${domain}`).length === 0 && !isServed;
  }

  #publisherAt(site: Site): DomainConfig['publisher'] {
    return {
      type: 'directory',
      directory: site.root === '' ? '/www' : site.root.trim(),
      target: { kind: 'hostname', hostname: hostName(site.hostname) },
      proof: 'https',
      spreadSeconds: this.#mutation.spreadSeconds ?? (this.#plot === 'nodes' ? SPREAD_SECONDS : 0),
    };
  }
}
