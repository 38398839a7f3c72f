/**
 * Rule 13 for the policy host: kill -9 at random moments while certificates are ordered and policies change. Whatever was served is served again from
 * the state alone, an order that lives is finished and not made again, and no body ever has two ids. 6 kills by default, 100 with SLOW=1; STSYNC_SEED=17 for
 * these choices (the moment within a run is still that of the machine).
 */
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Daemon } from '../cli/daemon-rig.ts';
import { isSlow } from '../crash/kill.ts';
import { Random } from '../model/random.ts';
import { PEBBLE_PROGRAMS, startPebble } from '../servers/pebble.ts';
import { startPebbleGate } from '../servers/pebble-gate.ts';
import { describeWith } from '../servers/programs.ts';
import { startDnsServer } from '../support/dns-server.ts';
import { closedPort } from '../support/tcp-server.ts';
import { HostKillRig, type HostKillWorld, untilAnswered } from './host-kill-rig.ts';

const KILLS = isSlow ? 100 : 6;
const seed = Number(process.env['STSYNC_SEED'] ?? Date.now() % 1_000_000_000);
/** From the start of the process to the policies, as a rule: a machine that does other things takes longer now and then. */
const BACK_MS = 2_000;
const LATEST_MS = 15_000;
const LOOKED_AT = 5;
/** A start, a run, an order and the run after it. */
const WORK_MS = 3_500;
/** From the order to its certificate. */
const ORDER_MS = 1_000;

describeWith(PEBBLE_PROGRAMS, 'a policy host that is killed', () => {
  test(
    `${KILLS} times at random moments serves again within ${BACK_MS} ms, and loses nothing (STSYNC_SEED=${seed})`,
    { timeout: isSlow ? 1_800_000 : 600_000 },
    async () => {
      const kills = new Kills(await openWorld(), new Random(seed));
      await kills.begin();
      for (let kill = 1; kill <= KILLS; kill++) await kills.next();
      await kills.end();
      console.log(`STSYNC_SEED=${seed}: ${KILLS} kills; ${kills.summary()}`);
    },
  );
});

async function openWorld(): Promise<HostKillWorld> {
  const pebble = await startPebble();
  onTestFinished(() => pebble.stop());
  const gate = await startPebbleGate(pebble);
  onTestFinished(() => gate[Symbol.asyncDispose]());
  const dns = await startDnsServer({ isResolver: true });
  onTestFinished(() => dns.stop());
  return { pebble, gate, dns, port: await closedPort(createServer()) };
}

class Kills {
  readonly #world: HostKillWorld;
  readonly #random: Random;
  readonly #rig: HostKillRig;
  readonly #backMs: number[] = [];
  #daemon: Daemon | null = null;
  #duringOrders = 0;
  #duringRuns = 0;

  constructor(world: HostKillWorld, random: Random) {
    this.#world = world;
    this.#random = random;
    this.#rig = new HostKillRig(world);
  }

  async begin(): Promise<void> {
    this.#rig.change([this.#rig.add(), this.#rig.add()]);
    this.#daemon = this.#rig.start();
    await this.#rig.untilDone();
  }

