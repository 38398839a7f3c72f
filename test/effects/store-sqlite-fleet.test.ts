import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { KnownStatus } from '../../src/core/known-status.ts';
import { noMemory } from '../../src/core/memory.ts';
import { statuses } from '../../src/core/plan/model.ts';
import { openDatabase } from '../../src/effects/sqlite.ts';
import { openStore, openStoreReadOnly } from '../../src/effects/store-sqlite.ts';
import type { Store } from '../../src/effects/store.ts';
import { listing, tempDirectory } from './temp-directory.ts';

const since = new Date('2026-11-24T09:30:00.123Z');
const held: KnownStatus = { status: 'held', since, failures: 0 };

function withStore<T>(path: string, work: (store: Store) => T): T {
  const store = openStore(path);
  try {
    return work(store);
  } finally {
    store.close();
  }
}

/** A state as the first release made it (schema 1), with one memory and one step of the journal. Never to be changed: such files exist. */
function firstSchema(path: string): void {
  const db = openDatabase(path);
  db.exec(`
    PRAGMA journal_mode = WAL;
    CREATE TABLE memory (domain TEXT NOT NULL PRIMARY KEY, json TEXT NOT NULL) STRICT;
    CREATE TABLE journal (
      number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, domain TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, type TEXT,
      before TEXT, after TEXT, reason TEXT NOT NULL, outcome TEXT NOT NULL, note TEXT, yaml_commit TEXT
    ) STRICT;
    CREATE INDEX journal_by_domain ON journal (domain, number);
    CREATE INDEX journal_not_done ON journal (number) WHERE outcome <> 'done';
    PRAGMA application_id = 1937011577;
    PRAGMA user_version = 1;
    INSERT INTO memory VALUES ('example.com',
      '{"isComplete":true,"history":[],"seenMx":[],"seenBodies":[],"owned":["_mta-sts.example.com TXT"],"hostSettledAt":null,"proved":null}');
    INSERT INTO journal (at, domain, kind, name, type, before, after, reason, outcome, note, yaml_commit)
      VALUES ('2026-11-24T09:30:00.123Z', 'example.com', 'upsert', '_mta-sts.example.com', 'TXT', NULL, '["v=STSv1; id=a;"]', 'new', 'done', NULL, 'abc');
  `);
  db.close();
}

function versionOf(path: string): unknown {
  const db = openDatabase(path, { readOnly: true });
  try {
    return db.prepare('PRAGMA user_version').get()?.['user_version'];
  } finally {
    db.close();
  }
}

