/** A whole world in memory for the services: providers, publisher, store and clock, each a table that tests look into and change. */
import { descriptors } from '../../providers/registry.ts';
import { openMemory } from '../../providers/memory/provider.ts';
import type { CertificateFacts } from '../../src/core/certificates/model.ts';
import type { Config, DomainConfig } from '../../src/core/config/model.ts';
import { defaultDaemon } from '../../src/core/config/shape-daemon.ts';
import { defaultReports } from '../../src/core/config/shape-reports.ts';
import type { JournalEntry } from '../../src/core/journal.ts';
import { type DomainMemory, noMemory } from '../../src/core/memory.ts';
import { parseHostName } from '../../src/core/names.ts';
import type { DomainPlan } from '../../src/core/plan/model.ts';
import type { RunReport } from '../../src/core/plan/report.ts';
import { rdataText, type RecordSet } from '../../src/core/record-set.ts';
import type { ReportFacts } from '../../src/core/reports/finding-model.ts';
import type { Publisher } from '../../src/effects/publisher.ts';
import type { Store } from '../../src/effects/store.ts';
import { type Provider, readOnly } from '../../src/provider.ts';
import { applyPlan } from '../../src/services/apply.ts';
import { openTurns } from '../../src/services/certificates/turns.ts';
import { dryRun, planRun, type RunOptions, syncRun } from '../../src/services/sync.ts';
import { answerWhen, type WhenQuestion } from '../../src/services/when.ts';
import type { PlanningWorld } from '../../src/services/look.ts';
import type { Network } from '../../src/services/world.ts';
import { noNetwork } from './no-network.ts';

export function hostName(text: string): DomainConfig['domain'] {
  const name = parseHostName(text);
  if (!name.ok) throw new Error(`bad name in a test: ${text}`);
  return name.value;
}

/** A domain as the YAML would give it; what a test does not say is the default of DESIGN section 4 and works without a network. */
export function wantedDomain(domain: string, rest: Partial<DomainConfig> = {}): DomainConfig {
  return {
    domain: hostName(domain),
    place: { file: 'domains.yaml', line: 1, column: 1 },
    providers: { kind: 'all', names: ['main'] },
    publisher: {
      type: 'directory',
      directory: '/www',
      target: { kind: 'hostname', hostname: hostName('policies.example.net') },
      proof: 'file',
      spreadSeconds: 0,
    },
    mode: 'testing',
    maxAgeSeconds: 86_400,
    mx: [`mx1.${domain}`],
    ttlSeconds: 300,
    tlsReports: ['mailto:tls@example.net'],
    allow: new Set(),
    adopt: false,
    absent: false,
    observe: 'provider',
    testingForSeconds: 14 * 86_400,
    stepBack: false,
    idRecord: null,
    delegation: null,
    released: false,
    contacts: [],
    ...rest,
  };
}

export function mxSet(domain: string, hosts: readonly string[], ttlSeconds = 3600): RecordSet {
  return { name: domain, type: 'MX', ttlSeconds, rdata: hosts.map((host) => `10 ${host}.`) };
}

export class World {
  readonly sets = new Map<string, RecordSet>();
  readonly files = new Map<string, string>();
  readonly memories = new Map<string, DomainMemory>();
  /** What the state knows of certificates, by policy host. */
  readonly certificates = new Map<string, CertificateFacts>();
  /** What the state knows of TLS reports, by domain. */
  readonly reports = new Map<string, ReportFacts>();
  /** The domains whose memory was written after a look, in order. */
  readonly remembered: string[] = [];
  readonly journal: JournalEntry[] = [];
  now = new Date('2026-11-24T12:00:00Z');
  /** Every write that happened, in order: `publish mta-sts.example.com`, `write _mta-sts.example.com TXT`, ... */
  readonly writes: string[] = [];
  /** Called before and after each write with its name; a test throws here to break it. */
  fault: (write: string, when: 'before' | 'after') => void = () => undefined;

