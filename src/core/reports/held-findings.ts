/** Floor 0. Senders that held an older policy than the one announced, out of reports and history: until when they may (RFC 8461 §3.3, §5.1). */
import { bodyHash } from '../id.ts';
import type { HistoryEntry } from '../memory.ts';
import { formatPolicy } from '../policy.ts';
import { type ReportFacts, type ReportFinding, isProved } from './finding-model.ts';
import { daysApart, capital, dayWords, reportersWords, sessionsWords } from './finding-words.ts';
import { policyWords } from './summary.ts';
import type { TotalCell } from './tally.ts';

/** Of so many days up to the newest report. */
const RECENT_DAYS = 3;

interface Replaced {
  readonly entry: HistoryEntry;
  readonly at: Date;
  /** The last copy has run out by then: fetched just before the old record left every cache. */
  readonly until: Date;
}

export function heldFindings(
  { totals, held }: ReportFacts,
  history: readonly HistoryEntry[],
): readonly ReportFinding[] {
  const replaced = replacedBodies(history);
  const proved = totals.filter(isProved).filter(({ policyType }) => policyType === 'sts');
  const newest = proved.map(({ day }) => day).reduce((a, b) => (a > b ? a : b), '');
  const recent = proved.filter((row) => daysApart(row.day, newest) < RECENT_DAYS);
  const late = Map.groupBy(
    recent.filter((row) => isLate(row, replaced.get(row.held))),
    (row) => row.held,
  );
  return [...late].flatMap(([hash, rows]) => {
    const known = replaced.get(hash);
    return known === undefined ? [] : [findingOf(hash, held.get(hash) ?? '', rows, known)];
  });
}

/** A report of a day in which the policy was replaced says nothing. */
function isLate({ day, succeeded, failed }: TotalCell, replaced: Replaced | undefined): boolean {
  return replaced !== undefined && succeeded + failed > 0 && day > replaced.at.toISOString().slice(0, 10);
}

/** Bodies that were announced once and are not now. */
function replacedBodies(history: readonly HistoryEntry[]): ReadonlyMap<string, Replaced> {
  const announced = history.filter(({ rotatedAt }) => rotatedAt !== null);
  const found = new Map<string, Replaced>();
  for (const [index, entry] of announced.entries()) {
    const hash = bodyHash(formatPolicy(entry.policy));
    const at = announced[index + 1]?.rotatedAt ?? null;
    // One that is back is no old one.
    if (at === null) found.delete(hash);
    else {
      const untilMs = at.getTime() + (entry.txtTtlSeconds + entry.policy.maxAgeSeconds) * 1000;
      found.set(hash, { entry, at, until: new Date(untilMs) });
    }
  }
  return found;
}

function findingOf(
  hash: string,
  text: string,
  rows: readonly TotalCell[],
  { entry, at, until }: Replaced,
): ReportFinding {
  const reporters = [...new Set(rows.map(({ reporter }) => reporter))].toSorted();
  const days = rows.map(({ day }) => day).toSorted();
  const [from = '', to = ''] = [days[0], days.at(-1)];
  const sessions = rows.reduce((sum, { succeeded, failed }) => sum + succeeded + failed, 0);
  const isTooLong = to > until.toISOString().slice(0, 10);
  const end = isTooLong
    ? `, longer than its max_age allows (${dayWords(iso(until))})`
    : `; the last copy runs out on ${dayWords(iso(until))}`;
  const who = reportersWords(reporters, reporters.length + 1);
  return {
    code: 'REPORT_OLD_POLICY',
    severity: isTooLong ? 'warning' : 'info',
    message: `${capital(who)} still held the policy with id ${entry.id} on ${dayWords(to)} (${policyWords(hash, text)}; ${sessionsWords(sessions)}), which was replaced on ${dayWords(iso(at))}${end}`,
    hint:
      entry.policy.mode === 'enforce'
        ? 'until then such a sender refuses MX hosts that this policy does not name: `stsync when`'
        : null,
    confidence: reporters.length > 1 ? 'high' : 'medium',
    subject: hash,
    isOver: false,
    from,
    to,
    sessions,
    reporters,
    rows: [],
  };
}

function iso(date: Date): string {
  return date.toISOString().slice(0, 10);
}
