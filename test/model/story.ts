/**
 * One random story: owners change the YAML and move MX, runs come at odd times and are killed or fail half-way, name servers and policy hosts
 * lag and flap, STARTTLS breaks and is mended, and senders of every kind send mail. Played again by its seed.
 */
import { txtSet } from '../../src/core/record-set.ts';
import type { DomainConfig } from '../../src/core/config/model.ts';
import { mxSet, World } from '../support/world.ts';
import { eyes } from './eyes.ts';
import { type Address, Internet, type Site } from './internet.ts';
import { MailHost } from './mail-host.ts';
import { HOSTS, Owner } from './owner.ts';
import { drawPlot, type Mutation, type Plot } from './plot.ts';
import { Random } from './random.ts';
import { Referee, type Violation } from './referee.ts';
import { Sender } from './sender.ts';
import { providerError, type RunTrouble, Weather } from './weather.ts';

const TURNS = 60;
const TURN_LENGTHS = [60, 300, 900, 3600, 10_000, 40_000];
const QUICK_TURNS = [60, 120, 300, 900];
const SENDERS = 12;
const QUIET_TURNS = 8;
const QUIET_SECONDS = 900;

export interface Story {
  readonly plot: Plot;
  readonly violations: readonly Violation[];
  readonly rotations: number;
  readonly mails: number;
  /** What happened, a line each, for a person who looks into a seed. */
  readonly trace: readonly string[];
}

/** It ends at the first violation of one of these kinds; null: of any. */
export async function playStory(
  seed: number,
  mutation: Mutation = {},
  until: readonly Violation['kind'][] | null = null,
): Promise<Story> {
  return new Teller(seed, mutation).play(until);
}

class Teller {
  readonly #random: Random;
  readonly #mutation: Mutation;
  readonly #plot: Plot;
  readonly #world = new World([mxSet('example.com', HOSTS.slice(0, 1), 600)]);
  readonly #internet: Internet;
  readonly #owner: Owner;
  readonly #mailHost: MailHost | null;
  readonly #weather: Weather;
  readonly #referee: Referee;
  readonly #senders: readonly Sender[];
  readonly #trace: string[] = [];
  #mails = 0;

