/**
 * One random story of one domain: its owner changes the YAML and moves MX as `stsync when` allows, runs come at odd times and are killed or
 * fail half-way, name servers and policy hosts lag, and senders of every kind send mail. Played again by its seed.
 */
import type { DomainConfig } from '../../src/core/config/model.ts';
import type { GuardName } from '../../src/core/guard-names.ts';
import type { DomainPlan } from '../../src/core/plan/model.ts';
import type { WhenQuestion } from '../../src/services/when.ts';
import { mxSet, wantedDomain, World } from '../support/world.ts';
import { Internet } from './internet.ts';
import { Random } from './random.ts';
import { type Refusal, Sender, type SenderKind } from './sender.ts';

const D = 'example.com';
const HOSTS = ['mx1', 'mx2', 'mx3', 'mx4'].map((host) => `${host}.${D}`);
const MAX_AGES = [600, 3600, 86_400];
const MX_TTL = 600;

/** A rule switched off, to see that the model would notice. */
export interface Mutation {
  /** Guards freed in the YAML. */
  readonly allow?: readonly GuardName[];
  /** The owner moves MX without asking, or by the answer for senders that watch the id. */
  readonly asks?: 'never' | 'id-watching';
  /** Tampers with the plan before it is carried out. */
  readonly tamper?: (plan: DomainPlan) => DomainPlan;
}

export interface Story {
  readonly refusals: readonly Refusal[];
  readonly rotations: number;
  readonly mails: number;
  /** What happened, a line each, for a person who looks into a seed. */
  readonly trace: readonly string[];
}

export async function playStory(seed: number, mutation: Mutation = {}): Promise<Story> {
  return new Teller(seed, mutation).play();
}

class Teller {
  readonly #random: Random;
  readonly #mutation: Mutation;
  readonly #world = new World([mxSet(D, [HOSTS[0] ?? ''], MX_TTL)]);
  readonly #internet: Internet;
  readonly #senders: readonly Sender[];
  readonly #ids = new Set<string>();
  readonly #refusals: Refusal[] = [];
  #live: readonly string[] = HOSTS.slice(0, 1);
  #wanted: DomainConfig;
  #mails = 0;
  readonly #trace: string[] = [];

