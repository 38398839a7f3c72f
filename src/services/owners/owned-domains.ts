/** Floor 3. Whose domains are whose, and what the state knows of one for its owner. */
import type { DomainConfig } from '../../core/config/model.ts';
import type { OwnedDomain, WeekOfSessions } from '../../core/owners/model.ts';
import { weeksBefore } from '../../core/owners/week.ts';
import type { StateView } from '../../effects/look-at-state.ts';
import type { FleetState } from '../daemon/fleet-state.ts';
import { findingsOf } from '../reports/report-findings.ts';

/** By contact; each with its own domains and no other. */
export function domainsByContact(domains: readonly DomainConfig[]): ReadonlyMap<string, readonly DomainConfig[]> {
  const found = new Map<string, DomainConfig[]>();
  for (const one of domains) {
    for (const contact of one.contacts) {
      const known = found.get(contact);
      if (known === undefined) found.set(contact, [one]);
      else known.push(one);
    }
  }
  return found;
}

/** `view` null: there is no state yet. Throws what the state throws. */
export function ownedDomain(
  { domain, publisher }: DomainConfig,
  view: StateView | null,
  { state, link, now }: { readonly state: FleetState; readonly link: string | null; readonly now: Date },
): OwnedDomain {
  const plan = state.domains.get(domain)?.plan ?? null;
  const { week, before } = weeksBefore(now);
  const sessions = (days: typeof week): WeekOfSessions =>
    view === null
      ? { succeeded: 0, failed: 0, reports: 0 }
      : { ...view.dashboard.sessions(domain, days), reports: view.reports.reach({ domain, ...days }).reports };
  const history = view?.store.memory(domain).history ?? [];
  return {
    domain,
    status: state.domains.get(domain)?.status ?? state.known.get(domain)?.status ?? null,
    // Before the first run of a daemon: what was served last.
    mode: plan === null ? (history.findLast(({ to }) => to === null)?.policy.mode ?? null) : plan.mode.live,
    isServedByUs: publisher.type !== 'external',
    week: sessions(week),
    before: sessions(before),
    reportFindings:
      view === null ? [] : findingsOf(view.reports, domain, { plan, history }, { since: week.since, now }),
    planFindings: plan?.findings ?? [],
    liveMx: plan?.mx.live ?? null,
    link,
  };
}
