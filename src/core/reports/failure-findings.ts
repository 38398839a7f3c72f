/** Floor 0. Failures into findings: one for each kind of trouble at each host, over all days and reporters (RFC 8460 §4.3). */
import { coverMx } from '../mx.ts';
import { parsePolicy, type StsPolicy } from '../policy.ts';
import type { ReportFacts, ReportFinding } from './finding-model.ts';
import { isProved } from './finding-model.ts';
import { between, daysApart, capital, dayWords, reportersWords, safe, sessionsWords } from './finding-words.ts';
import { type Meaning, meaningOf } from './result-meaning.ts';
import type { FailureCell } from './tally.ts';

/** What stsync itself saw of a host at its last run. `unknown`: it did not look. */
export type HostNow = 'fails' | 'gone' | 'unknown';

interface Trouble {
  readonly meaning: Meaning;
  readonly result: string;
  /** '' where reports do not say, or it is about no host. */
  readonly mx: string;
  readonly policyType: string;
  /** The policy that the sender held does not name the host. */
  readonly isUnnamed: boolean;
  readonly rows: FailureCell[];
}

/** Of the cells given, each exactly once. */
export function failureFindings(facts: ReportFacts, hostNow: (host: string) => HostNow): readonly ReportFinding[] {
  const policies = policiesOf(facts.held);
  const troubles = new Map<string, Trouble>();
  for (const row of facts.failures) {
    if (row.sessions === 0) continue;
    const meaning = meaningOf(row.result);
    const mx = meaning.matter === 'policy' ? '' : row.mx;
    const policyType = meaning.matter === 'mx' ? row.policyType : '';
    const isUnnamed = meaning.matter === 'mx' && isNamedNowhere(row, policies.get(row.held));
    const result = isUnnamed ? '' : row.result;
    const key = JSON.stringify([result, mx, policyType, isUnnamed]);
    const known = troubles.get(key) ?? { meaning, result: row.result, mx, policyType, isUnnamed, rows: [] };
    known.rows.push(row);
    troubles.set(key, known);
  }
  return [...troubles.values()].map((one) => findingOf(one, facts, policies, hostNow));
}

function policiesOf(held: ReportFacts['held']): ReadonlyMap<string, StsPolicy> {
  return new Map(
    [...held].flatMap(([hash, text]): [string, StsPolicy][] => {
      const policy = parsePolicy(text);
      return policy.ok ? [[hash, policy.value]] : [];
    }),
  );
}

/** RFC 8461 §4.1: senders tell of a host that no pattern matches as of a validation that failed. */
function isNamedNowhere({ policyType, mx, result }: FailureCell, policy: StsPolicy | undefined): boolean {
  const isMatch = result === 'validation-failure' || result === 'certificate-host-mismatch';
  if (policyType !== 'sts' || mx === '' || policy === undefined || !isMatch) return false;
  return coverMx(policy.mx, [mx]).uncovered.length > 0;
}

function findingOf(
  trouble: Trouble,
  facts: ReportFacts,
  policies: ReadonlyMap<string, StsPolicy>,
  hostNow: (host: string) => HostNow,
): ReportFinding {
  const { meaning, rows, mx, isUnnamed, policyType } = trouble;
  const days = [...new Set(rows.map(({ day }) => day))].toSorted();
  const [from = '', to = ''] = [days[0], days.at(-1)];
  const reporters = [...new Set(rows.map(({ reporter }) => reporter))].toSorted();
  const sessions = rows.reduce((sum, row) => sum + row.sessions, 0);
  const cleanSince = cleanDay(facts, reporters, to);
  const now = mx === '' ? 'unknown' : hostNow(mx);
  const all = new Set(facts.totals.filter((row) => row.day >= from && row.day <= to).map(({ reporter }) => reporter));
  const who = reportersWords(reporters, Math.max(all.size, reporters.length));
  const when = `${between(from, to)}${days.length > 1 && days.length < spanOf(from, to) ? `, on ${days.length} days` : ''}`;
  const isBinding = rows.some(({ held, day }) => day === to && policies.get(held)?.mode === 'enforce');
  const isOver = cleanSince !== null || now === 'gone';
  return {
    code: isUnnamed ? 'REPORT_MX_NOT_IN_POLICY' : meaning.code,
    severity: isOver ? 'info' : isBinding && meaning.matter === 'mx' && policyType === 'sts' ? 'error' : 'warning',
    message: `${sentence(trouble, who, when)} (${sessionsWords(sessions)})${endWords(cleanSince, now)}`,
    hint: isOver ? null : hintOf(trouble),
    confidence: confidenceOf(rows, reporters),
    subject: [isUnnamed ? '' : trouble.result, mx, policyType].map(safe).join(' ').trim(),
    isOver,
    from,
    to,
    sessions,
    reporters,
    rows,
  };
}

function sentence({ meaning, mx, isUnnamed, policyType }: Trouble, who: string, when: string): string {
  const host = mx === '' ? 'an MX host that the reports do not name' : safe(mx);
  if (isUnnamed) return `${capital(who)} delivered to ${host}, which the policy does not name, ${when}`;
  if (meaning.matter === 'policy') return `${capital(who)} ${meaning.words} ${when}`;
  // Senders without a policy look at the certificate too, and deliver all the same.
  const under = policyType === 'tlsa' && meaning.matter === 'mx' ? ' (under DANE)' : '';
  return `${host} ${safe(meaning.words)} to ${who} ${when}${under}`;
}

function hintOf({ meaning, isUnnamed, mx }: Trouble): string {
  if (!isUnnamed) return meaning.hint;
  return `if ${safe(mx)} is one of yours, add it to mx: and wait before it goes into MX (\`stsync when DOMAIN --add-mx\`); else the sender follows old DNS`;
}

function endWords(cleanSince: string | null, now: HostNow): string {
  if (now === 'gone') return '; it is in MX no more';
  if (now === 'fails') return '; stsync sees it too';
  return cleanSince === null ? '' : `; none since ${dayWords(cleanSince)}`;
}

/** The first day after the last failure on which one of those who saw it reported sessions. Null: none did. */
function cleanDay({ totals }: ReportFacts, reporters: readonly string[], last: string): string | null {
  const days = totals
    .filter(({ day, reporter, succeeded }) => day > last && succeeded > 0 && reporters.includes(reporter))
    .map(({ day }) => day);
  return days.toSorted()[0] ?? null;
}

/** Days, both ends included. */
function spanOf(from: string, to: string): number {
  return daysApart(from, to) + 1;
}

function confidenceOf(rows: readonly FailureCell[], reporters: readonly string[]): ReportFinding['confidence'] {
  const signed = new Set(rows.filter(({ verdict }) => verdict === 'dkim').map(({ reporter }) => reporter));
  if (signed.size > 1) return 'high';
  return signed.size === 1 || (reporters.length > 0 && rows.some(isProved)) ? 'medium' : 'low';
}
