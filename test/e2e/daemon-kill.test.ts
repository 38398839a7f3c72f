/**
 * Rule 13 for the daemon: kill -9 at random moments while it has work, of one with a stand-by behind it and of one alone. The lease goes with
 * the process, the next one goes on at once, and no body ever has two ids. 8 kills by default, 100 with SLOW=1; STSYNC_SEED=17 for these
 * choices (the moment within a run is still that of the machine).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Daemon } from '../cli/daemon-rig.ts';
import { isSlow } from '../crash/kill.ts';
import { Random } from '../model/random.ts';
import type { Ran } from '../support/built-cli.ts';
import { expectMended, expectSafe, KillRig } from './kill-rig.ts';

const KILLS = isSlow ? 100 : 8;
const seed = Number(process.env['STSYNC_SEED'] ?? Date.now() % 1_000_000_000);
/** A stand-by asks every second. */
const TAKEOVER_MS = 10_000;

test(
  `a daemon that is killed ${KILLS} times at random moments always goes on where it was (STSYNC_SEED=${seed})`,
  { timeout: isSlow ? 1_800_000 : 120_000 },
  async () => {
    const kills = new Kills(new Random(seed));
    await kills.begin();
    for (let kill = 1; kill <= KILLS; kill++) await kills.next();
    await kills.end();
    const { inRun, takeovers } = kills;
    console.log(`STSYNC_SEED=${seed}: ${KILLS} kills, ${inRun} inside a run, ${takeovers} with a stand-by behind`);
    // Some have to hit what they are made for.
    expect(inRun).toBeGreaterThan(0);
  },
);

/** When a run begins and ends, in milliseconds after what it is made for. */
interface Span {
  readonly beginMs: number;
  readonly endMs: number;
}

class Kills {
  inRun = 0;
  takeovers = 0;
  readonly #random: Random;
  readonly #rig = new KillRig();
  #leader: Daemon | null = null;
  #afterStart: Span = { beginMs: 0, endMs: 0 };
  #afterChange: Span = { beginMs: 0, endMs: 0 };

  constructor(random: Random) {
    this.#random = random;
  }

  /** The first runs are left alone, and show how long they take. */
  async begin(): Promise<void> {
    const startedAt = Date.now();
    const leader = this.#rig.start();
    this.#afterStart = await spanOf(leader, 1, startedAt);
    const changedAt = Date.now();
    this.#rig.change();
    this.#afterChange = await spanOf(leader, 2, changedAt);
    await expectMended(this.#rig);
    this.#leader = leader;
  }

  async next(): Promise<void> {
    const leader = await (this.#leader !== null && this.#random.chance(0.6)
      ? this.#withStandby(this.#leader)
      : this.#alone());
    // What a takeover or a start found to do is all that there was.
    await leader.run(1);
    await expectMended(this.#rig);
    this.#leader = leader;
  }

  async end(): Promise<void> {
    expectQuietEnd(await this.#leader?.stop());
  }

  /** Killed while it does what a change of the YAML asks for. */
  async #withStandby(leader: Daemon): Promise<Daemon> {
    this.takeovers++;
    const standby = this.#rig.start();
    await standby.line('another daemon works');
    const before = await this.#rig.look();
    this.#rig.change();
    await this.#kill(leader, this.#afterChange);
    const killedAt = performance.now();
    await expectSafe(this.#rig, before);
    await standby.line('the other daemon is gone');
    expectInTime(performance.now() - killedAt);
    return standby;
  }

  /** Killed while it starts with work to do; sometimes there is other work before the next start. */
  async #alone(): Promise<Daemon> {
    await this.end();
    const before = await this.#rig.look();
    this.#rig.change();
    await this.#kill(this.#rig.start(), this.#afterStart);
    await expectSafe(this.#rig, before);
    if (this.#random.chance(0.5)) this.#rig.change();
    const next = this.#rig.start();
    await next.run(1);
    expectNoObstacle(next);
    return next;
  }

  /** Mostly inside of the run, sometimes at any moment before. */
  async #kill(daemon: Daemon, { beginMs, endMs }: Span): Promise<void> {
    const from = this.#random.chance(0.8) ? beginMs : 0;
    // No wait for something to happen: the moment is what is tried.
    await sleep(from + this.#random.next() * (endMs - from));
    daemon.kill('SIGKILL');
    expectKilled(await daemon.ended);
    const count = (message: string): number => daemon.lines.filter(({ msg }) => msg === message).length;
    if (count('a run begins') > count('the run ended')) this.inRun++;
  }
}

function expectQuietEnd(ran: Ran | undefined): void {
  expect(ran?.code).toBe(0);
}

function expectKilled({ signal }: Ran): void {
  expect(signal).toBe('SIGKILL');
}

function expectInTime(ms: number): void {
  expect(ms).toBeLessThan(TAKEOVER_MS);
}

/** The lock and the lease of a dead one hold up nobody. */
function expectNoObstacle({ lines }: Daemon): void {
  expect(lines.filter(({ msg, level }) => msg.startsWith('another daemon') || level === 'error')).toEqual([]);
}

/** Of the `count`-th run of a daemon. `since`: milliseconds since 1970. */
async function spanOf(daemon: Daemon, count: number, since: number): Promise<Span> {
  const ended = await daemon.run(count);
  const began = await daemon.line('a run begins', count);
  return { beginMs: timeOf(began) - since, endMs: timeOf(ended) - since };
}

function timeOf({ time }: { readonly [field: string]: unknown }): number {
  return new Date(String(time)).getTime();
}