  async next(): Promise<void> {
    const { domains } = this.#rig;
    const fresh = this.#random.chance(0.6) ? [this.#rig.add()] : [];
    this.#rig.change([...domains.filter(() => this.#random.chance(0.3)), ...fresh, this.#random.pick(domains)]);
    const [host] = this.#random.chance(0.6) ? fresh : [];
    if (host !== undefined) await untilOrdered(this.#world, `mta-sts.${host}`);
    // No wait for something to happen: the moment is what is tried.
    await sleep(this.#random.next() * (host === undefined ? WORK_MS : ORDER_MS));
    const before = await this.#kill();
    await this.#comeBack(before);
    // Else the next change and the next kill meet a daemon that is not done with this one.
    if (this.#random.chance(0.4)) await this.#rig.untilDone();
  }

  async end(): Promise<void> {
    await this.#rig.untilDone();
    for (const domain of this.#rig.domains) {
      expectOneIdEach(this.#rig.loadedIds(domain));
      expectSame(await this.#rig.served(domain), this.#rig.announced(domain));
    }
    await expectInSync(this.#rig);
    expectQuietEnd(await this.#daemon?.stop());
    // Some kills have to hit what they are made for.
    expectWithin(median(this.#backMs), BACK_MS);
    if (isSlow) expectSome(this.#duringOrders, this.#duringRuns);
  }

  summary(): string {
    const late = this.#backMs.filter((ms) => ms >= BACK_MS).length;
    const again = this.#world.gate.orders.length - this.#rig.domains.length;
    return `${this.#duringOrders} while an order lived, ${this.#duringRuns} inside a run; served again after ${median(this.#backMs).toFixed(0)} ms (median), ${Math.max(...this.#backMs).toFixed(0)} ms at most, ${late} times after ${BACK_MS} ms; ${this.#rig.domains.length} domains, ${again} orders made again`;
  }

  /** What was served of each domain until then. */
  async #kill(): Promise<ReadonlyMap<string, number>> {
    const daemon = this.#daemon;
    daemon?.kill('SIGKILL');
    expectKilled(await daemon?.ended);
    const count = (message: string): number => daemon?.lines.filter(({ msg }) => msg === message).length ?? 0;
    if (count('a run begins') > count('the run ended')) this.#duringRuns++;
    const { certified, ordered } = this.#rig.kept();
    if (ordered.length > 0) this.#duringOrders++;
    this.#expectNoOtherOrder = noOtherOrder(this.#world, [...certified, ...ordered]);
    const announced = this.#rig.domains.filter((domain) => certified.includes(`mta-sts.${domain}`));
    return new Map(announced.map((domain) => [domain, this.#rig.announced(domain)]));
  }

  /** Of hosts that had an order or a certificate at the last kill. */
  #expectNoOtherOrder: () => void = () => undefined;

  async #comeBack(before: ReadonlyMap<string, number>): Promise<void> {
    this.#daemon = this.#rig.start();
    const announced = [...before].filter(([, index]) => index >= 0).map(([domain]) => domain);
    // Of many the looks themselves would take longer than the start.
    const backMs = await untilAnswered(this.#rig, announced.slice(-LOOKED_AT), LATEST_MS);
    this.#backMs.push(backMs);
    expectWithin(backMs, LATEST_MS);
    for (const domain of announced) expectNotOlder(await this.#rig.served(domain), before.get(domain) ?? 0);
    await this.#daemon.run(1);
    this.#expectNoOtherOrder();
  }
}

async function untilOrdered({ gate }: HostKillWorld, host: string): Promise<void> {
  await vi.waitFor(
    () => {
      if (!gate.orders.includes(host)) throw new Error(`no order for ${host}`);
    },
    { timeout: 20_000, interval: 5 },
  );
}

/** To be called when the daemon has gone on. */
function noOtherOrder({ gate }: HostKillWorld, hosts: readonly string[]): () => void {
  const count = gate.orders.length;
  return () => expect(gate.orders.slice(count).filter((host) => hosts.includes(host))).toEqual([]);
}

function expectWithin(ms: number, mostMs: number): void {
  expect(ms).toBeLessThan(mostMs);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** A policy from before the id that a sender sees would be cached under that id. */
function expectNotOlder(served: number | null, announced: number): void {
  expect(served).toBeGreaterThanOrEqual(announced);
}

function expectSame(served: number | null, announced: number): void {
  expect(served).toBe(announced);
}

function expectOneIdEach(loaded: readonly string[]): void {
  expect(new Set(loaded.map((id) => id.slice(14))).size).toBe(loaded.length);
}

function expectKilled(ran: { readonly signal: NodeJS.Signals | null } | undefined): void {
  expect(ran?.signal).toBe('SIGKILL');
}

function expectQuietEnd(ran: { readonly code: number | null } | undefined): void {
  expect(ran?.code).toBe(0);
}

function expectSome(...counts: readonly number[]): void {
  expect(Math.min(...counts)).toBeGreaterThan(0);
}

async function expectInSync(rig: HostKillRig): Promise<void> {
  const { stdout } = await rig.dryRun();
  const { summary }: { readonly summary: { readonly domains: number; readonly inSync: number } } = JSON.parse(stdout);
  expect(summary.inSync).toBe(summary.domains);
}
