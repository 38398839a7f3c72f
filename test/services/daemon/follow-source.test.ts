import { describe, expect, test } from 'vitest';
import type { SourceConfig } from '../../../src/core/config/model.ts';
import { StsyncError } from '../../../src/core/error.ts';
import type { SourceFailure } from '../../../src/services/daemon/fleet-state.ts';
import { type FollowWorld, SourceFollower } from '../../../src/services/daemon/follow-source.ts';
import { FakeClock, settled } from '../../support/fake-clock.ts';

const source: SourceConfig = {
  git: 'https://git.example.net/dns.git',
  branch: 'main',
  path: '.',
  intervalSeconds: 60,
  credential: null,
  directory: '/stsync.db.source',
};
const other: SourceConfig = { ...source, branch: 'other' };
const away = new StsyncError('SOURCE_UNREACHABLE', 'the server is not found', { hint: 'look', retryable: true });
const never = new AbortController().signal;

type Poll = FollowWorld['poll'];

/** A follower of a repository whose newest commit, or failure, the test says. */
class Rig {
  readonly clock = new FakeClock('2026-11-24T12:00:00Z');
  readonly polled: string[] = [];
  readonly failures: (SourceFailure | null)[] = [];
  readonly lines: string[] = [];
  unread = 0;
  newest: string | StsyncError = 'c1';
  /** Of the clone. */
  fetched = 'none';
  poll: Poll = async () => {
    if (this.newest instanceof StsyncError) throw this.newest;
    const isNew = this.fetched !== this.newest;
    this.fetched = this.newest;
    return { commit: this.newest, isNew };
  };
  readonly follower: SourceFollower;

  constructor() {
    const note = (_fields: object, message: string): void => void this.lines.push(message);
    this.follower = new SourceFollower({
      clock: this.clock,
      log: { debug: note, info: note, warn: note, error: note, hide: () => undefined },
      poll: (one, options) => {
        this.polled.push(one.branch);
        return this.poll(one, options);
      },
      onUnread: () => void this.unread++,
      onFailure: (failure) => void this.failures.push(failure),
    });
  }

  /** Follows the source, with its first commit read. */
  async following(): Promise<this> {
    this.follower.follow(source);
    await this.follower.ask(never);
    this.follower.noteRead('c1');
    return this;
  }
}

/** A poll that ends with its signal alone. */
const hanging: Poll = (_source, { signal }) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });

describe('a repository', () => {
  test('is not asked before somebody asks for the first time: a stand-by follows, and fetches nothing', async () => {
    const rig = new Rig();
    rig.follower.follow(source);
    await rig.clock.pass(3_600_000);
    expect(rig.polled).toEqual([]);
    expect(rig.clock.timers).toBe(0);
  });

  test('is asked each interval, and nothing is told while nothing changes', async () => {
    const rig = await new Rig().following();
    await rig.clock.pass(59_999);
    expect(rig.polled).toHaveLength(1);
    await rig.clock.pass(1);
    expect(rig.polled).toHaveLength(2);
    await rig.clock.pass(180_000);
    expect(rig.polled).toHaveLength(5);
    expect([rig.unread, rig.failures, rig.lines]).toEqual([0, [], []]);
  });

  test('that has a new commit is told of, again each interval until somebody has read it', async () => {
    const rig = await new Rig().following();
    rig.newest = 'c2';
    await rig.clock.pass(60_000);
    expect(rig.unread).toBe(1);
    await rig.clock.pass(60_000);
    expect(rig.unread).toBe(2);
    rig.follower.noteRead('c2');
    await rig.clock.pass(300_000);
    expect(rig.unread).toBe(2);
  });

  test('whose clone was changed by hand is told of, though the commit is the same', async () => {
    const rig = await new Rig().following();
    rig.fetched = 'somebody wrote into it';
    await rig.clock.pass(60_000);
    expect(rig.unread).toBe(1);
  });

  test('that was asked by hand is not told of: who asks reads', async () => {
    const rig = await new Rig().following();
    rig.newest = 'c2';
    expect(await rig.follower.ask(never)).toMatchObject({ ok: true, commit: 'c2' });
    rig.follower.noteRead('c2');
    await rig.clock.pass(60_000);
    expect(rig.unread).toBe(0);
  });

  test('asked by hand is asked again only an interval later', async () => {
    const rig = await new Rig().following();
    await rig.clock.pass(50_000);
    await rig.follower.ask(never);
    await rig.clock.pass(59_000);
    expect(rig.polled).toHaveLength(2);
    await rig.clock.pass(1_000);
    expect(rig.polled).toHaveLength(3);
    expect(rig.clock.timers).toBe(1);
  });

  test('is never asked twice at once', async () => {
    const rig = await new Rig().following();
    let [running, most] = [0, 0];
    rig.poll = async () => {
      most = Math.max(most, ++running);
      await settled();
      running--;
      return { commit: 'c1', isNew: false };
    };
    await Promise.all([rig.follower.ask(never), rig.follower.ask(never), rig.clock.pass(60_000)]);
    expect(most).toBe(1);
  });
});

