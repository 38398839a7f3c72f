import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';

import { StsyncError } from '../../../src/core/error.ts';
import type { Incoming } from '../../../src/services/reports/take-in.ts';
import { openSpoolWorker, type SpoolWorker } from '../../../src/services/reports/work-off-spool.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const locked = (): Error => new StsyncError('LOCKED', 'another program writes', { retryable: true });

let clock: FakeClock;
let files: Map<string, string>;
let taken: string[];
let told: string[];
/** What each take-in does first. */
let before: (incoming: Incoming) => void;
beforeEach(() => {
  [clock, files, taken, told] = [new FakeClock('2026-09-08T00:00:00Z'), new Map(), [], []];
  before = () => undefined;
});

const tell = (level: string) => (fields: object, message: string) =>
  void told.push(`${level} ${message} ${JSON.stringify(fields)}`);

function start(): SpoolWorker {
  const worker = openSpoolWorker({
    spool: {
      list: async () => [...files.keys()],
      read: async (name) => {
        const text = files.get(name);
        return text === undefined ? null : { peer: name === 'hidden' ? null : '192.0.2.1', bytes: Buffer.from(text) };
      },
      remove: async (name) => void files.delete(name),
    },
    takeIn: async (incoming) => {
      before(incoming);
      taken.push(`${incoming.way} ${incoming.source}: ${Buffer.from(incoming.bytes ?? []).toString()}`);
      return { stored: ['new'], again: null };
    },
    clock,
    log: { debug: tell('debug'), warn: tell('warn'), error: tell('error') },
  });
  onTestFinished(() => worker.close());
  return worker;
}

describe('the worker of the spool', () => {
  test('begins with what is left from before, in order, as reports without proof', async () => {
    files.set('1', 'a').set('hidden', 'b');
    start();
    await clock.pass(10);
    expect(taken).toEqual(['https https 192.0.2.1: a', 'https https: b']);
    expect(files.size).toBe(0);
  });

  test('takes in what comes when it is woken, and what another process left after a minute', async () => {
    const worker = start();
    await clock.pass(10);
    files.set('1', 'a');
    worker.wake();
    await clock.pass(10);
    expect(taken).toHaveLength(1);
    files.set('2', 'b');
    await clock.pass(59_000);
    expect(taken).toHaveLength(1);
    await clock.pass(1_000);
    expect(taken).toHaveLength(2);
  });

  test('keeps all while the state cannot be written, tries again ever later, and tells it once', async () => {
    const tries: number[] = [];
    before = () => {
      tries.push(clock.now().getTime() - Date.parse('2026-09-08T00:00:00Z'));
      if (tries.length <= 3) throw locked();
    };
    files.set('1', 'a').set('2', 'b');
    const worker = start();
    await clock.pass(500);
    worker.wake();
    await clock.pass(10_000);
    expect(tries.slice(0, 4)).toEqual([0, 1_000, 3_000, 7_000]);
    expect([taken.length, files.size]).toEqual([2, 0]);
    expect(told.filter((line) => line.startsWith('warn'))).toEqual([expect.stringContaining('LOCKED')]);
  });

  test('lets no report that nobody foresaw hold up the others', async () => {
    before = ({ bytes }) => {
      if (Buffer.from(bytes ?? []).toString() === 'poison') throw new TypeError('poison in a message');
    };
    files.set('1', 'poison').set('2', 'b');
    start();
    await clock.pass(200_000);
    expect([taken.length, [...files.keys()]]).toEqual([1, ['1']]);
    expect(told.filter((line) => line.startsWith('error'))).toHaveLength(1);
    expect(told.join()).not.toContain('poison');
  });

  test.each([
    [20, 20],
    [100, 900],
  ])('rests after a report that took %i ms for %i ms', async (tookMs, restMs) => {
    before = () => clock.set(tookMs);
    files.set('1', 'a').set('2', 'b');
    start();
    await clock.pass(restMs - 1);
    expect(taken).toHaveLength(1);
    await clock.pass(1);
    expect(taken).toHaveLength(2);
  });

  test('ends after the report that is under way; the others stay', async () => {
    let worker: SpoolWorker | null = null;
    before = () => void worker?.close();
    files.set('1', 'a').set('2', 'b');
    worker = start();
    await clock.pass(100_000);
    expect([taken.length, [...files.keys()], clock.timers]).toEqual([1, ['2'], 0]);
  });
});
