/** Floor 0. Which policy hosts need a certificate by ACME now, and whose certificate nobody needs any more. */
import type { DomainConfig } from '../config/model.ts';
import type { DomainPlan } from '../plan/model.ts';
import { policyHostOf } from '../plan/record-names.ts';
import type { CertificateGlance, WantedCertificate } from './model.ts';

export interface CertificateNeeds {
  readonly wanted: readonly WantedCertificate[];
  /** Hosts in the state that nothing is served for, and nothing is to be. */
  readonly needless: readonly string[];
}

export interface CertificateSituation {
  /** Those of the YAML whose certificate comes by ACME. */
  readonly domains: readonly DomainConfig[];
  /** What the state has. */
  readonly known: readonly CertificateGlance[];
  /** As the last run left each domain. */
  readonly planOf: (domain: string) => DomainPlan | undefined;
  /** Is there a policy for this host in the state? */
  readonly isServed: (host: string) => boolean;
}

/**
 * A host is ordered for when a run has come to its certificate (its record leads here then), and renewed for as long as something is served there:
 * that of a domain which left the YAML too (rule 5), of one that leaves until the last cache has run out.
 */
export function certificateNeeds({ domains, known, planOf, isServed }: CertificateSituation): CertificateNeeds {
  const facts = new Map(known.map((one) => [one.host, one]));
  const staying = new Set<string>();
  const wanted = new Set<string>();
  for (const { domain, absent, released } of domains) {
    const host = policyHostOf(domain);
    if ((absent || released) && !isServed(host)) continue;
    staying.add(host);
    const held = facts.get(host);
    const isBegun = held !== undefined && (held.notAfter !== null || held.isOrdered);
    if (isBegun || isReached(planOf(domain))) wanted.add(host);
  }
  for (const { host, notAfter } of known) if (notAfter !== null && isServed(host)) wanted.add(host);
  const needless = known.map(({ host }) => host).filter((host) => !staying.has(host) && !isServed(host));
  return { wanted: [...wanted].map((host) => ({ host })), needless };
}

/** The step is there, and nothing before it failed or is held. */
function isReached(plan: DomainPlan | undefined): boolean {
  return (
    plan?.steps.some((step) => step.kind === 'certificate' && step.outcome === 'pending') === true && !isBroken(plan)
  );
}

function isBroken({ steps }: DomainPlan): boolean {
  const at = steps.findIndex((step) => step.kind === 'certificate');
  return steps.slice(0, at).some((step) => step.chain === 'policy' && step.outcome !== 'done');
}
