import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../src/effects/clock.ts';
import { type ConfigWatch, watchConfig } from '../../src/effects/watch-config.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { tempDirectory } from './temp-directory.ts';

/** So long after an event it looks; and so often without one. */
const [SETTLE_MS, POLL_MS] = [300, 15_000];

interface Rig {
  readonly clock: FakeClock;
  readonly watch: ConfigWatch;
  paths: readonly string[];
  changes: number;
}

/** A watch on a clock that stands still, so that only `look` and the slow look see anything. */
function watching(...paths: readonly string[]): Rig {
  const clock = new FakeClock('2026-11-24T12:00:00Z');
  const rig: { paths: readonly string[]; changes: number } = { paths, changes: 0 };
  const watch = watchConfig({ paths: () => rig.paths, clock, onChange: () => rig.changes++ });
  onTestFinished(watch.stop);
  return Object.assign(rig, { clock, watch });
}

describe('a look', () => {
  test('sees other content, also of the same size and time, and each change once', () => {
    const file = join(tempDirectory(), 'domains.yaml');
    writeFileSync(file, 'version: 1');
    utimesSync(file, 1, 1);
    const rig = watching(file);
    rig.watch.look();
    expect(rig.changes).toBe(0);
    writeFileSync(file, 'version: 2');
    utimesSync(file, 1, 1);
    rig.watch.look();
    rig.watch.look();
    expect(rig.changes).toBe(1);
  });

  test('takes the same content under a new time or a new file for no change', () => {
    const folder = tempDirectory();
    const file = join(folder, 'domains.yaml');
    writeFileSync(file, 'version: 1');
    const rig = watching(file);
    writeFileSync(join(folder, 'new'), 'version: 1');
    renameSync(join(folder, 'new'), file);
    rig.watch.look();
    expect(rig.changes).toBe(0);
  });

  test('sees a file that goes, and one that comes back', () => {
    const file = join(tempDirectory(), 'domains.yaml');
    writeFileSync(file, 'version: 1');
    const rig = watching(file);
    rmSync(file);
    rig.watch.look();
    expect(rig.changes).toBe(1);
    writeFileSync(file, 'version: 1');
    rig.watch.look();
    expect(rig.changes).toBe(2);
  });

  test('sees YAML that is added to a folder, changed or taken away, and nothing else there', () => {
    const folder = tempDirectory();
    writeFileSync(join(folder, 'a.yaml'), '1');
    const rig = watching(folder);
    const expectations: readonly [() => void, number][] = [
      [() => writeFileSync(join(folder, 'b.yml'), '1'), 1],
      [() => writeFileSync(join(folder, 'a.yaml'), '2'), 2],
      [() => writeFileSync(join(folder, 'stsync.db'), 'x'), 2],
      [() => writeFileSync(join(folder, '.c.yaml'), 'an editor'), 2],
      [() => renameSync(join(folder, 'b.yml'), join(folder, 'c.yml')), 3],
      [() => rmSync(join(folder, 'a.yaml')), 4],
    ];
    for (const [act, changes] of expectations) {
      act();
      rig.watch.look();
      expect(rig.changes).toBe(changes);
    }
  });

  test('sees a secret file, but not that the next config names one more', () => {
    const folder = tempDirectory();
    for (const name of ['domains.yaml', 'token', 'other']) writeFileSync(join(folder, name), name);
    const rig = watching(join(folder, 'domains.yaml'), join(folder, 'token'));
    writeFileSync(join(folder, 'token'), 'rotated');
    rig.watch.look();
    expect(rig.changes).toBe(1);
    rig.paths = [...rig.paths, join(folder, 'other')];
    rig.watch.look();
    expect(rig.changes).toBe(1);
    writeFileSync(join(folder, 'other'), 'rotated');
    rig.watch.look();
    expect(rig.changes).toBe(2);
  });
});

describe('without an event', () => {
  test('a link that is moved on (a volume of Kubernetes) is found by the slow look', async () => {
    const folder = tempDirectory();
    for (const name of ['one', 'two']) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'domains.yaml'), name);
    }
    symlinkSync('one', join(folder, 'data'));
    const rig = watching(join(folder, 'data', 'domains.yaml'));
    rmSync(join(folder, 'data'));
    symlinkSync('two', join(folder, 'data'));
    await rig.clock.pass(POLL_MS - 1);
    expect(rig.changes).toBe(0);
    await rig.clock.pass(1);
    expect(rig.changes).toBe(1);
  });

  test('a folder that is not there yet is no fault, and is found when it is', async () => {
    const folder = join(tempDirectory(), 'later');
    const rig = watching(join(folder, 'domains.yaml'));
    mkdirSync(folder);
    writeFileSync(join(folder, 'domains.yaml'), 'version: 1');
    await rig.clock.pass(POLL_MS);
    expect(rig.changes).toBe(1);
  });

  test('a file that became a link in a circle is other content, and no end of the watch', async () => {
    const file = join(tempDirectory(), 'domains.yaml');
    writeFileSync(file, 'version: 1');
    const rig = watching(file);
    rmSync(file);
    symlinkSync('domains.yaml', file);
    await rig.clock.pass(POLL_MS);
    expect(rig.changes).toBe(1);
    rmSync(file);
    writeFileSync(file, 'version: 1');
    await rig.clock.pass(POLL_MS);
    expect(rig.changes).toBe(2);
  });

  test('a stop leaves no timer', async () => {
    const rig = watching(tempDirectory());
    rig.watch.stop();
    expect(rig.clock.timers).toBe(0);
  });
});

describe('an event', () => {
  test('comes from the kernel long before the slow look', async () => {
    const file = join(tempDirectory(), 'domains.yaml');
    writeFileSync(file, 'version: 1');
    const startMs = performance.now();
    await new Promise<void>((resolve) => {
      const watch = watchConfig({ paths: () => [file], clock: systemClock, onChange: resolve });
      onTestFinished(watch.stop);
      writeFileSync(file, 'version: 2');
    });
    expect(performance.now() - startMs).toBeLessThan(POLL_MS - 1000);
  });

  test('is looked at when it has been quiet for a moment: a file written in two steps is one change', async () => {
    const file = join(tempDirectory(), 'domains.yaml');
    writeFileSync(file, 'version: 1');
    const rig = watching(file);
    const after = vi.spyOn(rig.clock, 'after');
    /** Writes, and waits until the kernel has told of it. */
    const write = async (text: string): Promise<void> => {
      const { length } = after.mock.calls;
      writeFileSync(file, text);
      await vi.waitFor(() => expect(after.mock.calls.length).toBeGreaterThan(length), { timeout: 20_000 });
    };
    await write('half');
    await rig.clock.pass(SETTLE_MS - 50);
    await write('whole');
    await rig.clock.pass(SETTLE_MS - 50);
    expect(rig.changes).toBe(0);
    await rig.clock.pass(SETTLE_MS);
    expect(rig.changes).toBe(1);
  });
});
