/** Floor 0. All that the reports of one domain are found to mean, the worst first. */
import type { HistoryEntry } from '../memory.ts';
import { byCodePoint } from '../names.ts';
import { burstFinding } from './burst-finding.ts';
import { failureFindings, type HostNow } from './failure-findings.ts';
import { findingKey, isProved, type ReportFacts, type ReportFinding } from './finding-model.ts';
import { between, reportersWords, safe, sessionsWords } from './finding-words.ts';
import { heldFindings } from './held-findings.ts';
import { silenceFindings } from './silence-findings.ts';
import type { FailureCell } from './tally.ts';

export interface FindingContext {
  readonly now: Date;
  /** What the last run saw of an MX host. */
  readonly hostNow: (host: string) => HostNow;
  /** Of the domain; empty: nothing is known. */
  readonly history: readonly HistoryEntry[];
}

const RANK = { error: 0, warning: 1, info: 2 } as const;

export function reportFindings(
  facts: ReportFacts,
  { now, hostNow, history }: FindingContext,
): readonly ReportFinding[] {
  const { counted, contradicting } = partContradicting(facts);
  const findings = [
    ...failureFindings({ ...facts, failures: counted }, hostNow),
    ...burstFinding(facts),
    ...contradictions(contradicting),
    ...heldFindings(facts, history),
    ...silenceFindings(facts, now.toISOString().slice(0, 10)),
  ];
  return findings.toSorted(
    (a, b) =>
      RANK[a.severity] - RANK[b.severity] || b.sessions - a.sessions || byCodePoint(findingKey(a), findingKey(b)),
  );
}

/** Anybody can write what nothing proves: where proved reports of the same day tell of no such failure, it is shown apart. */
function partContradicting({ totals, failures }: ReportFacts): {
  readonly counted: readonly FailureCell[];
  readonly contradicting: readonly FailureCell[];
} {
  const provedDays = new Set(totals.filter(isProved).map(({ day }) => day));
  const provedKinds = new Set(failures.filter(isProved).map(kindOf));
  const isContradicting = (row: FailureCell): boolean => provedDays.has(row.day) && !provedKinds.has(kindOf(row));
  return {
    counted: failures.filter((row) => !isContradicting(row)),
    contradicting: failures.filter((row) => isContradicting(row) && row.sessions > 0),
  };
}

function kindOf({ result, mx }: FailureCell): string {
  return `${result} ${mx}`;
}

function contradictions(rows: readonly FailureCell[]): readonly ReportFinding[] {
  return [...Map.groupBy(rows, kindOf)].map(([subject, group]) => {
    const days = group.map(({ day }) => day).toSorted();
    const [from = '', to = ''] = [days[0], days.at(-1)];
    const reporters = [...new Set(group.map(({ reporter }) => reporter))].toSorted();
    const sessions = group.reduce((sum, row) => sum + row.sessions, 0);
    const [{ result, mx } = { result: '', mx: '' }] = group;
    const where = mx === '' ? '' : ` at ${safe(mx)}`;
    return {
      code: 'REPORTS_CONTRADICT',
      severity: 'info',
      message: `Reports of ${reportersWords(reporters, reporters.length + 1)}, which nothing proves, tell of ${safe(result)}${where} ${between(from, to)} (${sessionsWords(sessions)}); no proved report of these days does`,
      hint: 'anybody can send reports by HTTPS; believe the others unless you see the failure yourself',
      confidence: 'low',
      subject: safe(subject),
      isOver: false,
      from,
      to,
      sessions,
      reporters,
      rows: group,
    };
  });
}
