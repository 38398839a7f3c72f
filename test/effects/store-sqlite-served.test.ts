/** The policies in the state: what a run publishes there, and what the policy host sees of it at once, whoever wrote it and whatever happens. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { statePublisher, stateReader } from '../../src/effects/publish-state.ts';
import { openDatabase } from '../../src/effects/sqlite.ts';
import { openStore, openStoreReadOnly } from '../../src/effects/store-sqlite.ts';
import { openServedPolicies, type ServedPolicies } from '../../src/effects/store-sqlite-served.ts';
import { cannotMount, readOnlyMount, smallDisk } from './small-disk.ts';
import { listing, tempDirectory } from './temp-directory.ts';

const HOST = 'mta-sts.example.com';

class State {
  readonly path = join(tempDirectory(), 'stsync.db');
  readonly troubles: string[] = [];

  /** As a run does it: opens the state, writes, closes it. */
  publish(body: string | null, host = HOST): void {
    const store = openStore(this.path);
    try {
      store.savePolicyBody(host, body);
    } finally {
      store.close();
    }
  }

  /** The same in a process of its own, which may be killed before it has closed the state. */
  publishElsewhere(body: string, isKilled = false): void {
    const module = join(import.meta.dirname, '../../src/effects/store-sqlite.ts');
    const script = `const { openStore } = await import(${JSON.stringify(module)});
      const store = openStore(${JSON.stringify(this.path)}); store.savePolicyBody('${HOST}', '${body}');
      ${isKilled ? "process.kill(process.pid, 'SIGKILL')" : 'store.close()'};`;
    const { signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
    if (signal !== (isKilled ? 'SIGKILL' : null)) throw new Error(`the other process ended by ${signal}`);
  }

  serve(): ServedPolicies {
    const served = openServedPolicies(this.path, ({ code, message }) => void this.troubles.push(`${code} ${message}`));
    onTestFinished(() => served.close());
    return served;
  }
}

describe('the policy host', () => {
  test('serves what was published, until it is taken away', () => {
    const state = new State();
    state.publish('one');
    const served = state.serve();
    expect([served.body(HOST), served.body('mta-sts.example.net')]).toEqual(['one', null]);
    state.publish(null);
    expect([served.body(HOST), state.troubles]).toEqual([null, []]);
  });

  test('sees at once what this process publishes, and what another one does, run after run', () => {
    const state = new State();
    state.publish('one');
    const served = state.serve();
    expect(served.body(HOST)).toBe('one');
    state.publish('two');
    expect(served.body(HOST)).toBe('two');
    state.publishElsewhere('three');
    expect(served.body(HOST)).toBe('three');
    state.publish('four');
    expect([served.body(HOST), state.troubles]).toEqual(['four', []]);
  });

  test('sees what is published while a run still has the state open', () => {
    const state = new State();
    const served = state.serve();
    const store = openStore(state.path);
    onTestFinished(() => store.close());
    expect(served.body(HOST)).toBeNull();
    store.savePolicyBody(HOST, 'one');
    expect(served.body(HOST)).toBe('one');
    store.savePolicyBody(HOST, 'two');
    expect(served.body(HOST)).toBe('two');
  });

  test('serves what a killed run published, and leaves the next run of this process able to write', () => {
    const state = new State();
    state.publishElsewhere('one', true);
    const served = state.serve();
    expect(served.body(HOST)).toBe('one');
    state.publish('two');
    expect([served.body(HOST), state.troubles]).toEqual(['two', []]);
  });

  test('may start before there is a state', () => {
    const state = new State();
    const served = state.serve();
    expect([served.body(HOST), state.troubles]).toEqual([null, []]);
    state.publish('one');
    expect(served.body(HOST)).toBe('one');
  });

  test('leaves a state whose file alone is a whole backup', () => {
    const state = new State();
    const served = state.serve();
    state.publish('one');
    served.body(HOST);
    state.publish('two');
    const backup = openDatabase(state.path, { readOnly: true }, 'mode=ro&immutable=1');
    onTestFinished(() => backup.close());
    expect(
      backup
        .prepare('SELECT body FROM policies')
        .all()
        .map((row) => row['body']),
    ).toEqual(['two']);
  });

  test('goes on with a state that was moved away, and takes the next one when it is there', () => {
    const state = new State();
    state.publish('one');
    const served = state.serve();
    served.body(HOST);
    renameSync(state.path, `${state.path}.old`);
    expect(served.body(HOST)).toBe('one');
    for (const side of ['-wal', '-shm']) rmSync(`${state.path}${side}`, { force: true });
    state.publish('two');
    expect(served.body(HOST)).toBe('two');
  });

  test('goes on with what it read last where the state cannot be read, and says so once', () => {
    const state = new State();
    state.publish('one');
    const served = state.serve();
    served.body(HOST);
    served.close();
    for (const side of ['-wal', '-shm']) rmSync(`${state.path}${side}`, { force: true });
    writeFileSync(state.path, 'no database, and long enough to be looked at '.repeat(50));
    expect([served.body(HOST), served.body(HOST), served.body('mta-sts.example.net')]).toEqual(['one', 'one', null]);
    expect(state.troubles).toEqual([expect.stringMatching(/^STATE_UNREADABLE .*is not a database$/)]);
  });

  test('keeps no more than it has room for', () => {
    const state = new State();
    for (let host = 0; host < 5; host++) state.publish('x'.repeat(3_000_000), `${host}.example`);
    const served = state.serve();
    for (let host = 0; host < 5; host++) served.body(`${host}.example`);
    served.close();
    for (const side of ['', '-wal', '-shm']) rmSync(`${state.path}${side}`, { force: true });
    const kept = [0, 1, 2, 3, 4].filter((host) => served.body(`${host}.example`) !== null);
    expect(kept).toEqual([3, 4]);
  });
});

