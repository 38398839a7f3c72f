/**
 * Random lives of a delegated domain, seen by senders behind resolvers with caches: a hosted service announces a policy, the domain moves in, lives here
 * with a YAML that changes, and moves out to a service that takes over what it finds. CNAMEs are switched in any order, at any time, runs come at any time.
 */
import { expect, it } from 'vitest';
import { parseOwnId } from '../../src/core/id.ts';
import { formatPolicy, parsePolicy } from '../../src/core/policy.ts';
import { Random } from '../model/random.ts';
import { runs } from '../property-runs.ts';
import { announceElsewhere, D, delegated, HOSTED, LABELS, Town, ZONE } from './delegation-rig.ts';

const CNAME_TTL = 3600;
const TXT_TTL = 300;
const STEPS = [30, 300, 900, 2000];

interface Kept {
  readonly value: string;
  readonly until: number;
}

/** It asks again when the TTL is over, and not before: a CNAME and the TXT at its end each have their own. */
class Resolver {
  readonly #cache = new Map<string, Kept>();
  readonly #town: Town;

  constructor(town: Town) {
    this.#town = town;
  }

  /** Where the name leads now, as far as this resolver knows: to our zone, or to a service. Null: nowhere. */
  end(label: '_mta-sts' | 'mta-sts'): 'ours' | 'hosted' | null {
    const set = this.#town.world.sets.get(`${label}.${D} CNAME`);
    const target = this.#kept(label, CNAME_TTL, () => set?.rdata[0] ?? '');
    return target === '' ? null : target.includes(ZONE) ? 'ours' : 'hosted';
  }

  id(): string | null {
    const end = this.end('_mta-sts');
    if (end === null) return null;
    const shown = this.#kept(end, TXT_TTL, () =>
      (end === 'ours' ? this.#town.written() : this.#town.world.txt(`_mta-sts.${HOSTED}`)).join(),
    );
    return /id=(\w+)/.exec(shown)?.[1] ?? null;
  }

  /** What is not there is not remembered: the next sender asks again. */
  #kept(key: string, ttlSeconds: number, ask: () => string): string {
    const now = this.#town.world.now.getTime() / 1000;
    const kept = this.#cache.get(key);
    if (kept !== undefined && kept.until > now) return kept.value;
    const value = ask();
    if (value !== '') this.#cache.set(key, { value, until: now + ttlSeconds });
    else this.#cache.delete(key);
    return value;
  }
}

class Life {
  readonly faults: string[] = [];
  readonly random: Random;
  readonly town = new Town();
  readonly #resolvers = Array.from({ length: 5 }, () => new Resolver(this.town));
  /** Every policy that was to be had, in the order in which it came; and the policy that each id was made for. */
  readonly #policies: string[] = [];
  readonly #policyOfId = new Map<string, number>();
  readonly #seen = new Map<string, string>();
  mx: readonly string[] = [`mx1.${D}`, `mx2.${D}`];
  isReleased = false;

  constructor(seed: number) {
    this.random = new Random(seed);
    for (const label of LABELS) this.town.set(label, D, `${label}.${HOSTED}`);
    announceElsewhere(this.town, formatPolicy({ mode: 'testing', maxAgeSeconds: 86_400, mx: [`mx1.${D}`] }), 'hosted1');
  }

  async run(): Promise<void> {
    const { isReleased: released, mx } = this;
    await this.town.sync(delegated(D, { adopt: true, mx, released }));
    this.look();
  }

  /** Time passes, and senders ask. */
  pass(seconds: number): void {
    for (let step = 0; step < 5; step++) {
      this.town.world.later(Math.ceil(seconds / 5));
      this.look();
    }
  }

