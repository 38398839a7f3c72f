/** Floor 2. How TLS reports leave the SQLite state: whole ones first, their counts long after. In slices, since all of the daemon waits for each. */
import type { DatabaseSync } from 'node:sqlite';

import type { Keeping } from './report-store.ts';

/** Reports in one slice, and ten times as many rows of counts. */
const SLICE = 500;

/** One slice; true: there is more to do. Within a transaction of the caller's. Errors of SQLite pass through. */
export function preparePrune(db: DatabaseSync): (keeping: Keeping) => boolean {
  const cutReports = prepareCut(db);
  const heads = db.prepare('SELECT id FROM reports WHERE day < ? ORDER BY day LIMIT ?');
  const dropHead = db.prepare('DELETE FROM reports WHERE id = ?');
  const [days, failures] = [prepareDrop(db, 'report_days'), prepareDrop(db, 'report_failures')];
  const oldest = db.prepare('SELECT min(day) AS day FROM reports WHERE is_whole = 1');
  return ({ wholeSince, countsSince, mostBytes }) => {
    if (cutReports(wholeSince)) return true;
    const old = heads.all(countsSince, SLICE).map((row) => Number(row['id']));
    for (const id of old) dropHead.run(id);
    const isMore = [days(countsSince), failures(countsSince)].includes(true);
    if (isMore || old.length === SLICE) return true;
    if (bytesOf(db) <= mostBytes) return false;
    // All reports of the oldest day, not today's alone: a day is what people look for.
    const day = oldest.get()?.['day'];
    return typeof day === 'string' && cutReports(`${day}~`);
  };
}

/** Of reports from before this day policies and details go; true: there were some. */
function prepareCut(db: DatabaseSync): (day: string) => boolean {
  const whole = db.prepare('SELECT id FROM reports WHERE is_whole = 1 AND day < ? ORDER BY day LIMIT ?');
  const drops = ['report_policies', 'report_details'].map((table) =>
    db.prepare(`DELETE FROM ${table} WHERE report = ?`),
  );
  const mark = db.prepare("UPDATE reports SET is_whole = 0, remarks = '[]' WHERE id = ?");
  return (day) => {
    const ids = whole.all(day, SLICE).map((row) => Number(row['id']));
    for (const id of ids) {
      for (const drop of drops) drop.run(id);
      mark.run(id);
    }
    return ids.length > 0;
  };
}

function prepareDrop(db: DatabaseSync, table: 'report_days' | 'report_failures'): (day: string) => boolean {
  const bound = db.prepare(
    `SELECT day, domain FROM ${table} WHERE day < ? ORDER BY day, domain LIMIT 1 OFFSET ${10 * SLICE}`,
  );
  const some = db.prepare(`DELETE FROM ${table} WHERE day < ? OR (day = ? AND domain < ?)`);
  const ofDomain = db.prepare(`DELETE FROM ${table} WHERE day = ? AND domain = ?`);
  const all = db.prepare(`DELETE FROM ${table} WHERE day < ?`);
  return (day) => {
    const at = bound.get(day);
    if (at === undefined) {
      all.run(day);
      return false;
    }
    const [boundDay, domain] = [String(at['day']), String(at['domain'])];
    some.run(boundDay, boundDay, domain);
    ofDomain.run(boundDay, domain);
    return true;
  };
}

/** What is in use: pages that were freed are used again before the file grows. */
function bytesOf(db: DatabaseSync): number {
  const pragma = (name: string): number => Number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
  return (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
}
