/** Floor 0. Findings about the `_mta-sts` record (RFC 8461 §3.1) and where it stands: missing, doubled, broken, delegated, spreading. */
import { formatDuration } from '../config/duration.ts';
import { STS_PREFIX } from '../txt-records.ts';
import type { NameFact } from './facts.ts';
import { type CheckFinding, checkFinding as finding } from './model.ts';
import { type CheckSituation, takesMail } from './situation.ts';

/** Senders that watch the record see a change after its TTL. */
const LONG_TTL_SECONDS = 86_400;

export function recordFindings(at: CheckSituation): readonly CheckFinding[] {
  const { idRecord } = at.facts;
  if (idRecord.unreadable !== null) {
    const { code, message, hint } = idRecord.unreadable;
    return [finding(code, 'error', message, hint)];
  }
  return [
    ...(at.record.ok ? [] : notUsable(at)),
    ...spreadFindings(idRecord),
    ...delegationFindings(at),
    ...unusualFields(at),
    ...((idRecord.ttlSeconds ?? 0) > LONG_TTL_SECONDS
      ? [
          finding(
            'ID_TTL_HIGH',
            'info',
            `the TTL of ${idRecord.name} is ${formatDuration(idRecord.ttlSeconds ?? 0)}: senders notice a change that much later`,
            'set it to an hour or less',
          ),
        ]
      : []),
  ];
}

function notUsable(at: CheckSituation): readonly CheckFinding[] {
  const { facts, record, bodies, failures } = at;
  const { name, texts, chain } = facts.idRecord;
  const codes = record.ok ? [] : record.issues.map((issue) => issue.code);
  if (codes.includes('MULTIPLE_RECORDS')) {
    const count = texts.filter((text) => text.startsWith(STS_PREFIX)).length;
    const message = `${name} has ${count} strings that begin "${STS_PREFIX}"; senders act as if there were none (RFC 8461 §3.1)`;
    return [finding('DOUBLED_RECORD', 'error', message, 'leave one')];
  }
  if (codes.includes('RECORD_SYNTAX')) {
    const why = record.ok ? '' : record.issues.map((issue) => issue.message).join('; ');
    return [
      finding('BROKEN_RECORD', 'error', `${name} cannot be read by senders: ${why}`, 'write it as "v=STSv1; id=...;"'),
    ];
  }
  const near = texts.find((text) => /^\s*"?\s*v\s*=\s*STSv?1?\b/i.test(text));
  if (near !== undefined) {
    const message = `${name} has ${JSON.stringify(near.slice(0, 80))}, which does not begin "${STS_PREFIX}", so senders do not see it (RFC 8461 §3.1)`;
    return [
      finding(
        'BROKEN_RECORD',
        'error',
        message,
        'no blank before the first semicolon, no quotes inside, STSv1 with this case',
      ),
    ];
  }
  const end = chain.at(-1);
  if (end !== undefined) {
    return [
      finding(
        'DANGLING_CNAME',
        'error',
        `${name} leads to ${end}, where there is no record of MTA-STS`,
        'correct the CNAME, or remove it',
      ),
    ];
  }
  if (takesMail(at) !== true) return [];
  if (bodies.some(({ parsed }) => parsed.ok)) {
    return [
      finding(
        'ID_RECORD_MISSING',
        'error',
        `a policy is served, but ${name} has no record, so no sender looks for it`,
        'publish the record',
      ),
    ];
  }
  const rest = failures.length > 0 ? ` (${facts.policyHost.name} exists)` : '';
  return [
    finding(
      'MTA_STS_MISSING',
      'error',
      `${facts.domain} has no MTA-STS: no record at ${name}${rest}`,
      'follow the steps below',
    ),
    ...notInherited(at),
  ];
}

/** RFC 8461 §3.4: the policy of a domain is for that domain alone. */
function notInherited({ facts }: CheckSituation): readonly CheckFinding[] {
  if (facts.parent?.hasIdRecord !== true) return [];
  const message = `the policy of ${facts.parent.domain} does not hold for ${facts.domain}: subdomains inherit nothing (RFC 8461 §3.4)`;
  return [finding('NOT_INHERITED', 'warning', message, 'give it records and a policy of its own')];
}

function spreadFindings(fact: NameFact): readonly CheckFinding[] {
  if (fact.views.length > 0) {
    const views = fact.views.map(({ server, texts }) => `${server} shows ${texts.join(' | ') || 'nothing'}`).join('; ');
    return [
      finding(
        'DNS_DIFFERS',
        'warning',
        `the name servers do not show the same ${fact.name}: ${views}`,
        'wait until a change is everywhere, or mend the zone transfer',
      ),
    ];
  }
  if (fact.isAuthoritative) return [];
  return [
    finding(
      'NOT_AUTHORITATIVE',
      'warning',
      `no authoritative server of ${fact.name} could be asked; this is what the resolver says`,
      'look at the NS records and their servers',
    ),
  ];
}

/** A CNAME at the id record without the policy host beside it delegates one half (thunderbird/mailstrom#213). */
function delegationFindings(at: CheckSituation): readonly CheckFinding[] {
  const { idRecord, policyHost } = at.facts;
  const end = idRecord.chain.at(-1);
  if (end === undefined || !at.record.ok) return [];
  const isHalf = policyHost.addresses.length === 0 && policyHost.unreadable === null;
  const said = finding(
    'ID_RECORD_DELEGATED',
    'info',
    `${idRecord.name} leads to ${end}: whoever keeps that name decides on the id`,
    'nothing; where you keep it yourself, in a zone with the records of many domains: `delegation:` in the config',
  );
  if (!isHalf) return [said];
  const message = `${idRecord.name} is delegated to ${end}, but ${policyHost.name} leads nowhere, so the policy cannot be fetched (RFC 8461 §8.2)`;
  return [
    finding(
      'HALF_DELEGATED',
      'error',
      message,
      `point ${policyHost.name} at the host that serves the policy, with a certificate for that name`,
    ),
    said,
  ];
}

function unusualFields({ record, facts }: CheckSituation): readonly CheckFinding[] {
  const warnings = record.ok ? record.warnings : [];
  return warnings.map(({ message }) => finding('UNUSUAL_FIELD', 'info', `${facts.idRecord.name}: ${message}`));
}
