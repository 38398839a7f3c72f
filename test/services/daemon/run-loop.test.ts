import { describe, expect, test } from 'vitest';
import type { Config } from '../../../src/core/config/model.ts';
import { StsyncError } from '../../../src/core/error.ts';
import type { Status } from '../../../src/core/plan/model.ts';
import type { LogFields } from '../../../src/effects/log.ts';
import type { RunReport } from '../../../src/core/plan/report.ts';
import type { FleetState, RunReason } from '../../../src/services/daemon/fleet-state.ts';
import { type First, type Loaded, RunLoop, type RunRequest } from '../../../src/services/daemon/run-loop.ts';
import { FakeClock, settled } from '../../support/fake-clock.ts';
import { configOf, reportOf } from './states.ts';

const INTERVAL = 900_000;
const nothingKept = { known: new Map(), lastGoodRunAt: null };

/** A run that was begun and has not ended. */
interface Begun extends RunRequest {
  readonly end: (report?: RunReport) => Promise<void>;
  readonly fail: (error: unknown) => Promise<void>;
}

/** A loop whose runs the test ends itself. */
class Rig {
  readonly clock = new FakeClock('2026-11-24T12:00:00Z');
  readonly begun: Begun[] = [];
  readonly lines: { readonly level: string; readonly message: string; readonly fields: LogFields }[] = [];
  readonly told: { readonly before: FleetState; readonly after: FleetState }[] = [];
  /** Schedules opened, with what calls them; and how many of them were stopped. */
  readonly schedules: { readonly config: Config; readonly due: (reason: 'schedule' | 'missed') => void }[] = [];
  stopped = 0;
  intervalMs = INTERVAL;
  onNews: () => void | Promise<void> = () => undefined;
  loads = 0;
  readonly asked: (readonly RunReason[])[] = [];
  next: (signal: AbortSignal) => Loaded | Promise<Loaded>;
  readonly loop: RunLoop;

