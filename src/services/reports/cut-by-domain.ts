/** Floor 3, pure. A report may tell of several policy domains; each is kept, counted and shown by itself. */
import type { TlsReport, TlsReportPolicy } from '../../core/tls-report/model.ts';

/** `statedDomain`: what the mail or the file name says, for policies that name no domain. Null stays where nothing names one. */
export function cutByDomain(
  { policies }: TlsReport,
  statedDomain: string | null,
): readonly { readonly domain: string | null; readonly policies: readonly TlsReportPolicy[] }[] {
  const byDomain = new Map<string | null, TlsReportPolicy[]>();
  for (const policy of policies) {
    const domain = policy.policyDomain ?? statedDomain;
    const known = byDomain.get(domain);
    // A report may have a hundred thousand policies.
    if (known === undefined) byDomain.set(domain, [policy]);
    else known.push(policy);
  }
  if (policies.length === 0) byDomain.set(statedDomain, []);
  return Array.from(byDomain, ([domain, ofDomain]) => ({ domain, policies: ofDomain }));
}