describe.skipIf(cannotMount !== null)(
  `the policy host without a place to write${cannotMount === null ? '' : ` (${cannotMount})`}`,
  () => {
    test.each([
      [
        'a full disk',
        (): string => {
          const disk = smallDisk(256 * 1024);
          copyFileSync(published(), join(disk, 'stsync.db'));
          fill(disk);
          return disk;
        },
      ],
      ['a read-only one', (): string => readOnlyMount(dirname(published()))],
    ])('serves all the same, from %s, also when it starts there', (_what, place) => {
      const troubles: string[] = [];
      const served = openServedPolicies(join(place(), 'stsync.db'), ({ message }) => void troubles.push(message));
      expect([served.body(HOST), served.body('mta-sts.example.net'), troubles]).toEqual(['one', null, []]);
      served.close();
    });
  },
);

/** A state that no run has open. */
function published(): string {
  const state = new State();
  state.publish('one');
  return state.path;
}

function fill(disk: string): void {
  expect(() => writeFileSync(join(disk, 'rest'), Buffer.alloc(1024 * 1024))).toThrow('ENOSPC');
}

describe('the publisher on the state', () => {
  test('reads back what it published, and nothing where nothing is', async () => {
    const state = new State();
    const store = openStore(state.path);
    onTestFinished(() => store.close());
    const publisher = statePublisher(store);
    expect(await publisher.read(HOST)).toBeNull();
    await publisher.publish(HOST, 'one\r\n');
    await publisher.publish(HOST, 'two\r\n');
    expect(new TextDecoder().decode((await publisher.read(HOST)) ?? undefined)).toBe('two\r\n');
    await publisher.remove(HOST);
    await publisher.remove(HOST);
    expect(await publisher.read(HOST)).toBeNull();
  });

  test('reads nothing without a state, and nothing of a dry run touches the disk', async () => {
    expect(await stateReader(null).read(HOST)).toBeNull();
    const state = new State();
    state.publish('one');
    const before = listing(join(state.path, '..'));
    const store = openStoreReadOnly(state.path);
    expect(await stateReader(store).read(HOST)).toEqual(new TextEncoder().encode('one'));
    store?.close();
    expect(listing(join(state.path, '..'))).toEqual(before);
  });

  test('says PUBLISHER_UNREADABLE and PUBLISHER_UNWRITABLE with the cure, where the state cannot be used', async () => {
    const state = new State();
    state.publish('one');
    const store = openStore(state.path);
    onTestFinished(() => store.close());
    const other = openDatabase(state.path);
    other.exec(
      "DROP TABLE policies; CREATE TABLE policies (host TEXT, body INTEGER); INSERT INTO policies VALUES ('mta-sts.example.com', 7)",
    );
    other.close();
    await expect(statePublisher(store).read(HOST)).rejects.toMatchObject({
      code: 'PUBLISHER_UNREADABLE',
      hint: expect.stringContaining('backup'),
    });
    await expect(statePublisher(store).publish(HOST, 'two')).rejects.toMatchObject({ code: 'PUBLISHER_UNWRITABLE' });
  });
});