  constructor(seed: number, mutation: Mutation) {
    const random = new Random(seed);
    this.#random = random;
    this.#mutation = mutation;
    const lags = (most: number): readonly number[] => [0, random.between(0, most), random.between(0, most)];
    this.#internet = new Internet(() => this.#world.now.getTime() / 1000, lags(120), lags(90));
    this.#world.network = this.#internet.network();
    this.#world.tamper = mutation.tamper ?? null;
    this.#internet.zoneChanged(this.#world.sets);
    this.#wanted = wantedDomain(D, {
      observe: 'dns',
      publisher: {
        ...wantedDomain(D).publisher,
        type: 'directory',
        directory: '/www',
        proof: 'https',
        spreadSeconds: 0,
      },
      mx: this.#live,
      allow: new Set<GuardName>(['testing-before-enforce', ...(mutation.allow ?? [])]),
      maxAgeSeconds: random.pick(MAX_AGES),
    });
    this.#senders = Array.from({ length: 12 }, () => new Sender(kindOf(random), random, this.#internet));
  }

  async play(): Promise<Story> {
    for (let turn = 0; turn < 60; turn++) {
      this.#changeYaml();
      await this.#moveMx();
      await this.#run();
      this.#sendMail(this.#random.pick([60, 300, 900, 3600, 40_000]));
    }
    return { refusals: this.#refusals, rotations: this.#ids.size, mails: this.#mails, trace: this.#trace };
  }

  #changeYaml(): void {
    const random = this.#random;
    const mx = this.#wanted.mx === 'live' ? [] : this.#wanted.mx;
    const change = (rest: Partial<DomainConfig>): void => {
      this.#wanted = { ...this.#wanted, ...rest };
    };
    if (random.chance(0.3)) change({ mx: [...new Set([...mx, random.pick(HOSTS)])] });
    if (random.chance(0.3)) change({ mx: mx.filter((host) => this.#live.includes(host) || random.chance(0.5)) });
    if (random.chance(0.2)) change({ mode: random.pick(['enforce', 'enforce', 'testing'] as const) });
    if (random.chance(0.1)) change({ maxAgeSeconds: random.pick(MAX_AGES) });
    if (random.chance(0.06)) change({ absent: !this.#wanted.absent });
    if (this.#wanted.mx.length === 0) change({ mx: this.#live });
  }

  async #moveMx(): Promise<void> {
    const random = this.#random;
    const host = random.pick(HOSTS);
    if (this.#live.includes(host)) {
      if (this.#live.length > 1 && random.chance(0.4) && (await this.#isSafe({ kind: 'remove-mx', host }))) {
        this.#setMx(this.#live.filter((one) => one !== host));
      }
    } else if (await this.#isSafe({ kind: 'add-mx', host })) {
      this.#setMx([...this.#live, host]);
    }
  }

  async #isSafe(question: WhenQuestion): Promise<boolean> {
    // Where the domain is removed, nothing holds its owner any more.
    const isRemoved = this.#wanted.absent && this.#world.id(D) === undefined && this.#world.body(D) === undefined;
    if (this.#mutation.asks === 'never' || isRemoved) return true;
    const answer = await this.#world.when(this.#wanted, question);
    if ('unread' in answer) return false;
    const date = this.#mutation.asks === 'id-watching' ? answer.idWatchingSenders : answer.allSenders;
    // What the next policy will refuse is not safe either: the owner reads the YAML too.
    const isWanted = question.kind !== 'add-mx' || this.#wanted.mx.includes(question.host);
    return isWanted && date !== null && date <= this.#world.now;
  }

  #setMx(hosts: readonly string[]): void {
    this.#live = hosts;
    this.#say(`MX is now ${hosts.join(' ')}`);
    this.#world.sets.set(`${D} MX`, mxSet(D, hosts, MX_TTL));
    this.#internet.zoneChanged(this.#world.sets);
  }

  /** A run, which may be killed or lose answers. Name servers and the policy host see each write at once, each after its own lag. */
  async #run(): Promise<void> {
    const random = this.#random;
    const trouble = random.pick(['none', 'none', 'none', 'kill', 'fail-before', 'fail-after'] as const);
    const at = random.between(0, 5);
    let count = 0;
    this.#world.fault = (_write, when) => {
      if (when === 'after') {
        this.#internet.zoneChanged(this.#world.sets);
        this.#internet.filesChanged(this.#world.files);
        this.#world.later(random.between(0, 5));
      }
      if (trouble === 'none' || count++ !== at) return;
      if (trouble === 'kill') this.#world.isDead = true;
      if (trouble !== 'fail-after' || when === 'after') throw new Error(trouble);
    };
    const { mode, mx, maxAgeSeconds, absent } = this.#wanted;
    const yaml = absent ? 'absent' : `${mode} ${maxAgeSeconds} ${[mx].flat().join(' ')}`;
    const report = await this.#world.sync([this.#wanted]).catch(() => null);
    const steps = report?.domains.flatMap((plan) => plan.steps.map((step) => `${step.kind} ${step.outcome}`)) ?? [];
    this.#say(`run (${trouble}), YAML ${yaml}: ${steps.join(', ') || 'nothing'}; id ${this.#world.id(D) ?? 'none'}`);
    this.#world.isDead = false;
    this.#world.fault = () => undefined;
    const id = this.#world.id(D);
    if (id !== undefined) this.#ids.add(id);
  }

  #say(text: string): void {
    this.#trace.push(`${this.#world.now.toISOString().slice(5, 19)} ${text}`);
  }

  #sendMail(seconds: number): void {
    const steps = Math.min(20, Math.ceil(seconds / 30));
    for (let step = 0; step < steps; step++) {
      this.#world.later(Math.ceil(seconds / steps));
      for (const sender of this.#senders) {
        if (!this.#random.chance(0.3)) continue;
        this.#mails++;
        const refusal = sender.send(D);
        if (refusal === null) continue;
        this.#refusals.push(refusal);
        this.#say(`refused ${refusal.host} by id ${refusal.id}: ${refusal.policy.mx.join(' ')}`);
      }
    }
  }
}

function kindOf(random: Random): SenderKind {
  return { watchesId: random.chance(0.7), stretches: random.chance(0.5), refreshesEarly: random.chance(0.3) };
}