describe('what the daemon keeps', () => {
  test('comes back, each status of them, also after the store was closed and through the reader', () => {
    const path = join(tempDirectory(), 'stsync.db');
    const states = new Map(statuses.map((status, index) => [`${index}.example`, { status, since, failures: index }]));
    withStore(path, (store) => {
      expect([store.domainStates(), store.lastGoodRunAt()]).toEqual([new Map(), null]);
      store.saveDomainStates(states, since);
      expect([store.domainStates(), store.lastGoodRunAt()]).toEqual([states, since]);
    });
    const reader = openStoreReadOnly(path);
    expect([reader?.domainStates(), reader?.lastGoodRunAt()]).toEqual([states, since]);
    reader?.close();
  });

  test('is what was saved last and nothing more; the last good run stays where there was none since', () => {
    withStore(join(tempDirectory(), 'stsync.db'), (store) => {
      store.saveDomainStates(
        new Map([
          ['a.example', held],
          ['b.example', held],
        ]),
        since,
      );
      const next = new Map<string, KnownStatus>([['b.example', { ...held, failures: 2, status: 'failed' }]]);
      store.saveDomainStates(next, null);
      expect([store.domainStates(), store.lastGoodRunAt()]).toEqual([next, since]);
      // It is no memory of the domain, and makes no orphan.
      expect(store.domains()).toEqual([]);
    });
  });

  test('is written only where it differs: saving 20,000 that are kept already writes nothing', () => {
    const path = join(tempDirectory(), 'stsync.db');
    const states = new Map(Array.from({ length: 20_000 }, (_, index) => [`${index}.example`, held]));
    withStore(path, (store) => store.saveDomainStates(states, since));
    const counter = openDatabase(path);
    counter.exec(`CREATE TABLE written (domain TEXT);
      CREATE TRIGGER counts AFTER UPDATE ON domain_state BEGIN INSERT INTO written VALUES (new.domain); END`);
    counter.close();
    withStore(path, (store) => {
      store.saveDomainStates(states, since);
      store.saveDomainStates(new Map([...states, ['7.example', { ...held, failures: 1 }]]), since);
    });
    const after = openDatabase(path, { readOnly: true });
    expect(
      after
        .prepare('SELECT domain FROM written')
        .all()
        .map((row) => row['domain']),
    ).toEqual(['7.example']);
    after.close();
  });

  test('all or nothing: what cannot be written leaves what was there', () => {
    withStore(join(tempDirectory(), 'stsync.db'), (store) => {
      store.saveDomainStates(new Map([['a.example', held]]), since);
      const broken = new Map([['b.example', { ...held, since: new Date(Number.NaN) }]]);
      expect(() => store.saveDomainStates(broken, since)).toThrow(RangeError);
      expect([...store.domainStates().keys()]).toEqual(['a.example']);
    });
  });

  test.each([
    ["UPDATE domain_state SET status = 'fine'", /the status of a\.example is "fine"/],
    ["UPDATE domain_state SET since = 'today'", /the status of a\.example is not a date/],
    ['UPDATE domain_state SET failures = -1', /the status of a\.example has no count of failures/],
    ["UPDATE fleet SET value = 'x'", /last good run is not a date/],
  ])('that was edited (%s) is STATE_UNREADABLE and names the row', (sql, message) => {
    const path = join(tempDirectory(), 'stsync.db');
    withStore(path, (store) => store.saveDomainStates(new Map([['a.example', held]]), since));
    const db = openDatabase(path);
    db.exec(sql);
    db.close();
    withStore(path, (store) => {
      const read = (): unknown => [store.domainStates(), store.lastGoodRunAt()];
      expect(read).toThrow(
        expect.objectContaining({ code: 'STATE_UNREADABLE', message: expect.stringMatching(message) }),
      );
    });
  });
});

describe('a state of the first schema', () => {
  test('is brought to this one by the first run, and keeps all that it had', () => {
    const path = join(tempDirectory(), 'stsync.db');
    firstSchema(path);
    withStore(path, (store) => {
      expect(store.memory('example.com')).toEqual({
        ...noMemory,
        isComplete: true,
        owned: ['_mta-sts.example.com TXT'],
      });
      expect(store.journal({})).toMatchObject([{ domain: 'example.com', outcome: 'done', commit: 'abc', at: since }]);
      expect([store.domainStates(), store.lastGoodRunAt()]).toEqual([new Map(), null]);
      store.saveDomainStates(new Map([['example.com', held]]), since);
    });
    expect(versionOf(path)).toBe(6);
    withStore(path, (store) => expect(store.domainStates()).toEqual(new Map([['example.com', held]])));
  });

  test('has the same tables afterwards as a new one', () => {
    const [old, fresh] = ['old.db', 'new.db'].map((name) => join(tempDirectory(), name));
    firstSchema(old ?? '');
    const schemas = [old, fresh].map((path = '') => {
      withStore(path, () => undefined);
      const db = openDatabase(path, { readOnly: true });
      const rows = db.prepare('SELECT name, sql FROM sqlite_schema ORDER BY name').all();
      db.close();
      return rows.map((row) => String(row['sql']).replaceAll(/\s+/g, ' '));
    });
    expect(schemas[0]).toEqual(schemas[1]);
  });

  test('is read by a dry run as it stands: nothing kept yet, and nothing on disk changes', () => {
    const folder = tempDirectory();
    firstSchema(join(folder, 'stsync.db'));
    const before = listing(folder);
    const reader = openStoreReadOnly(join(folder, 'stsync.db'));
    expect([reader?.domainStates(), reader?.lastGoodRunAt(), reader?.domains()]).toEqual([
      new Map(),
      null,
      ['example.com'],
    ]);
    reader?.close();
    expect(listing(folder)).toEqual(before);
  });
});
