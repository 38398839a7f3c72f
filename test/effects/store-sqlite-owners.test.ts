import { statSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { openOwnerStore, readShareSecret } from '../../src/effects/store-sqlite-owners.ts';
import { openDatabase } from '../../src/effects/sqlite.ts';
import { openStore } from '../../src/effects/store-sqlite.ts';
import { tempDirectory } from './temp-directory.ts';

const fresh = (): string => join(tempDirectory(), 'stsync.db');

describe('the secret of links', () => {
  it('is made once, of 32 bytes, in a file for its owner alone', () => {
    const path = fresh();
    const [first, second] = [openOwnerStore(path), openOwnerStore(path)];
    const secret = first.shareSecret();
    expect(secret).toHaveLength(32);
    expect(second.shareSecret()).toEqual(secret);
    first.close();
    second.close();
    expect(readShareSecret(path)).toEqual(secret);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const other = openOwnerStore(fresh());
    expect(other.shareSecret()).not.toEqual(secret);
    other.close();
  });

  it('is none where nobody made it: no state, a new one, one of an older version', () => {
    const path = fresh();
    expect(readShareSecret(path)).toBeNull();
    openStore(path).close();
    expect(readShareSecret(path)).toBeNull();
    const db = openDatabase(path);
    db.exec('DROP TABLE fleet');
    db.close();
    expect(readShareSecret(path)).toBeNull();
  });
});

describe('the last weekly summary', () => {
  it('is kept by contact, beside what else is kept of the fleet', () => {
    const path = fresh();
    const store = openOwnerStore(path);
    store.shareSecret();
    store.saveWeekly('ann@owner.example', '2026-11-23');
    store.saveWeekly('bob@owner.example', '2026-09-07');
    store.saveWeekly('ann@owner.example', '2026-11-30');
    expect([...store.lastWeekly()]).toEqual([
      ['ann@owner.example', '2026-11-30'],
      ['bob@owner.example', '2026-09-07'],
    ]);
    store.forgetWeekly('2026-10-01');
    expect([...store.lastWeekly().keys()]).toEqual(['ann@owner.example']);
    store.close();
    const all = openStore(path);
    all.saveDomainStates(new Map(), new Date('2026-11-30T08:00:00Z'));
    expect(all.lastGoodRunAt()).toEqual(new Date('2026-11-30T08:00:00Z'));
    all.close();
    expect(readShareSecret(path)).not.toBeNull();
  });
});
