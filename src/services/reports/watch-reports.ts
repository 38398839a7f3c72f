/**
 * Floor 3. Watches what reports mean, and tells what is new: domains with new reports soon, every domain with reports once a day, since silence brings no
 * report. A few domains at a time, with room for others between.
 */
import { alertChanges, type ReportNews } from '../../core/reports/alerts.ts';
import { byCodePoint } from '../../core/names.ts';
import type { AlertStore, ReportReader } from '../../effects/report-store.ts';
import { findingsOf, type KnownOfDomain } from './report-findings.ts';

const DAY_MS = 86_400_000;
/** Failures of so many days are looked at. */
const LOOK_BACK_DAYS = 14;
/** In one turn of the loop; each takes about a millisecond. */
const AT_ONCE = 10;

export interface WatchWorld {
  readonly store: AlertStore & Pick<ReportReader, 'facts'>;
  readonly knownOf: (domain: string) => KnownOfDomain;
  readonly isOurs: (domain: string) => boolean;
  readonly now: () => Date;
  /** Between two turns. */
  readonly pause: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** `domains` null: every one that has reports. What was told is kept before it is given: it is told once, or not at all. Throws what the store throws. */
export async function reportNews(domains: readonly string[] | null, world: WatchWorld): Promise<readonly ReportNews[]> {
  const { store, isOurs, now, pause, signal } = world;
  const since = new Date(now().getTime() - LOOK_BACK_DAYS * DAY_MS).toISOString().slice(0, 10);
  const all = (domains ?? store.alertDomains(since)).filter(isOurs).toSorted(byCodePoint);
  const news: ReportNews[] = [];
  for (const [index, domain] of all.entries()) {
    if (signal.aborted) break;
    if (index > 0 && index % AT_ONCE === 0) await pause();
    news.push(...newsOf(domain, since, world));
  }
  return news;
}

function newsOf(domain: string, since: string, { store, knownOf, now }: WatchWorld): readonly ReportNews[] {
  const findings = findingsOf(store, domain, knownOf(domain), { since, now: now() });
  const before = store.alerts(domain);
  const { told, news } = alertChanges(domain, before, findings, now());
  if (news.length > 0) store.saveAlerts(domain, told);
  return news;
}
