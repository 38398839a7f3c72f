/** Floor 0. Findings about the names around the policy: wildcards, CAA, subdomains. */
import { caaIssuers } from '../caa.ts';
import { STS_PREFIX, TLSRPT_PREFIX } from '../txt-records.ts';
import { type CheckFinding, checkFinding as finding } from './model.ts';
import type { CheckSituation } from './situation.ts';

export function hostFindings(at: CheckSituation): readonly CheckFinding[] {
  return [...wildcardFindings(at), ...caaFindings(at), ...subdomainFindings(at)];
}

/** RFC 8461 §10.4: a wildcard puts stray records at `_mta-sts` and any site at `mta-sts`. */
function wildcardFindings({ facts }: CheckSituation): readonly CheckFinding[] {
  const { wildcard, domain, policyHost } = facts;
  const findings: CheckFinding[] = [];
  if (wildcard.texts.length > 0) {
    const isOurs = wildcard.texts.some((text) => text.startsWith(STS_PREFIX) || text.startsWith(TLSRPT_PREFIX));
    const what = isOurs ? ', and every name below seems to have a policy' : ', also where senders look for MTA-STS';
    findings.push(
      finding(
        'WILDCARD_RECORD',
        isOurs ? 'error' : 'warning',
        `*.${domain} answers TXT for every name${what}`,
        'narrow the wildcard, or publish the names that are meant',
      ),
    );
  }
  if (wildcard.addresses.length > 0) {
    const isSame =
      policyHost.addresses.length > 0 && policyHost.addresses.every((one) => wildcard.addresses.includes(one));
    const what = isSame ? `; ${policyHost.name} leads to the same host` : '';
    findings.push(
      finding(
        'WILDCARD_RECORD',
        isSame ? 'warning' : 'info',
        `*.${domain} has addresses for every name${what}`,
        'publish the policy host with a record of its own',
      ),
    );
  }
  return findings;
}

/** RFC 8659 §3: the set at the name or the nearest above it says who may issue. */
function caaFindings({ facts }: CheckSituation): readonly CheckFinding[] {
  const { name, texts } = facts.caa;
  if (name === null) return [];
  const allowed = caaIssuers(texts);
  if (allowed === null) return [];
  if (allowed.length === 0) {
    return [
      finding(
        'CAA_FORBIDS',
        'warning',
        `CAA at ${name} lets no authority make certificates for ${facts.policyHost.name}`,
        'name the authority in an issue record, or the next renewal fails',
      ),
    ];
  }
  return [
    finding(
      'CAA_PRESENT',
      'info',
      `CAA at ${name} lets only ${allowed.join(', ')} make certificates for ${facts.policyHost.name}`,
    ),
  ];
}

function subdomainFindings({ facts, record, policy }: CheckSituation): readonly CheckFinding[] {
  if (!record.ok || policy === null || policy.mode === 'none') return [];
  return [
    finding(
      'NOT_FOR_SUBDOMAINS',
      'info',
      `the policy is for addresses @${facts.domain} alone; a subdomain with its own MX needs its own (RFC 8461 §3.4)`,
    ),
  ];
}
