/** Floor 0. What a weekly mail shows: the facts of the owner's domains as words, those with trouble first. */
import { byCodePoint } from '../names.ts';
import type { Status } from '../plan/model.ts';
import type { PolicyMode } from '../policy.ts';
import { dayWords } from '../reports/finding-words.ts';
import { grouped } from '../reports/render-text.ts';
import { failureRate } from '../reports/summary.ts';
import { planMatter, reportMatter, type Whose, WHOSE_WORDS } from './matters.ts';
import type { Days, OwnedDomain, WeekOfSessions } from './model.ts';
import { unlinked } from './unlinked.ts';

export interface ShownFinding {
  readonly severity: 'error' | 'warning' | 'info';
  /** A sentence; words of strangers in it make no link. */
  readonly message: string;
  /** `Yours to fix`. Null: it is over. */
  readonly whose: string | null;
  readonly cure: string | null;
}

export interface ShownDomain {
  readonly domain: string;
  readonly status: Status | null;
  readonly statusWords: string;
  readonly modeWords: string;
  readonly week: string;
  readonly before: string;
  readonly findings: readonly ShownFinding[];
  /** So many findings more. */
  readonly others: number;
  readonly hasTrouble: boolean;
  readonly link: string | null;
}

export interface WeeklyView {
  /** `23 November to 29 November 2026`. */
  readonly period: string;
  /** One sentence over all. */
  readonly verdict: string;
  readonly shown: readonly ShownDomain[];
  /** Domains that are only counted, and how many of them have trouble. */
  readonly rest: { readonly domains: number; readonly troubled: number };
  readonly domains: number;
  readonly troubled: number;
  readonly hasLinks: boolean;
}

const MOST_DOMAINS = 50;
const MOST_FINDINGS = 8;
/** Of the ranks. */
const CALM = 3;

const STATUSES: Readonly<Record<Status, string>> = {
  failed: 'could not be looked at or changed; we work on it',
  held: 'a change is held back, so that no mail is lost',
  drift: 'differs from what is wanted; we work on it',
  waiting: 'a change is on its way',
  changed: 'policy and records are as they should be',
  'in sync': 'policy and records are as they should be',
};
const MODES: Readonly<Record<PolicyMode, string>> = {
  enforce: 'enforce: senders deliver over proved TLS only',
  testing: 'testing: senders report failures, and deliver all the same',
  none: 'none: senders ask for nothing',
};

export function weeklyView(domains: readonly OwnedDomain[], { since, until }: Days): WeeklyView {
  const ranked = domains
    .map((one) => ({ rank: rankOf(one), one }))
    .toSorted((a, b) => a.rank - b.rank || byCodePoint(a.one.domain, b.one.domain));
  const troubled = ranked.filter(isTroubled).length;
  const rest = ranked.slice(MOST_DOMAINS);
  const toDo = domains.reduce((sum, one) => sum + mattersOf(one).filter(isToDo).length, 0);
  return {
    period: `${dayWords(since)} to ${dayWords(until)} ${until.slice(0, 4)}`,
    verdict: verdictOf(toDo, troubled, domains.length),
    shown: ranked.slice(0, MOST_DOMAINS).map(({ one, rank }) => shownDomain(one, rank < CALM)),
    rest: { domains: rest.length, troubled: rest.filter(isTroubled).length },
    domains: domains.length,
    troubled,
    hasLinks: domains.some(({ link }) => link !== null),
  };
}

function verdictOf(toDo: number, troubled: number, all: number): string {
  if (toDo > 0) return toDo === 1 ? 'one thing to do' : `${toDo} things to do`;
  if (troubled === 0) return 'nothing to do';
  return all === 1
    ? 'nothing to do for you, something to know'
    : `nothing to do for you, ${troubled} of ${all} domains to know of`;
}

/** 0: mail may be kept back; 1: something is wrong; 2: something failed, or stsync is not done with it; {@link CALM}: all is well. */
function rankOf(one: OwnedDomain): number {
  const open = mattersOf(one).filter(({ isOver }) => !isOver);
  if (open.some(({ severity }) => severity === 'error')) return 0;
  if (open.some(({ severity }) => severity === 'warning')) return 1;
  return one.week.failed > 0 || isUnhealthy(one.status) ? 2 : CALM;
}

function isUnhealthy(status: Status | null): boolean {
  return status === 'failed' || status === 'held' || status === 'drift';
}

function isTroubled({ rank }: { readonly rank: number }): boolean {
  return rank < CALM;
}

interface FoundMatter {
  readonly severity: 'error' | 'warning' | 'info';
  readonly message: string;
  readonly whose: Whose;
  readonly cure: string;
  readonly isOver: boolean;
}

function mattersOf(one: OwnedDomain): readonly FoundMatter[] {
  const ofPlan = one.planFindings.flatMap(({ code, severity, message }): FoundMatter[] => {
    const matter = planMatter(code);
    return matter === null ? [] : [{ ...matter, severity, message, isOver: false }];
  });
  const ofReports = one.reportFindings.map(({ code, severity, message, isOver, confidence }): FoundMatter => {
    const matter = reportMatter(code, one);
    // Anybody can write such a report: it is told, and asks for nothing.
    return confidence === 'low'
      ? { ...matter, severity: 'info', message: `${message}; nothing proves who reports this`, isOver }
      : { ...matter, severity, message, isOver };
  });
  return [...ofPlan, ...ofReports];
}

function isToDo({ severity, whose, isOver }: FoundMatter): boolean {
  return severity !== 'info' && whose === 'owner' && !isOver;
}

function shownDomain(one: OwnedDomain, hasTrouble: boolean): ShownDomain {
  const { domain, status, mode, week, before, liveMx, link } = one;
  const findings = mattersOf(one).map(({ severity, message, whose, cure, isOver }) => ({
    severity,
    message: unlinked(message, { domain, hosts: liveMx ?? [] }),
    whose: isOver ? null : WHOSE_WORDS[whose],
    cure: isOver ? null : cure,
  }));
  return {
    domain,
    status,
    statusWords: status === null ? 'not looked at yet' : STATUSES[status],
    modeWords: mode === null ? 'no policy is seen' : MODES[mode],
    week: sessionWords(week),
    before: sessionWords(before),
    findings: findings.slice(0, MOST_FINDINGS),
    others: Math.max(0, findings.length - MOST_FINDINGS),
    hasTrouble,
    link,
  };
}

/** `1,234 sessions, 82 failed (6.6 %)`. */
function sessionWords({ succeeded, failed, reports }: WeekOfSessions): string {
  if (reports === 0) return 'no reports came';
  const all = succeeded + failed;
  const failures = failed === 0 ? 'none failed' : `${grouped(failed)} failed (${failureRate({ succeeded, failed })})`;
  return `${grouped(all)} ${all === 1 ? 'session' : 'sessions'}, ${failures}`;
}
