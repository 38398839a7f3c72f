/** Floor 0. Guard reports-agree (rule 8): what the domain's own TLS reports say of its testing time, and what a person is told of it. */
import type { HistoryEntry } from '../memory.ts';
import { dayWords, reportersWords, safe, sessionsWords } from '../reports/finding-words.ts';
import { CLEAN_DAYS, type FailingHost, reportEvidence, type ReportEvidence } from '../reports/evidence.ts';
import { allowKey, type Hold, hold } from './hold.ts';
import type { Finding } from './model.ts';
import { liveMxHosts } from './observation.ts';
import type { Situation } from './situation.ts';
import { finding } from './steps.ts';

const DAY_MS = 86_400_000;

/** The announced entries at the end of the history that are testing without a break. What was never announced, no sender tried. */
export function testingRun(history: readonly HistoryEntry[]): readonly HistoryEntry[] {
  const announced = history.filter((entry) => entry.rotatedAt !== null);
  return announced.slice(announced.findLastIndex((entry) => entry.policy.mode !== 'testing') + 1);
}

/** `start`: of the testing time, which is over. */
export function holdReports(at: Situation, start: Date): Hold | null {
  const { wanted, now } = at;
  if (wanted.allow.has('reports-agree')) return null;
  const evidence = evidenceOf(at, start);
  const [worst] = evidence?.failing ?? [];
  if (worst !== undefined) return holdFailing(worst, evidence?.reporters ?? [], now);
  if (evidence !== null && evidence.sessions > 0) return null;
  const late = new Date(start.getTime() + 2000 * wanted.testingForSeconds);
  if (now >= late) return null;
  const why = 'no TLS reports came in, so testing goes on for twice testingFor';
  return hold('reports-agree', why, allowKey('reports-agree'), late);
}

/** What speaks for enforce and what is missing, of a domain in testing that has reports. */
export function evidenceFindings(at: Situation, uncovered: readonly string[]): readonly Finding[] {
  const { wanted, memory, now } = at;
  const start = testingRun(memory.history)[0]?.rotatedAt ?? null;
  if (at.announced?.mode !== 'testing' || start === null || wanted.absent || wanted.released) return [];
  if (wanted.mode === 'none') return [];
  const evidence = evidenceOf(at, start);
  if (evidence === null || evidence.sessions === 0) return [];
  const due = new Date(start.getTime() + wanted.testingForSeconds * 1000);
  const missing = [
    ...(now < due ? [`testing goes on until ${dayWords(dayOf(due))}`] : []),
    ...evidence.failing.map((one) => failingWords(one, evidence.reporters)),
    ...uncovered.map((host) => `no pattern names ${host}, which is in MX`),
  ];
  const seen = seenWords(evidence);
  if (missing.length > 0) {
    return [finding('ENFORCE_EVIDENCE', 'info', `not ready for enforce: ${missing.join('; ')}; so far ${seen}`)];
  }
  const hint = wanted.mode === 'testing' ? 'set `mode: enforce`' : null;
  return [finding('ENFORCE_READY', 'info', `ready for enforce: ${seen}, no live MX that fails`, hint)];
}

function evidenceOf({ wanted, reports, observation }: Situation, start: Date): ReportEvidence | null {
  return reports === null ? null : reportEvidence(reports, dayOf(start), liveMxHosts(wanted.domain, observation.mx));
}

function holdFailing(worst: FailingHost, all: readonly string[], now: Date): Hold {
  const reason = `${failingWords(worst, all)}; it ends after ${CLEAN_DAYS} days with reports and no failure`;
  // The reports of a day come on the next one.
  const earliest = new Date(Date.parse(worst.lastDay) + (CLEAN_DAYS + 1) * DAY_MS);
  const hint = `mend it there (\`stsync reports summary\`), or ${allowKey('reports-agree')}`;
  return hold('reports-agree', reason, hint, earliest > now ? earliest : null);
}

function failingWords({ host, results, reporters, sessions, lastDay }: FailingHost, all: readonly string[]): string {
  const where = host === '' ? 'an MX that reports do not name' : safe(host);
  const who = reportersWords(reporters, Math.max(all.length, reporters.length));
  const what = results.map(safe).join(', ');
  return `${where} failed for ${who} (${what}; ${sessionsWords(sessions)}, last on ${dayWords(lastDay)})`;
}

function seenWords({ days, reporters, sessions }: ReportEvidence): string {
  return `${many(days, 'day')} with reports of ${many(reporters.length, 'reporter')}, ${sessionsWords(sessions)}`;
}

function many(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}
