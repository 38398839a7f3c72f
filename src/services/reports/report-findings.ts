/** Floor 3. What the reports of a domain mean, joined with what the last run saw and with the history of its policies. */
import type { HistoryEntry } from '../../core/memory.ts';
import type { DomainPlan } from '../../core/plan/model.ts';
import type { HostNow } from '../../core/reports/failure-findings.ts';
import type { ReportFinding } from '../../core/reports/finding-model.ts';
import { reportFindings } from '../../core/reports/report-findings.ts';
import type { ReportReader } from '../../effects/report-store.ts';

const DAY_MS = 86_400_000;
/** Long enough to tell a reporter that fell silent from one that never was regular. */
const LOOK_BACK_DAYS = 45;

export interface KnownOfDomain {
  /** Of the last run; null: none is known. */
  readonly plan: Pick<DomainPlan, 'mx' | 'findings'> | null;
  readonly history: readonly HistoryEntry[];
}

/** `since`: earlier days count for who reports daily, not for failures. Throws as {@link ReportReader}. */
export function findingsOf(
  reader: Pick<ReportReader, 'facts'>,
  domain: string,
  { plan, history }: KnownOfDomain,
  { since, now }: { readonly since: string; readonly now: Date },
): readonly ReportFinding[] {
  const from = new Date(now.getTime() - LOOK_BACK_DAYS * DAY_MS).toISOString().slice(0, 10);
  const until = new Date(now.getTime() + DAY_MS).toISOString().slice(0, 10);
  const facts = reader.facts({ domain, since: since < from ? since : from, until });
  const failures = facts.failures.filter(({ day }) => day >= since);
  return reportFindings({ ...facts, failures }, { now, hostNow: (host) => hostNow(plan, host), history });
}

function hostNow(plan: KnownOfDomain['plan'], host: string): HostNow {
  if (plan === null || plan.mx.live === null) return 'unknown';
  if (!plan.mx.live.includes(host)) return 'gone';
  const isBad = plan.findings.some(
    ({ code, message }) => code === 'MX_STARTTLS' && message.startsWith(`live MX ${host} `),
  );
  return isBad ? 'fails' : 'unknown';
}
