/** Floor 0. The JSON of a run (DESIGN section 3). Fields are only ever added. */
import type { DomainPlan } from './model.ts';
import { type RunReport, summarise } from './report.ts';

/** One JSON document with a final newline. Times are ISO 8601 in UTC. */
export function renderJson(report: RunReport): string {
  const { version, digest, generatedAt, domains, orphans, findings } = report;
  const value = {
    version,
    digest,
    generatedAt,
    dryRun: report.isDryRun,
    summary: summarise(domains),
    domains: domains.map(domainJson),
    orphans,
    findings,
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

function domainJson(plan: DomainPlan): unknown {
  const { domain, status, wantedHash, mode, mx, id, cause, findings } = plan;
  const steps = plan.steps.map(({ kind, name, type, before, after, reason, outcome, guard, notBefore, changes }) => {
    const providers = changes.map((one) => ({
      provider: one.provider,
      before: one.before,
      after: one.after,
      ttl: one.ttl,
    }));
    return { kind, name, type, before, after, reason, outcome, guard, notBefore, providers };
  });
  const delegation = plan.delegation === null ? {} : { delegation: plan.delegation };
  return { domain, status, wantedHash, mode, mx, id, rotation: cause, ...delegation, steps, findings };
}