  /** Changes each plan before it is carried out: how a test breaks a rule to see that it is missed. */
  tamper: ((plan: DomainPlan) => DomainPlan) | null = null;
  /** A killed process writes nothing more: every write after this throws, until it is false again. */
  isDead = false;
  /** What reading a policy throws; null: it can be read. */
  unreadable: Error | null = null;
  /** Called before each read at the provider; a test throws here to break it. */
  readFault: () => void = () => undefined;

  /** What senders see; a test that has a network puts its own here. */
  network: Network = noNetwork;

  /** Timers of deadlines; they never ring unless a test puts its own here. */
  after: PlanningWorld['after'] = () => () => undefined;

  readonly provider: Provider;
  /** Providers beside `main`, by name; a test that has a zone at two puts its own here. */
  readonly others = new Map<string, Provider>();
  readonly publisher: Publisher;
  readonly store: Store;

  constructor(records: readonly RecordSet[] = []) {
    const inner = openMemory(null, records, this.sets);
    this.provider = {
      ...inner,
      read: async (keys, signal) => {
        this.readFault();
        return inner.read(keys, signal);
      },
      apply: (changes, signal) =>
        this.#write(
          changes
            .map((change) => `${change.after === null ? 'delete' : 'write'} ${change.name} ${change.type}`)
            .join(', '),
          () => inner.apply(changes, signal),
        ),
    };
    this.publisher = this.#publisherAt('');
    this.store = {
      domains: () => [...this.memories.keys()].toSorted(),
      memory: (domain) => this.memories.get(domain) ?? noMemory,
      journal: (filter) =>
        filter.isUnfinished
          ? unfinishedOf(this.journal)
          : this.journal.filter((entry) => filter.domain === undefined || entry.domain === filter.domain),
      close: () => undefined,
      saveMemory: (domain, memory) => {
        this.#alive();
        this.memories.set(domain, memory);
      },
      saveMemories: (memories) => {
        this.#alive();
        memories.forEach((memory, domain) => this.memories.set(domain, memory));
        this.remembered.push(...memories.keys());
      },
      forget: (domains) => {
        this.#alive();
        domains.forEach((domain) => this.memories.delete(domain));
      },
      beginStep: (entry) => {
        this.#alive();
        return this.journal.push({ ...entry, outcome: 'started', note: null }) - 1;
      },
      domainStates: () => new Map(),
      lastGoodRunAt: () => null,
      saveDomainStates: () => this.#alive(),
      policyBody: () => null,
      certificate: (host) => this.certificates.get(host) ?? null,
      certificates: () => [...this.certificates.values()],
      orderQueue: () => null,
      reportFacts: (domain) => this.reports.get(domain) ?? null,
      savePolicyBody: () => this.#alive(),
      endStep: (number, outcome, note) => {
        this.#alive();
        const entry = this.journal[number];
        if (entry !== undefined) this.journal[number] = { ...entry, outcome, note };
      },
    };
  }

  /** Publishers with another directory than `/www` keep their files beside the others, under `<directory> <host>`. */
  #publisherOf({ publisher }: DomainConfig): Publisher {
    if (publisher.type !== 'directory' || publisher.directory === '/www') return this.publisher;
    return this.#publisherAt(`${publisher.directory} `);
  }

  #publisherAt(root: string): Publisher {
    return {
      read: (host) => {
        if (this.unreadable !== null) return Promise.reject(this.unreadable);
        const body = this.files.get(`${root}${host}`);
        return Promise.resolve(body === undefined ? null : new TextEncoder().encode(body));
      },
      publish: (host, body) => this.#write(`publish ${host}`, () => void this.files.set(`${root}${host}`, body)),
      remove: (host) => this.#write(`remove ${host}`, () => void this.files.delete(`${root}${host}`)),
    };
  }

  #alive(): void {
    if (this.isDead) throw new Error('the process was killed');
  }

  async #write(name: string, act: () => void | Promise<void>): Promise<void> {
    this.#alive();
    this.fault(name, 'before');
    this.#alive();
    await act();
    this.writes.push(name);
    this.fault(name, 'after');
  }

  later(seconds: number): this {
    this.now = new Date(this.now.getTime() + seconds * 1000);
    return this;
  }

  /** TXT strings at a name, joined; empty where there is no set. */
  txt(name: string): readonly string[] {
    return (this.sets.get(`${name} TXT`)?.rdata ?? []).map((rdata) => rdataText('TXT', rdata));
  }

  /** The id that senders read. */
  id(domain: string): string | undefined {
    return /id=(\w+)/.exec(this.txt(`_mta-sts.${domain}`).join())?.[1];
  }

  body(domain: string): string | undefined {
    return this.files.get(`mta-sts.${domain}`);
  }

  async sync(domains: readonly DomainConfig[], options: Partial<RunOptions> = {}): Promise<RunReport> {
    const writing = {
      providers: new Map([['main', this.provider], ...this.others]),
      publisher: (wanted: DomainConfig) => this.#publisherOf(wanted),
      network: this.network,
      store: this.store,
      now: () => this.now,
      commit: null,
      signal: new AbortController().signal,
    };
    const run = { ...noOptions, ...options };
    const { tamper } = this;
    const config = this.#config(domains);
    if (tamper === null) return syncRun(config, this.#planning(), writing, run);
    const report = await dryRun(config, this.#planning(), run);
    for (const one of await planRun(config, this.#planning(), run)) {
      this.store.saveMemory(one.wanted.domain, one.memory);
      await applyPlan({ ...one, plan: tamper(one.plan) }, writing);
    }
    return report;
  }

  async dryRun(domains: readonly DomainConfig[], options: Partial<RunOptions> = {}): Promise<RunReport> {
    return dryRun(this.#config(domains), this.#planning(), { ...noOptions, ...options });
  }

  async when(wanted: DomainConfig, question: WhenQuestion): Promise<Awaited<ReturnType<typeof answerWhen>>> {
    return answerWhen(this.#config([wanted]), wanted, question, this.#planning(), noOptions);
  }

  #config(domains: readonly DomainConfig[]): Config {
    return configOf(domains, ['main', ...this.others.keys()]);
  }

  #planning(): Parameters<typeof dryRun>[1] {
    return {
      readers: new Map([['main', this.provider] as const, ...this.others].map(([name, one]) => [name, readOnly(one)])),
      network: this.network,
      policies: (wanted: DomainConfig) => ({ read: (host: string) => this.#publisherOf(wanted).read(host) }),
      signal: new AbortController().signal,
      store: this.store,
      now: () => this.now,
      after: this.after,
      descriptors,
      turnOf: openTurns(this.store),
    };
  }
}

/** The only domain of a report. */
export function theDomain(report: RunReport): DomainPlan {
  const [plan] = report.domains;
  if (plan === undefined) throw new Error('the report has no domain');
  return plan;
}

const noOptions: RunOptions = {
  only: null,
  allow: [],
  isRotationAsked: false,
  reviewed: null,
  servedSince: null,
  onProgress: () => undefined,
};

function configOf(domains: readonly DomainConfig[], providers: readonly string[]): Config {
  const place = { file: 'domains.yaml', line: 1, column: 1 };
  return {
    providers: new Map(providers.map((name) => [name, { name, type: 'memory', options: {}, place }])),
    state: { kind: 'file', path: '/state.db' },
    world: {
      resolvers: [],
      authorities: new Map(),
      connectTo: new Map(),
      caFile: null,
      allowPrivateAddresses: false,
      smtpProbe: true,
      concurrency: 16,
      deadlineSeconds: 600,
    },
    schedule: '*/15 * * * *',
    limits: { changedDomains: 50, changedPercent: 10 },
    domains,
    source: null,
    sourceCommit: null,
    daemon: defaultDaemon,
    notifications: [],
    reports: defaultReports,
    publisherHostnames: [hostName('policies.example.net')],
    policyServers: [],
  };
}

function unfinishedOf(journal: readonly JournalEntry[]): readonly JournalEntry[] {
  const newest = new Map(journal.filter((entry) => entry.type !== null).map((entry) => [entry.name, entry]));
  return [...newest.values()].filter((entry) => entry.outcome !== 'done');
}