describe('a failure', () => {
  test('is logged once for each change of it, counted, and over with the next success', async () => {
    const rig = await new Rig().following();
    rig.newest = away;
    await rig.clock.pass(180_000);
    rig.newest = new StsyncError('SOURCE_REFUSED', 'no');
    await rig.clock.pass(60_000);
    const since = new Date('2026-11-24T12:01:00Z');
    expect(rig.failures.map((one) => one?.failures)).toEqual([1, 2, 3, 4]);
    expect(rig.follower.failure).toEqual({ message: 'SOURCE_REFUSED no', since, failures: 4 });
    rig.newest = 'c1';
    await rig.clock.pass(60_000);
    expect(rig.follower.failure).toBeNull();
    expect(rig.failures.at(-1)).toBeNull();
    expect(rig.lines).toEqual([
      'SOURCE_UNREACHABLE the server is not found; what was fetched before stays',
      'SOURCE_REFUSED no; what was fetched before stays',
      'the repository can be followed again',
    ]);
    expect(rig.unread).toBe(0);
  });

  test('is the answer to who asks by hand, and the interval tries again', async () => {
    const rig = await new Rig().following();
    rig.newest = away;
    expect(await rig.follower.ask(never)).toEqual({ ok: false, error: away });
    await rig.clock.pass(60_000);
    expect(rig.polled).toHaveLength(3);
  });

  test('at the start is over when the repository is there, also with a commit that is known: it is to be read', async () => {
    const rig = new Rig();
    rig.fetched = 'c1';
    rig.newest = away;
    rig.follower.follow(source);
    await rig.follower.ask(never);
    rig.newest = 'c1';
    await rig.clock.pass(60_000);
    expect(rig.unread).toBe(1);
  });
});

describe('another repository', () => {
  test('takes the place of the one before at once, with nothing left of it', async () => {
    const rig = await new Rig().following();
    rig.newest = away;
    await rig.clock.pass(60_000);
    expect(rig.follower.follow(source)).toBe(false);
    expect(rig.follower.follow(other)).toBe(true);
    expect(rig.failures.at(-1)).toBeNull();
    rig.newest = 'c9';
    await rig.follower.ask(never);
    rig.follower.noteRead('c9');
    await rig.clock.pass(60_000);
    expect(rig.polled).toEqual(['main', 'main', 'other', 'other']);
    expect(rig.clock.timers).toBe(1);
  });

  test('does not wait for one that does not answer', async () => {
    const rig = await new Rig().following();
    const { poll } = rig;
    rig.poll = hanging;
    const first = rig.follower.ask(never);
    await settled();
    rig.follower.follow(other);
    rig.poll = poll;
    expect(await first).toMatchObject({ ok: false });
    expect(await rig.follower.ask(never)).toMatchObject({ ok: true, commit: 'c1' });
    // What became of the first one is no failure of the second one.
    expect([rig.failures, rig.clock.timers]).toEqual([[], 1]);
  });

  test('of none ends it', async () => {
    const rig = await new Rig().following();
    rig.follower.follow(null);
    expect(await rig.follower.ask(never)).toEqual({ ok: true, commit: null });
    await rig.clock.pass(600_000);
    expect([rig.polled.length, rig.clock.timers]).toEqual([1, 0]);
  });
});

describe('a stop', () => {
  test('ends what runs at once, and nothing is asked any more', async () => {
    const rig = await new Rig().following();
    rig.poll = hanging;
    await rig.clock.pass(60_000);
    const asked = rig.follower.ask(never);
    rig.follower.stop();
    expect(await asked).toEqual({ ok: true, commit: null });
    await rig.clock.pass(600_000);
    expect([rig.polled.length, rig.clock.timers, rig.failures]).toEqual([2, 0, []]);
  });

  test('of who asks ends it with the reason of the signal, and is no failure', async () => {
    const rig = await new Rig().following();
    rig.poll = hanging;
    const controller = new AbortController();
    const asked = rig.follower.ask(controller.signal);
    await settled();
    controller.abort(new StsyncError('INTERRUPTED', 'the daemon stops'));
    await expect(asked).rejects.toBe(controller.signal.reason);
    expect(rig.failures).toEqual([]);
  });
});
