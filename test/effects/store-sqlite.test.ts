import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { StsyncError } from '../../src/core/error.ts';
import type { JournalEntry } from '../../src/core/journal.ts';
import { type DomainMemory, noMemory } from '../../src/core/memory.ts';
import { openDatabase } from '../../src/effects/sqlite.ts';
import { openStore, openStoreReadOnly } from '../../src/effects/store-sqlite.ts';
import type { Store } from '../../src/effects/store.ts';
import { cannotMount, readOnlyMount, smallDisk } from './small-disk.ts';
import { listing, tempDirectory } from './temp-directory.ts';

const at = new Date('2026-11-24T09:30:00.123Z');
const memory: DomainMemory = {
  isComplete: true,
  history: [
    {
      policy: { mode: 'enforce', maxAgeSeconds: 86_400, mx: ['*.example.net', 'mx1.example.com'] },
      id: '202611240930000123456789abcdef',
      from: at,
      to: new Date('2026-11-25T00:00:00Z'),
      rotatedAt: null,
      txtTtlSeconds: 300,
      cause: 'change',
      isHeldTesting: false,
    },
  ],
  seenMx: [
    { host: 'mx1.example.com', isLive: true, lastSeen: at, ttlSeconds: 3600 },
    { host: 'mx2.example.com', isLive: false, lastSeen: at, ttlSeconds: null },
  ],
  seenBodies: [{ id: 'abc', bodyHash: '0123456789abcdef' }],
  owned: ['_mta-sts.example.com TXT'],
  hostSettledAt: at,
  hostTtlSeconds: 300,
  proved: { bodyHash: '0123456789abcdef', at },
};
const step: Omit<JournalEntry, 'outcome' | 'note'> = {
  at,
  domain: 'example.com',
  kind: 'upsert',
  name: '_mta-sts.example.com',
  type: 'TXT',
  before: null,
  after: ['v=STSv1; id=a;'],
  reason: 'the policy changed',
  commit: null,
};

/** The error that `work` throws, as code, message and hint. */
function faultOf(work: () => unknown): { code: string; message: string; hint: string | undefined } {
  try {
    work();
  } catch (error) {
    if (error instanceof StsyncError) return { code: error.code, message: error.message, hint: error.hint };
    throw error;
  }
  throw new Error('nothing was thrown');
}

function statePath(): string {
  return join(tempDirectory(), 'stsync.db');
}

function withStore(path: string, work: (store: Store) => void): void {
  const store = openStore(path);
  try {
    work(store);
  } finally {
    store.close();
  }
}