  constructor(seed: number, mutation: Mutation) {
    const random = new Random(seed);
    const drawn = drawPlot(random);
    const plot = mutation.plot ?? drawn;
    [this.#random, this.#mutation, this.#plot] = [random, mutation, plot];
    const say = (text: string): void => void this.#trace.push(`${this.#world.now.toISOString().slice(5, 19)} ${text}`);
    const now = (): number => this.#world.now.getTime() / 1000;
    this.#internet = new Internet(now, lagsOf(random, plot), sitesOf(random, plot));
    this.#world.network = eyes(this.#internet, random, mutation.blindness ?? 'none');
    const stage = { world: this.#world, internet: this.#internet, random };
    this.#owner = new Owner(stage, plot, mutation, say);
    const site = this.#internet.sites.at(-1);
    this.#mailHost =
      plot === 'hosted' && site !== undefined ? new MailHost(this.#world, this.#internet, this.#owner, site) : null;
    this.#weather = new Weather(this.#internet, random, plot, say);
    this.#referee = new Referee(this.#world, this.#internet, plot === 'live-mx-freed');
    const domains = this.#owner.configs().map(({ domain }) => domain);
    this.#senders = Array.from(
      { length: SENDERS },
      (_, index) =>
        new Sender(domains[index % domains.length] ?? 'example.com', random, this.#internet, (domain, copy) =>
          this.#referee.fetched(domain, copy),
        ),
    );
    this.#world.tamper = this.#tamper();
  }

  async play(until: readonly Violation['kind'][] | null): Promise<Story> {
    const { violations, ids } = this.#referee;
    const isOver = (): boolean => violations.some(({ kind }) => until?.includes(kind) ?? true);
    for (let turn = 0; turn < TURNS && !isOver(); turn++) {
      this.#owner.changeYaml();
      await this.#owner.moveMx();
      this.#mailHost?.act();
      this.#look();
      const isCalm = this.#mutation.isCalm === true;
      if (!isCalm) this.#changeWeather();
      await this.#runAll(isCalm ? 'none' : this.#weather.ofRun());
      this.#passTime(this.#random.pick(this.#mutation.isQuick === true ? QUICK_TURNS : TURN_LENGTHS));
      this.#remember();
    }
    if (violations.length === 0) await this.#rest();
    return { plot: this.#plot, violations, rotations: ids.size, mails: this.#mails, trace: this.#trace };
  }

  #changeWeather(): void {
    const before = this.#internet.flaps.size;
    this.#weather.change(this.#owner.live, 'mta-sts.example.com');
    if (before + this.#internet.flaps.size > 0) this.#referee.flapped();
  }

  /** A quiet time, long enough for every lag, TTL and second proof: it ends when there is nothing left to do. */
  async #rest(): Promise<void> {
    this.#say('a quiet time');
    this.#owner.rest();
    this.#weather.clear();
    let left: string | null = null;
    for (let turn = 0; turn < QUIET_TURNS; turn++) {
      const before = this.#world.writes.length;
      await this.#runAll('none');
      left = this.#referee.leftToDo(this.#owner.configs(), this.#world.writes.slice(before));
      if (left === null) return;
      this.#passTime(QUIET_SECONDS);
      this.#remember();
    }
    this.#referee.stuck(left ?? 'nothing');
  }

  async #runAll(trouble: RunTrouble): Promise<void> {
    const configs = this.#owner.configs();
    if (this.#mutation.runsApart !== true) return this.#run(configs, trouble);
    for (const one of configs) await this.#run([one], trouble);
  }

  /** A run, which may be killed or lose answers. Name servers and the policy host see each write at once, each after its own lag. */
  async #run(configs: readonly DomainConfig[], trouble: RunTrouble): Promise<void> {
    const random = this.#random;
    const at = random.between(0, 5);
    let count = 0;
    this.#world.readFault = () => {
      if (trouble === 'partial' && random.chance(0.3)) throw providerError('no answer');
    };
    this.#world.fault = (write, when) => {
      if (when === 'after') this.#written();
      if (trouble === 'none') return;
      if (trouble === 'partial' ? !random.chance(0.25) : count++ !== at) return;
      this.#fail(trouble, write, when);
    };
    const isRead = this.#internet.dns === 'none' || this.#internet.dns === 'one-down';
    if (isRead) this.#referee.sees(this.#owner.live);
    const report = await this.#world.sync(configs).catch(() => null);
    this.#world.isDead = false;
    this.#world.fault = () => undefined;
    this.#world.readFault = () => undefined;
    for (const plan of report?.domains ?? []) {
      const steps = plan.steps.map(
        (step) => `${step.kind} ${step.outcome}${step.guard === null ? '' : ` (${step.guard})`}`,
      );
      this.#say(`run (${trouble}), ${plan.domain} ${yamlOf(configs, plan.domain)}: ${steps.join(', ') || 'nothing'}`);
    }
    if (report === null) this.#say(`run (${trouble}) broke`);
  }

  #fail(trouble: RunTrouble, write: string, when: 'before' | 'after'): void {
    if (trouble === 'kill') {
      this.#world.isDead = true;
      throw new Error('killed');
    }
    if (trouble === 'refused' && when === 'after') return;
    if (trouble === 'lost' && when === 'before') return;
    if (when === 'after' && this.#mutation.repeatsCreate === true) this.#createAgain(write);
    throw providerError(`${trouble} ${when}`);
  }

  /** A client that did not look again after a lost answer: the record stands there twice. */
  #createAgain(write: string): void {
    const name = /^write (_mta-sts\.\S+) TXT$/.exec(write)?.[1];
    if (name === undefined) return;
    const texts = this.#world.txt(name);
    this.#world.sets.set(`${name} TXT`, txtSet(name, 300, [...texts, ...texts]));
    this.#written();
  }

  /** Something was written: mail goes on meanwhile. */
  #written(): void {
    this.#internet.zoneChanged(this.#world.sets);
    this.#internet.filesChanged(this.#world.files);
    this.#look();
    this.#say(
      `wrote; id ${this.#world.txt(this.#owner.wanted.idRecord ?? '_mta-sts.example.com').join(' | ') || 'none'}`,
    );
    this.#sendMail();
    this.#world.later(this.#random.between(0, 5));
  }

  #look(): void {
    this.#referee.look(this.#owner.configs(), this.#owner.live);
  }

  #passTime(seconds: number): void {
    const steps = Math.min(20, Math.ceil(seconds / 30));
    for (let step = 0; step < steps; step++) {
      this.#world.later(Math.ceil(seconds / steps));
      this.#owner.mend();
      this.#sendMail();
    }
  }

  #sendMail(): void {
    for (const sender of this.#senders) {
      if (!this.#random.chance(0.3)) continue;
      this.#mails++;
      const complaint = sender.send();
      if (complaint === null) continue;
      this.#owner.hear(complaint);
      this.#referee.hear(complaint);
    }
  }

  #remember(): void {
    const { remembers } = this.#mutation;
    if (remembers === undefined) return;
    for (const [domain, memory] of this.#world.memories) this.#world.memories.set(domain, remembers(memory));
  }

  #tamper(): World['tamper'] {
    const { tamper } = this.#mutation;
    if (tamper === undefined) return null;
    return (plan) => {
      const wanted = this.#owner.configs().find(({ domain }) => domain === plan.domain);
      return wanted === undefined ? plan : tamper(plan, wanted);
    };
  }

  #say(text: string): void {
    this.#trace.push(`${this.#world.now.toISOString().slice(5, 19)} ${text}`);
  }
}

/** How late each name server is: not at all, or one waits for its refresh. */
function lagsOf(random: Random, plot: Plot): readonly number[] {
  const most = plot === 'plain' ? random.pick([0, 300, 3600]) : 300;
  return [0, random.between(0, most), random.between(0, most)];
}

/** Two publishers of ours and the mail host's. */
function sitesOf(random: Random, plot: Plot): readonly Site[] {
  // Of several nodes behind one address the first is as quick as the files, and the others stay within the spread.
  const nodes = (): readonly number[] => [0, random.between(300, 800), random.between(300, 800)];
  const address = (ip: string, isFirst: boolean): Address => {
    if (plot === 'nodes') return { ip, nodeLags: nodes() };
    return { ip, nodeLags: [isFirst ? 0 : random.between(0, plot === 'moving' ? 300 : 90)] };
  };
  const indexes = plot === 'nodes' ? [1] : [1, 2, 3];
  const site = (hostname: string, root: string, net: string): Site => ({
    hostname,
    root,
    addresses: indexes.map((index) => address(`${net}.${index}`, index === 1)),
  });
  return [
    site('policies.example.net', '', '192.0.2'),
    site('other.example.net', '/other ', '203.0.113'),
    site('mail.example.net', '/mail ', '198.51.100'),
  ];
}

function yamlOf(configs: readonly DomainConfig[], domain: string): string {
  const wanted = configs.find((one) => one.domain === domain);
  if (wanted === undefined || wanted.absent) return 'absent';
  const { mode, maxAgeSeconds, mx, publisher } = wanted;
  return `${mode} ${maxAgeSeconds} ${[mx].flat().join(' ')} at ${publisher.type === 'directory' ? publisher.directory : ''}`;
}
