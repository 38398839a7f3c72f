/** Floor 2. What the SQLite state keeps for the owners of domains: the secret of their links, and when each got the last weekly summary. */
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

import { StsyncError } from '../core/error.ts';
import { openDatabase, stateError } from './sqlite.ts';
import { inTransaction } from './store-sqlite-schema.ts';
import { lookOnce, openStore } from './store-sqlite.ts';

/** Methods throw `STATE_UNWRITABLE`, `STATE_UNREADABLE`, and `LOCKED` (retryable). */
export interface OwnerStore {
  /** 32 random bytes; made at the first call. */
  shareSecret(): Uint8Array;
  /** The local day (`2026-11-30`) of the last summary of each contact. */
  lastWeekly(): ReadonlyMap<string, string>;
  saveWeekly(contact: string, day: string): void;
  /** What was kept of contacts whose last summary is from before this day. */
  forgetWeekly(before: string): void;
  close(): void;
}

const SECRET = 'share secret';
const WEEKLY = 'weekly ';
/** By the index of the names: `!` is the sign behind the blank. */
const IS_WEEKLY = "name >= 'weekly ' AND name < 'weekly!'";
const SECRET_BYTES = 32;
const BUSY_MS = 5000;
const LOOKS = 20;

/** Makes the state where there is none. Throws as {@link OwnerStore}. */
export function openOwnerStore(path: string): OwnerStore {
  openStore(path).close();
  const db = openDatabase(path, { timeout: BUSY_MS });
  const attempt = <T>(doing: 'read' | 'write', work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw stateError(error, path, doing);
    }
  };
  const save = (name: string, value: string): void =>
    void db
      .prepare('INSERT INTO fleet VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value')
      .run(name, value);
  return {
    shareSecret: () =>
      attempt('write', () =>
        inTransaction(db, () => {
          const known = secretOf(db);
          if (known !== null) return known;
          const secret = randomBytes(SECRET_BYTES);
          save(SECRET, secret.toString('base64url'));
          return new Uint8Array(secret);
        }),
      ),
    lastWeekly: () =>
      attempt('read', () => {
        const rows = db.prepare(`SELECT name, value FROM fleet WHERE ${IS_WEEKLY}`).all();
        return new Map(rows.map(({ name, value }) => [String(name).slice(WEEKLY.length), String(value)]));
      }),
    saveWeekly: (contact, day) => attempt('write', () => save(`${WEEKLY}${contact}`, day)),
    forgetWeekly: (before) =>
      attempt('write', () => void db.prepare(`DELETE FROM fleet WHERE ${IS_WEEKLY} AND value < ?`).run(before)),
    close: () => {
      if (db.isOpen) db.close();
    },
  };
}

/** Null: no link was made so far. Changes nothing on disk. Throws as {@link OwnerStore}. */
export function readShareSecret(path: string): Uint8Array | null {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return null;
  for (let look = 1; ; look++) {
    try {
      return lookOnce(path, secretOf);
    } catch (error) {
      const isBusy = error instanceof StsyncError && error.code === 'LOCKED';
      if (!isBusy || look === LOOKS) throw error;
    }
  }
}

function secretOf(db: DatabaseSync): Uint8Array | null {
  // A stand-by may look at a state of an older version.
  if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'fleet'").get() === undefined) return null;
  const value = db.prepare('SELECT value FROM fleet WHERE name = ?').get(SECRET)?.['value'];
  return value === undefined ? null : new Uint8Array(Buffer.from(String(value), 'base64url'));
}