describe('the SQLite store', () => {
  test('gives back what was saved, dates as dates, also after it was closed', () => {
    const path = statePath();
    withStore(path, (store) => {
      expect(store.memory('example.com')).toEqual(noMemory);
      store.saveMemory('example.com', { ...memory, isComplete: false });
      store.saveMemory('example.com', memory);
      expect(store.memory('example.com')).toEqual(memory);
    });
    withStore(path, (store) => expect(store.memory('example.com')).toEqual(memory));
  });

  test('forgets a domain and keeps its journal', () => {
    const path = statePath();
    const [gone, stays] = ['a.example', 'b.example'];
    withStore(path, (store) => {
      store.saveMemories(new Map([gone, stays].map((domain) => [domain, memory])));
      store.endStep(store.beginStep({ ...step, domain: gone }), 'done', null);
      store.forget([gone, 'never.example']);
    });
    withStore(path, (store) => {
      expect(store.domains()).toEqual([stays]);
      expect(store.memory(gone)).toEqual(noMemory);
      expect(store.journal({ domain: gone })).toHaveLength(1);
    });
  });

  test('lists domains by code point', () => {
    withStore(statePath(), (store) => {
      store.saveMemories(new Map(['b.example', 'a.example', 'a-b.example', 'xn--b.example'].map((d) => [d, memory])));
      expect(store.domains()).toEqual(['a-b.example', 'a.example', 'b.example', 'xn--b.example']);
    });
  });

  test('saves many memories all or none', () => {
    withStore(statePath(), (store) => {
      const broken = { ...memory, hostSettledAt: new Date(Number.NaN) };
      expect(() =>
        store.saveMemories(
          new Map([
            ['a.example', memory],
            ['b.example', broken],
          ]),
        ),
      ).toThrow(RangeError);
      expect(store.domains()).toEqual([]);
    });
  });

  test('keeps the journal in order, newest last; `limit` takes the newest', () => {
    withStore(statePath(), (store) => {
      const first = store.beginStep(step);
      store.endStep(first, 'failed', 'time-out');
      store.endStep(
        store.beginStep({ ...step, domain: 'example.org', type: null, before: ['a', 'b'], commit: 'c0ffee' }),
        'done',
        null,
      );
      store.beginStep({ ...step, kind: 'delete' });
      expect(store.journal({}).map(({ domain, kind, outcome }) => `${domain} ${kind} ${outcome}`)).toEqual([
        'example.com upsert failed',
        'example.org upsert done',
        'example.com delete started',
      ]);
      expect(store.journal({})[0]).toEqual({ ...step, outcome: 'failed', note: 'time-out' });
      expect(store.journal({ domain: 'example.org' })).toEqual([
        {
          ...step,
          domain: 'example.org',
          type: null,
          before: ['a', 'b'],
          commit: 'c0ffee',
          outcome: 'done',
          note: null,
        },
      ]);
      expect(store.journal({ limit: 2 }).map(({ outcome }) => outcome)).toEqual(['done', 'started']);
      expect(store.journal({ domain: 'example.com', limit: 1 }).map(({ kind }) => kind)).toEqual(['delete']);
      expect(store.journal({ limit: 0 })).toEqual([]);
    });
  });

  test('refuses to end a step that never began: a fault of stsync', () => {
    withStore(statePath(), (store) => expect(faultOf(() => store.endStep(7, 'done', null)).code).toBe('INTERNAL'));
  });

  test('makes the file for its owner alone, also with a liberal umask', () => {
    const path = statePath();
    const before = process.umask(0);
    try {
      openStore(path).close();
    } finally {
      process.umask(before);
    }
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('takes any path as a path', () => {
    const directory = tempDirectory();
    const path = join(directory, 'a ?immutable=1#%41:memory:.db');
    withStore(path, (store) => store.saveMemory('example.com', memory));
    expect(openStoreReadOnly(path)?.memory('example.com')).toEqual(memory);
    expect(listing(directory)).toHaveLength(1);
  });

  test('closes twice without a word', () => {
    const store = openStore(statePath());
    store.close();
    expect(() => store.close()).not.toThrow();
  });

  test('saves 10,000 memories in well under a second', () => {
    withStore(statePath(), (store) => {
      const many = new Map(Array.from({ length: 10_000 }, (_, index) => [`d${index}.example`, memory]));
      const start = performance.now();
      store.saveMemories(many);
      expect(performance.now() - start).toBeLessThan(1000);
    });
  });

  test('prints no ExperimentalWarning, and lets other warnings through', () => {
    const script = `
      const { openStore } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/effects/store-sqlite.ts'))});
      openStore(${JSON.stringify(statePath())}).close();
      process.emitWarning('still heard', 'ExperimentalWarning');`;
    const { stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(status).toBe(0);
    expect(stderr).toContain('still heard');
    expect(stderr).not.toMatch(/SQLite/);
  });
});

describe('the read-only store', () => {
  test('is null where there is no state yet: no file, no directory, an empty file', () => {
    const directory = tempDirectory();
    const empty = join(directory, 'empty.db');
    writeFileSync(empty, '');
    expect(openStoreReadOnly(join(directory, 'none.db'))).toBeNull();
    expect(openStoreReadOnly(join(directory, 'none', 'none.db'))).toBeNull();
    expect(openStoreReadOnly(empty)).toBeNull();
    expect(listing(directory)).toHaveLength(1);
  });

  test('changes nothing on disk and leaves no side files', () => {
    const directory = tempDirectory();
    const path = join(directory, 'stsync.db');
    withStore(path, (store) => {
      store.saveMemory('example.com', memory);
      store.endStep(store.beginStep(step), 'done', null);
    });
    const before = listing(directory);
    const reader = openStoreReadOnly(path);
    expect(reader?.domains()).toEqual(['example.com']);
    expect(reader?.memory('example.com')).toEqual(memory);
    expect(reader?.journal({})).toHaveLength(1);
    expect(listing(directory)).toEqual(before);
    reader?.close();
    expect(listing(directory)).toEqual(before);
  });

  test('sees what a run writes: one that is on, one that starts later, one that ends', () => {
    const path = statePath();
    withStore(path, (store) => store.saveMemory('a.example', memory));
    const early = openStoreReadOnly(path);
    expect(early?.domains()).toEqual(['a.example']);
    withStore(path, (store) => {
      store.saveMemory('b.example', memory);
      const late = openStoreReadOnly(path);
      expect(late?.domains()).toEqual(['a.example', 'b.example']);
      expect(early?.domains()).toEqual(['a.example', 'b.example']);
      store.saveMemory('c.example', memory);
      expect(late?.domains()).toEqual(['a.example', 'b.example', 'c.example']);
      late?.close();
    });
    expect(early?.domains()).toEqual(['a.example', 'b.example', 'c.example']);
    early?.close();
  });

  test('reads what a killed run left in its log, and leaves the log alone', () => {
    const directory = tempDirectory();
    const path = join(directory, 'crashed.db');
    killedRun(path);
    const before = listing(directory);
    expect(before.map((line) => line.split(' ')[0])).toEqual(['crashed.db', 'crashed.db-shm', 'crashed.db-wal']);
    const reader = openStoreReadOnly(path);
    expect(reader?.memory('example.com')).toEqual(memory);
    expect(reader?.journal({}).map(({ outcome }) => outcome)).toEqual(['started']);
    reader?.close();
    expect(listing(directory)).toEqual(before);
  });

  // 32 bytes are a log whose head was written and no more: SQLite itself then tries for ten seconds, and gives up.
  test.each([1, 31, 32])('reads a state whose writer was killed when its log was %i bytes long', (length) => {
    const path = join(tempDirectory(), 'state.db');
    const writer = openStore(path);
    writer.saveMemory('example.com', memory);
    writer.close();
    writeFileSync(`${path}-wal`, Buffer.alloc(length, 7));
    writeFileSync(`${path}-shm`, Buffer.alloc(32_768));
    const reader = openStoreReadOnly(path);
    expect(reader?.memory('example.com')).toEqual(memory);
    // A run that begins afterwards is seen.
    const next = openStore(path);
    next.saveMemory('example.org', memory);
    expect(reader?.domains()).toEqual(['example.com', 'example.org']);
    next.close();
    reader?.close();
  });

  test('says what to do with a log that lacks its index (a copy of two files of three)', () => {
    const directory = tempDirectory();
    killedRun(join(directory, 'crashed.db'));
    const copy = tempDirectory();
    for (const name of ['crashed.db', 'crashed.db-wal']) copyFileSync(join(directory, name), join(copy, name));
    const before = listing(copy);
    const fault = faultOf(() => openStoreReadOnly(join(copy, 'crashed.db')));
    expect(fault).toMatchObject({ code: 'STATE_UNREADABLE', hint: expect.stringContaining('stsync sync') });
    expect(listing(copy)).toEqual(before);
    withStore(join(copy, 'crashed.db'), (store) => expect(store.memory('example.com')).toEqual(memory));
  });

  test('finds the log of a state that is reached through a link', () => {
    const directory = tempDirectory();
    killedRun(join(directory, 'crashed.db'));
    const link = join(tempDirectory(), 'link.db');
    symlinkSync(join(directory, 'crashed.db'), link);
    expect(openStoreReadOnly(link)?.domains()).toEqual(['example.com']);
  });

  test.skipIf(cannotMount !== null)(`reads on a read-only file system, also after a crash ${cannotMount ?? ''}`, () => {
    const directory = tempDirectory();
    withStore(join(directory, 'clean.db'), (store) => store.saveMemory('example.com', memory));
    killedRun(join(directory, 'crashed.db'));
    const mounted = readOnlyMount(directory);
    for (const name of ['clean.db', 'crashed.db']) {
      const reader = openStoreReadOnly(join(mounted, name));
      expect(reader?.memory('example.com')).toEqual(memory);
      reader?.close();
    }
    expect(openStoreReadOnly(join(mounted, 'none.db'))).toBeNull();
  });
});

describe('a state that cannot be used', () => {
  const text = 'this is no database, only a long enough text. '.repeat(40);
  const cases: readonly [string, (path: string) => void, string, RegExp, RegExp][] = [
    ['a text file', (path) => writeFileSync(path, text), 'STATE_UNREADABLE', /is not a database/, /state:/],
    ['a directory', (path) => mkdirSync(path), 'STATE_UN', /is a directory/, /name a file/],
    ["another program's database", otherDatabase, 'STATE_UNREADABLE', /of another program/, /name another file/],
    [
      'a newer schema',
      newerSchema,
      'STATE_UNREADABLE',
      /newer stsync \(schema 99; this one knows 6\)/,
      /use that stsync/,
    ],
    ['a file cut in the middle', cutFile, 'STATE_UNREADABLE', /is damaged/, /backup/],
  ];
  test.each(cases)('%s: code, sentence and cure, for a run and for a dry run', (_, prepare, code, message, hint) => {
    const path = statePath();
    prepare(path);
    for (const open of [openStore, openStoreReadOnly]) {
      const fault = faultOf(() => open(path)?.domains());
      expect(fault.code).toContain(code);
      expect(fault.message).toMatch(message);
      expect(fault.message).toContain(path);
      expect(fault.hint).toMatch(hint);
    }
  });

  test("leaves another program's database as it was", () => {
    const directory = tempDirectory();
    const path = join(directory, 'other.db');
    otherDatabase(path);
    const before = listing(directory);
    expect(() => openStore(path)).toThrow(StsyncError);
    expect(listing(directory)).toEqual(before);
  });

  test('a missing directory is named, and not made', () => {
    const directory = join(tempDirectory(), 'none');
    const fault = faultOf(() => openStore(join(directory, 'stsync.db')));
    expect(fault).toMatchObject({ code: 'STATE_UNWRITABLE', hint: expect.stringContaining('create the directory') });
    expect(fault.message).toContain(directory);
    expect(existsSync(directory)).toBe(false);
  });

  test('a memory that cannot be read names its domain and the place in it; other domains go on', () => {
    const path = statePath();
    withStore(path, (store) => store.saveMemories(new Map(['a', 'b', 'c', 'd', 'e'].map((name) => [name, memory]))));
    const db = openDatabase(path);
    db.exec(`UPDATE memory SET json = 'not json' WHERE domain = 'a'`);
    db.exec(`UPDATE memory SET json = json_set(json, '$.history[0].to', 'soon') WHERE domain = 'b'`);
    db.exec(`UPDATE memory SET json = json_remove(json, '$.owned') WHERE domain = 'c'`);
    db.exec(`UPDATE memory SET json = json_set(json, '$.history[0].policy.mode', 'maybe') WHERE domain = 'd'`);
    db.close();
    const reader = openStoreReadOnly(path);
    expect(faultOf(() => reader?.memory('a')).message).toContain('the memory of a in the state');
    expect(faultOf(() => reader?.memory('b')).message).toContain('history[0].to is not a date');
    expect(faultOf(() => reader?.memory('c')).message).toContain('owned is not a list');
    expect(faultOf(() => reader?.memory('d'))).toMatchObject({
      code: 'STATE_UNREADABLE',
      message: expect.stringContaining('policy.mode is "maybe"'),
      hint: expect.stringContaining('backup'),
    });
    expect(reader?.memory('e')).toEqual(memory);
    reader?.close();
  });

  test('a journal entry that cannot be read is named', () => {
    const path = statePath();
    withStore(path, (store) => store.beginStep(step));
    const db = openDatabase(path);
    db.exec(`UPDATE journal SET kind = 'dance'`);
    db.close();
    const fault = faultOf(() => openStoreReadOnly(path)?.journal({}));
    expect(fault).toMatchObject({
      code: 'STATE_UNREADABLE',
      message: expect.stringContaining('step 1 of example.com'),
    });
    expect(fault.message).toContain('kind is "dance"');
  });

  test('a file that another program holds is LOCKED', () => {
    const path = statePath();
    openStore(path).close();
    const other = openDatabase(path);
    other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE x (y); COMMIT');
    expect(faultOf(() => openStore(path))).toMatchObject({ code: 'LOCKED', hint: expect.stringContaining('wait') });
    other.close();
  });

  test.skipIf(cannotMount !== null)(`a read-only file system: a sentence and a cure ${cannotMount ?? ''}`, () => {
    const directory = tempDirectory();
    openStore(join(directory, 'stsync.db')).close();
    const mounted = readOnlyMount(directory);
    for (const name of ['stsync.db', 'new.db']) {
      expect(faultOf(() => openStore(join(mounted, name)))).toMatchObject({
        code: 'STATE_UNWRITABLE',
        message: expect.stringContaining('read-only'),
      });
    }
  });

  test.skipIf(process.getuid?.() === 0)('a file without rights (skipped for root, who has them all)', () => {
    const path = statePath();
    openStore(path).close();
    chmodSync(path, 0o400);
    expect(faultOf(() => openStore(path))).toMatchObject({ code: 'STATE_UNWRITABLE' });
    chmodSync(path, 0o000);
    expect(faultOf(() => openStoreReadOnly(path))).toMatchObject({ code: 'STATE_UNREADABLE' });
  });

  test.skipIf(cannotMount !== null)(`a full disk: nothing half-done, and it goes on later ${cannotMount ?? ''}`, () => {
    const disk = smallDisk(512 * 1024);
    const path = join(disk, 'stsync.db');
    const store = openStore(path);
    store.saveMemory('example.com', memory);
    const many = new Map(Array.from({ length: 5000 }, (_, index) => [`d${index}.example`, memory]));
    expect(faultOf(() => store.saveMemories(many))).toMatchObject({
      code: 'STATE_UNWRITABLE',
      message: expect.stringContaining('disk is full'),
      hint: expect.stringContaining('free some space'),
    });
    expect(store.domains()).toEqual(['example.com']);
    store.close();
    withStore(path, (again) => expect(again.memory('example.com')).toEqual(memory));
  });

  test.skipIf(cannotMount !== null)(`a disk full from the start ${cannotMount ?? ''}`, () => {
    const disk = smallDisk(16 * 1024);
    writeFileSync(join(disk, 'ballast'), new Uint8Array(12 * 1024));
    expect(faultOf(() => openStore(join(disk, 'stsync.db')))).toMatchObject({
      code: 'STATE_UNWRITABLE',
      message: expect.stringContaining('disk is full'),
    });
  });
});

/** A state as kill -9 leaves it: in another process, one memory saved and one step begun. */
function killedRun(path: string): void {
  const script = `
    const { openStore } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/effects/store-sqlite.ts'))});
    const revive = (key, value) => (/^(from|to|lastSeen|hostSettledAt|at)$/.test(key) ? new Date(value) : value);
    const store = openStore(${JSON.stringify(path)});
    store.saveMemory('example.com', JSON.parse(${JSON.stringify(JSON.stringify(memory))}, revive));
    store.beginStep(JSON.parse(${JSON.stringify(JSON.stringify(step))}, revive));
    process.kill(process.pid, 'SIGKILL');`;
  const { signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  if (signal !== 'SIGKILL') throw new Error(stderr);
}

function otherDatabase(path: string): void {
  const db = openDatabase(path);
  db.exec('CREATE TABLE theirs (a)');
  db.close();
}

function newerSchema(path: string): void {
  openStore(path).close();
  const db = openDatabase(path);
  db.exec('PRAGMA user_version = 99');
  db.close();
}

function cutFile(path: string): void {
  withStore(path, (store) =>
    store.saveMemories(new Map(Array.from({ length: 500 }, (_, index) => [`d${index}.example`, memory]))),
  );
  truncateSync(path, 3 * 4096);
}