  look(): void {
    this.#learn();
    for (const resolver of this.#resolvers) if (this.random.chance(0.6)) this.#ask(resolver);
  }

  /** The body at an end comes before its id (rule 5), so an id that is new stands for the newest policy there. */
  #learn(): void {
    const { town } = this;
    const ends = [
      { end: 'hosted', body: town.hosted, id: town.world.txt(`_mta-sts.${HOSTED}`) },
      { end: 'ours', body: town.world.body(D) ?? null, id: town.written() },
    ];
    for (const { end, body, id } of ends) {
      if (body === null) continue;
      const policy = meaningOf(body);
      // Going back to an earlier policy is a change like any other.
      if (this.#seen.get(end) !== policy && this.#policies.at(-1) !== policy) this.#policies.push(policy);
      this.#seen.set(end, policy);
      const announced = /id=(\w+)/.exec(id.join())?.[1];
      const isOlder = announced !== undefined && this.#policyOfId.has(announced);
      if (announced !== undefined && !isOlder) this.#policyOfId.set(announced, this.#policies.lastIndexOf(policy));
    }
  }

  #ask(resolver: Resolver): void {
    const [id, host] = [resolver.id(), resolver.end('mta-sts')];
    if (resolver.end('_mta-sts') === 'ours' && id === null) this.faults.push('a sender that is led here finds no id');
    if (id === null || host === null) return;
    const body = host === 'ours' ? (this.town.world.body(D) ?? null) : this.town.hosted;
    if (body === null) {
      this.faults.push(`a sender that sees id ${id} finds no policy at ${host}`);
      return;
    }
    const [policy, made] = [this.#policies.lastIndexOf(meaningOf(body)), this.#policyOfId.get(id)];
    if (made === undefined || policy < made) this.faults.push(`an older policy (${policy}) under id ${id} (${made})`);
    // An id of somebody else changes only with its policy: no sender may hold two under it, as long as one may be led there.
    const isOutside = parseOwnId(id) === null && this.#resolvers.some((one) => one.end('mta-sts') === 'hosted');
    if (isOutside && policy !== made) this.faults.push(`two policies under the foreign id ${id}`);
  }
}

function meaningOf(body: string): string {
  const parsed = parsePolicy(body);
  if (!parsed.ok) throw new Error(body);
  return formatPolicy(parsed.value);
}

async function live(seed: number): Promise<Life> {
  const life = new Life(seed);
  const { random, town } = life;
  const wander = async (turns: number): Promise<void> => {
    for (let turn = 0; turn < turns; turn++) {
      if (random.chance(0.7)) await life.run();
      if (random.chance(0.3)) life.mx = [`mx1.${D}`, `mx${random.between(2, 9)}.${D}`];
      life.pass(random.pick(STEPS));
    }
  };
  await life.run();
  for (const label of shuffled(random, LABELS)) {
    town.set(label);
    await wander(random.between(0, 4));
  }
  await wander(8);
  await life.run();
  // Handed over: from now on nothing changes here, and the other service takes over what it finds.
  life.isReleased = true;
  await life.run();
  announceElsewhere(town, town.world.body(D) ?? '', /id=(\w+)/.exec(town.written().join())?.[1] ?? '');
  for (const label of shuffled(random, LABELS)) {
    town.set(label, D, `${label}.${HOSTED}`);
    await wander(random.between(0, 4));
  }
  for (let turn = 0; turn < 4; turn++) {
    await life.run();
    life.pass(CNAME_TTL);
  }
  return life;
}

function shuffled<T>(random: Random, items: readonly T[]): readonly T[] {
  const rest = [...items];
  return items.flatMap(() => rest.splice(random.between(0, rest.length - 1), 1));
}

it('no sender ever finds an older policy under a newer id, two policies under a foreign id, or nothing where it was led', async () => {
  let settled = 0;
  for (let seed = 1; seed <= runs(25).numRuns; seed++) {
    const { faults, town } = await live(seed);
    expect([seed, faults]).toEqual([seed, []]);
    if (town.world.writes.filter((write) => write === `write _mta-sts.${D}.${ZONE} TXT`).length > 1) settled++;
    expect([...town.world.sets.keys()].filter((key) => key.includes(ZONE))).toEqual([]);
    expect(town.strays()).toEqual([]);
  }
  // Most of them came so far as to get an id of ours; the others left before.
  expect(settled).toBeGreaterThan(15);
}, 120_000);