  constructor(domains: readonly string[] = ['a.example', 'b.example'], first: Partial<First> = {}) {
    const config = configOf(domains);
    this.next = () => ({ ok: true, config, commit: 'c1' });
    const log = (level: string) => (fields: LogFields, message: string) =>
      void this.lines.push({ level, message, fields });
    this.loop = new RunLoop(
      {
        clock: this.clock,
        log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error'), hide: () => undefined },
        load: async (reasons, signal) => {
          this.loads++;
          this.asked.push(reasons);
          return this.next(signal);
        },
        run: (request) =>
          new Promise((resolve, reject) => {
            const end = async (report?: RunReport): Promise<void> => {
              try {
                request.keep(report ?? reportOf(this.#allInSync(request)));
                resolve();
              } catch (error) {
                reject(error);
              }
              await settled();
            };
            const fail = async (error: unknown): Promise<void> => {
              reject(error);
              await settled();
            };
            this.begun.push({ ...request, end, fail });
          }),
        schedule: (one, due) => {
          this.schedules.push({ config: one, due });
          const nextAt = (): Date => new Date(Math.ceil((this.clock.now().getTime() + 1) / INTERVAL) * INTERVAL);
          return { nextAt, intervalMs: () => this.intervalMs, stop: () => void this.stopped++ };
        },
        onNews: (before, after) => {
          this.told.push({ before, after });
          void this.onNews();
        },
      },
      { config, commit: 'c1', refused: null, sourceFailure: null, ...first },
    );
  }

  #allInSync({ inForce }: RunRequest): Readonly<Record<string, Status>> {
    return Object.fromEntries(inForce.config.domains.map(({ domain }) => [domain, 'in sync' as const]));
  }

  get state(): FleetState {
    return this.loop.state();
  }

  /** The reason of each run that has ended, by the log. */
  get reasons(): readonly unknown[] {
    return this.lines.filter(({ message }) => message === 'the run ended').map(({ fields }) => fields['reasons']);
  }

  /** The newest run. */
  run(): Begun {
    const last = this.begun.at(-1);
    if (last === undefined) throw new Error('no run was begun');
    return last;
  }

  async lead(reason: 'start' | 'takeover' = 'start'): Promise<this> {
    this.loop.lead(reason, nothingKept);
    await settled();
    return this;
  }

  /** Leads, with the first run behind it. */
  async led(): Promise<this> {
    await this.lead();
    await this.run().end();
    return this;
  }

  async trigger(...reasons: readonly RunReason[]): Promise<void> {
    for (const reason of reasons) this.loop.trigger(reason);
    await settled();
  }
}

function refused(): Loaded {
  const message = 'domains.yaml:3:1: UNKNOWN_KEY no such key';
  const place = { file: 'domains.yaml', line: 3, column: 1 };
  return { ok: false, faults: [{ code: 'UNKNOWN_KEY', message: 'no such key', place }], message, commit: 'c2' };
}

describe('the loop', () => {
  test('does nothing and takes no orders while it stands by', async () => {
    const rig = new Rig();
    await rig.trigger('sighup', 'hook', 'schedule');
    expect([rig.begun.length, rig.loads, rig.state.role]).toEqual([0, 0, 'standby']);
  });

  test('runs at once when it leads, over all domains, without spreading them', async () => {
    const rig = await new Rig().lead();
    expect(rig.begun).toHaveLength(1);
    expect(rig.run()).toMatchObject({ only: null, paceMs: 0, inForce: { commit: 'c1' } });
    expect(rig.state).toMatchObject({ role: 'leader', isRunning: true, lastRun: null });
    await rig.run().end();
    expect(rig.state).toMatchObject({ isRunning: false, lastRun: { reason: 'start', error: null } });
    expect(rig.state).toMatchObject({ nextRunAt: new Date('2026-11-24T12:15:00Z'), intervalMs: INTERVAL });
  });

  test('makes one run of what is asked for in one instant, and names every reason', async () => {
    const rig = await new Rig().led();
    await rig.trigger('schedule', 'sighup', 'config');
    expect(rig.begun).toHaveLength(2);
    await rig.run().end();
    expect(rig.begun).toHaveLength(2);
    expect(rig.reasons).toEqual([['start'], ['schedule', 'sighup', 'config']]);
  });

  test('never runs twice at once: what is asked for during a run makes exactly one more', async () => {
    const rig = await new Rig().led();
    await rig.trigger('schedule');
    await rig.trigger('config');
    await rig.trigger('hook');
    await rig.trigger('config');
    expect(rig.begun).toHaveLength(2);
    await rig.run().end();
    expect(rig.begun).toHaveLength(3);
    await rig.run().end();
    expect(rig.begun).toHaveLength(3);
    expect(rig.reasons.at(-1)).toEqual(['config', 'hook']);
    expect(rig.state.lastRun?.reason).toBe('config');
  });

  test('loses nothing that is asked for in the very moment in which a run ends', async () => {
    for (let steps = 0; steps < 10; steps++) {
      const rig = await new Rig().led();
      await rig.trigger('hook');
      // From the last word of the run, so many turns of the microtask queue later.
      rig.onNews = async () => {
        rig.onNews = () => undefined;
        for (let step = 0; step < steps; step++) await Promise.resolve();
        rig.loop.trigger('sighup');
      };
      await rig.run().end();
      expect([steps, rig.begun.length]).toEqual([steps, 3]);
    }
  });

  test.each(['schedule', 'missed'] as const)('spreads a run for reason %s, and only such a run', async (reason) => {
    const rig = await new Rig(['a.example', 'b.example', 'c.example']).led();
    await rig.trigger(reason);
    expect(rig.run().paceMs).toBe(15);
    await rig.run().end();
    await rig.trigger(reason, 'sighup');
    expect(rig.run().paceMs).toBe(0);
  });

  test('spreads a fleet over half the interval at most', async () => {
    const rig = await new Rig(['a.example', 'b.example', 'c.example']).led();
    rig.intervalMs = 20;
    await rig.trigger('schedule');
    expect(rig.run().paceMs).toBe(10);
  });

  test('leaves a domain that failed out of scheduled runs, and tries it at once for any other reason', async () => {
    const rig = await new Rig().lead();
    const failed = reportOf({ 'a.example': 'failed', 'b.example': 'in sync' });
    for (let runs = 0; runs < 3; runs++) {
      await rig.run().end(failed);
      await rig.trigger('config');
    }
    await rig.run().end(failed);
    await rig.trigger('schedule');
    expect(rig.run()).toMatchObject({ only: ['b.example'], paceMs: 5 });
    await rig.run().end(reportOf({ 'b.example': 'in sync' }));
    expect(rig.state.domains.get('a.example')).toMatchObject({ status: 'failed', failures: 4 });
    await rig.trigger('hook');
    expect(rig.run().only).toBeNull();
  });

  test('tells of each run with the state before and after; one that came to nothing changed no domain', async () => {
    const rig = await new Rig().lead();
    await rig.run().fail(new StsyncError('LOCKED', 'another stsync (pid 1) is using this state'));
    expect(rig.told).toHaveLength(1);
    expect(rig.told[0]?.after.known).toBe(rig.told[0]?.before.known);
    await rig.trigger('schedule');
    await rig.run().end(reportOf({ 'a.example': 'held', 'b.example': 'in sync' }));
    expect(rig.told).toHaveLength(2);
    expect(rig.told[1]?.before.known.size).toBe(0);
    expect(rig.told[1]?.after.known.get('a.example')?.status).toBe('held');
  });
});

describe('a run that comes to nothing', () => {
  test('says why, and the next one is made for its reasons too', async () => {
    const rig = await new Rig().led();
    await rig.trigger('hook');
    await rig.clock.pass(1000);
    await rig.run().fail(new StsyncError('LOCKED', 'another stsync (pid 1) is using this state'));
    expect(rig.state.lastRun).toMatchObject({
      reason: 'hook',
      error: 'LOCKED another stsync (pid 1) is using this state',
    });
    expect(rig.state.lastGoodRunAt).toEqual(new Date('2026-11-24T12:00:00Z'));
    expect(rig.begun).toHaveLength(2);
    await rig.trigger('schedule');
    expect(rig.run()).toMatchObject({ only: null, paceMs: 0 });
    await rig.run().end();
    expect(rig.reasons.at(-1)).toEqual(['schedule', 'hook']);
    // And only with the next one.
    await rig.trigger('schedule');
    await rig.run().end();
    expect(rig.reasons.at(-1)).toEqual(['schedule']);
  });

  test('through a fault of stsync is told with its stack, and the loop goes on', async () => {
    const rig = await new Rig().led();
    await rig.trigger('sighup');
    await rig.run().fail(new TypeError('x is not a function'));
    expect(rig.state.lastRun?.error).toMatch(/^INTERNAL TypeError: x is not a function\n\s+at /);
    await rig.trigger('schedule');
    await rig.run().end();
    expect(rig.state.lastRun?.error).toBeNull();
  });
});

describe('a config', () => {
  test.each(['config', 'git', 'hook', 'sighup'] as const)(
    'is read anew for reason %s, and a run follows',
    async (reason) => {
      const rig = await new Rig().led();
      rig.next = () => ({ ok: true, config: configOf(['new.example'], { schedule: '0 * * * *' }), commit: 'c2' });
      await rig.trigger(reason);
      expect(rig.loads).toBe(1);
      expect(rig.run().inForce).toMatchObject({ commit: 'c2', config: { domains: [{ domain: 'new.example' }] } });
      await rig.run().end();
      expect([...rig.state.known.keys()]).toEqual(['new.example']);
      expect(rig.schedules.map(({ config }) => config.schedule)).toEqual(['*/15 * * * *', '0 * * * *']);
      expect(rig.stopped).toBe(1);
    },
  );

  test('is not read for the schedule', async () => {
    const rig = await new Rig().led();
    await rig.trigger('schedule', 'missed');
    expect(rig.loads).toBe(0);
  });

  test.each(['config', 'git', 'hook'] as const)(
    'with a fault is refused whole (%s): no run, the last good one in force',
    async (reason) => {
      const rig = await new Rig().led();
      rig.next = refused;
      await rig.trigger(reason);
      expect(rig.begun).toHaveLength(1);
      expect(rig.state.inForce).toMatchObject({ commit: 'c1' });
      expect(rig.state.refused).toMatchObject({ commit: 'c2', faults: [{ code: 'UNKNOWN_KEY' }], at: rig.clock.now() });
      expect(rig.lines.at(-1)).toMatchObject({ level: 'error', fields: { faults: ['domains.yaml:3:1: UNKNOWN_KEY'] } });
      // The schedule goes on with the last good one.
      await rig.trigger('schedule');
      expect(rig.run().inForce.commit).toBe('c1');
      await rig.run().end();
      expect(rig.state.refused).not.toBeNull();
    },
  );

  test('with a fault keeps no SIGHUP from its run: it was asked for', async () => {
    const rig = await new Rig().led();
    rig.next = refused;
    await rig.trigger('sighup');
    expect(rig.begun).toHaveLength(2);
    expect(rig.run().inForce.commit).toBe('c1');
  });

  test('that is mended is in force again, and nothing is refused any more', async () => {
    const rig = await new Rig().led();
    const good = rig.next;
    rig.next = refused;
    await rig.trigger('config');
    rig.next = good;
    await rig.trigger('config');
    expect(rig.state.refused).toBeNull();
    expect(rig.begun).toHaveLength(2);
  });

  test('that cannot be read at all is refused in words', async () => {
    const rig = await new Rig().led();
    rig.next = () => {
      throw new StsyncError('BAD_CONFIG', 'there is no domains.yaml');
    };
    await rig.trigger('config');
    expect(rig.state.refused).toMatchObject({
      faults: [],
      message: 'BAD_CONFIG there is no domains.yaml',
      commit: null,
    });
    expect(rig.state.inForce?.commit).toBe('c1');
  });

  test('with another state is refused: the lease is on this one', async () => {
    const rig = await new Rig().led();
    const config = configOf(['a.example'], { state: { kind: 'file', path: '/other.db' } });
    rig.next = () => ({ ok: true, config, commit: 'c2' });
    await rig.trigger('config');
    expect(rig.state.refused?.message).toContain('`state`');
    expect(rig.begun).toHaveLength(1);
  });

  test('is read anew at a takeover: it may be older than what the other one had', async () => {
    const rig = await new Rig().lead('takeover');
    expect(rig.loads).toBe(1);
    await rig.run().end();
    expect(rig.state.lastRun?.reason).toBe('takeover');
  });

  test('with a fault does not keep a takeover from working', async () => {
    const rig = new Rig();
    rig.next = refused;
    await rig.lead('takeover');
    expect(rig.run().inForce.commit).toBe('c1');
  });
});

describe('a daemon that begins with an older config than the newest', () => {
  const at = new Date('2026-11-24T11:00:00Z');
  const broken = { faults: [], message: 'a.yaml:1:1: UNKNOWN_KEY no such key', commit: 'c2', at };

  test('works with it, and says at once that the newest one is refused', async () => {
    const rig = await new Rig(['a.example'], { refused: broken }).lead();
    expect(rig.told).toHaveLength(1);
    expect(rig.told[0]).toMatchObject({ before: { refused: null }, after: { refused: broken } });
    expect(rig.lines[0]).toMatchObject({ level: 'error', message: expect.stringMatching(/^config refused/) });
    expect(rig.run().inForce.commit).toBe('c1');
    await rig.run().end();
    expect(rig.state.refused).toBe(broken);
  });

  test('leaves it to the reading at a takeover to say so', async () => {
    const rig = await new Rig(['a.example'], { refused: broken }).lead('takeover');
    expect(rig.told).toMatchObject([{ before: { refused: broken }, after: { refused: null } }]);
  });
});

describe('the repository', () => {
  const failure = { message: 'SOURCE_UNREACHABLE no', since: new Date('2026-11-24T12:00:00Z'), failures: 1 };

  test('that cannot be followed is part of the state, and told once, also in the middle of a run', async () => {
    const rig = await new Rig().lead();
    rig.loop.noteSource(failure);
    rig.loop.noteSource(failure);
    expect(rig.told).toMatchObject([{ before: { sourceFailure: null }, after: { sourceFailure: failure } }]);
    await rig.run().end();
    expect(rig.state.sourceFailure).toBe(failure);
    expect(rig.told.at(-1)).toMatchObject({ before: { sourceFailure: failure }, after: { sourceFailure: failure } });
    rig.loop.noteSource(null);
    expect(rig.state.sourceFailure).toBeNull();
  });

  test('that cannot be followed stays so, when that is noted after the report of a run and before its end', async () => {
    const rig = await new Rig().lead();
    rig.run().keep(reportOf({ 'a.example': 'in sync', 'b.example': 'in sync' }));
    rig.loop.noteSource(failure);
    await rig.run().end();
    expect(rig.state.sourceFailure).toBe(failure);
  });

  test('is asked by whoever reads the config, who is told why it is read', async () => {
    const rig = await new Rig().led();
    await rig.trigger('hook', 'config');
    expect(rig.asked).toEqual([['hook', 'config']]);
  });

  test('that does not answer does not hold up a stop, and is no config that was refused', async () => {
    const rig = await new Rig().led();
    rig.next = (signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    await rig.trigger('sighup');
    expect(await rig.loop.stop()).toBe(true);
    expect(rig.state.refused).toBeNull();
    expect(rig.begun).toHaveLength(1);
  });
});

describe('what an earlier daemon left', () => {
  test('is what changes are changes from', async () => {
    const rig = new Rig(['a.example']);
    const since = new Date('2026-11-20T00:00:00Z');
    rig.loop.lead('start', {
      known: new Map([['a.example', { status: 'failed', since, failures: 2 }]]),
      lastGoodRunAt: since,
    });
    await settled();
    expect(rig.state.lastGoodRunAt).toEqual(since);
    await rig.run().end(reportOf({ 'a.example': 'failed' }));
    expect(rig.state.known.get('a.example')).toEqual({ status: 'failed', since, failures: 3 });
    // A change is a line; the same status again is none.
    expect(rig.lines.filter(({ message }) => message.startsWith('a.example'))).toEqual([]);
  });
});

describe('a stop', () => {
  test('ends at once where nothing runs, and stops the schedule', async () => {
    const rig = await new Rig().led();
    expect(await rig.loop.stop()).toBe(true);
    expect(rig.state).toMatchObject({ role: 'stopping', nextRunAt: null });
    expect([rig.stopped, rig.clock.timers]).toEqual([1, 0]);
  });

  test('interrupts the run, waits for it, and takes none of its results: it was cut short', async () => {
    const rig = await new Rig().led();
    await rig.trigger('schedule', 'hook');
    const { known } = rig.state;
    const stopped = rig.loop.stop();
    expect(rig.run().signal.reason).toMatchObject({ code: 'INTERRUPTED' });
    await rig.run().end(reportOf({ 'a.example': 'failed', 'b.example': 'failed' }));
    expect(await stopped).toBe(true);
    expect(rig.state.known).toBe(known);
    expect(rig.told.at(-1)?.after.known).toBe(known);
    expect(rig.lines.at(-1)).toMatchObject({ level: 'info', message: 'the run was interrupted' });
  });

  test('makes no more runs, whatever was asked for', async () => {
    const rig = await new Rig().led();
    await rig.trigger('schedule');
    await rig.trigger('hook');
    const stopped = rig.loop.stop();
    await rig.trigger('sighup');
    await rig.run().end();
    await stopped;
    expect(rig.begun).toHaveLength(2);
  });

  test('waits 9 s for a step that takes no notice, and no longer', async () => {
    const rig = await new Rig().led();
    await rig.trigger('schedule');
    let answer: boolean | null = null;
    void rig.loop.stop().then((isEnded) => (answer = isEnded));
    await rig.clock.pass(8999);
    expect(answer).toBeNull();
    await rig.clock.pass(1);
    expect(answer).toBe(false);
  });
});

describe('a certificate that has come', () => {
  test('makes a run of its domain alone, and one during a run is in the next', async () => {
    const rig = await new Rig().led();
    rig.loop.trigger('certificate', ['b.example']);
    await settled();
    expect(rig.run().only).toEqual(['b.example']);
    rig.loop.trigger('certificate', ['a.example']);
    await rig.run().end();
    expect(rig.run().only).toEqual(['a.example']);
    await rig.run().end();
    rig.loop.trigger('certificate', ['b.example']);
    rig.loop.trigger('sighup');
    await settled();
    expect(rig.run().only).toBeNull();
  });

  test('is not forgotten when its run comes to nothing', async () => {
    const rig = await new Rig(['a.example', 'b.example', 'c.example']).led();
    rig.loop.trigger('certificate', ['b.example']);
    await settled();
    await rig.run().fail(new StsyncError('LOCKED', 'another stsync'));
    rig.loop.trigger('certificate', ['a.example']);
    await settled();
    expect(rig.run().only).toEqual(['a.example', 'b.example']);
  });
});
