/** Floor 0. What a look at one domain makes worth saying, beside the steps: MX against patterns, records that senders cannot read. */
import type { DomainConfig } from '../config/model.ts';
import { TLSRPT_PREFIX } from '../txt-records.ts';
import type { PublishedId } from './ids.ts';
import type { Finding } from './model.ts';
import type { Observation } from './observation.ts';
import { ownName, recordName } from './record-names.ts';
import { finding } from './steps.ts';
import { stringsOf, txtSetOf } from './txt-step.ts';

export function observationFindings(
  wanted: DomainConfig,
  observation: Observation,
  ids: readonly PublishedId[],
  cover: { readonly uncovered: readonly string[]; readonly unused: readonly string[] },
): readonly Finding[] {
  // Somebody else looks after a domain that moves out.
  if (wanted.released) return [];
  return [
    ...mxFindings(wanted, observation, cover),
    ...idFindings(wanted, ids),
    ...reportFindings(wanted, observation),
    ...policyFindings(observation, ids),
    ...(wanted.publisher.proof === 'file'
      ? [
          finding(
            'PROOF_BY_FILE',
            'info',
            'the policy is proved by reading its file, not by fetching it as senders do',
            'fetch it once yourself: https://mta-sts.DOMAIN/.well-known/mta-sts.txt',
          ),
        ]
      : []),
  ];
}

function mxFindings(
  wanted: DomainConfig,
  { mx }: Observation,
  cover: { readonly uncovered: readonly string[]; readonly unused: readonly string[] },
): readonly Finding[] {
  if (wanted.absent) return [];
  const findings: Finding[] = [];
  if (mx.kind !== 'unreadable' && !mx.isAuthoritative) {
    findings.push(
      finding(
        'NOT_AUTHORITATIVE',
        'warning',
        `no authoritative server of ${wanted.domain} could be asked for MX; what the resolver says shows drift and changes nothing`,
        'look at the NS records and their servers',
      ),
    );
  }
  const isBinding = wanted.mode === 'enforce';
  if (mx.kind === 'null-mx') {
    findings.push(
      finding(
        'NULL_MX',
        'warning',
        `${wanted.domain} takes no mail (null MX, RFC 7505)`,
        'set `absent: true`: a policy says nothing here',
      ),
    );
  } else if (mx.kind === 'no-domain') {
    findings.push(
      finding(
        'NO_DOMAIN',
        'warning',
        `${wanted.domain} does not exist in DNS (NXDOMAIN)`,
        'check the spelling of the domain',
      ),
    );
  } else if (mx.kind === 'no-mx') {
    const message = mx.hasAddress
      ? `${wanted.domain} has no MX, so mail goes to its own address (implicit MX, RFC 5321 §5.1)`
      : `${wanted.domain} has neither MX nor address, so it takes no mail`;
    findings.push(
      finding(mx.hasAddress ? 'IMPLICIT_MX' : 'NO_MX', 'warning', message, 'publish MX records, or set `absent: true`'),
    );
  }
  if (wanted.mode === 'none') return findings;
  if (cover.uncovered.length > 0) {
    const message = `live MX ${cover.uncovered.join(', ')} is matched by no pattern of mx:`;
    findings.push(
      finding(
        'UNCOVERED_MX',
        isBinding ? 'error' : 'warning',
        message,
        'add it to mx: before enforce, or take it out of MX',
      ),
    );
  }
  if (cover.unused.length > 0 && mx.kind !== 'unreadable') {
    findings.push(
      finding('UNUSED_PATTERN', 'info', `${cover.unused.join(', ')} matches no live MX`, 'drop it if no MX is to come'),
    );
  }
  return findings;
}

function idFindings(wanted: DomainConfig, ids: readonly PublishedId[]): readonly Finding[] {
  const name = recordName('_mta-sts', wanted.domain);
  return ids.flatMap((one) => {
    if (one.count > 1)
      return [
        finding(
          'DOUBLED_RECORD',
          'error',
          `${name} has ${one.count} strings that begin "v=STSv1;"; senders see no policy`,
        ),
      ];
    if (one.count === 1 && one.id === null)
      return [finding('BROKEN_RECORD', 'error', `${name} cannot be read by senders (RFC 8461 §3.1)`)];
    return [];
  });
}

function reportFindings(wanted: DomainConfig, observation: Observation): readonly Finding[] {
  const name = ownName('_smtp._tls', wanted);
  const counts = observation.views.map((view) =>
    view.kind === 'read' ? stringsOf(txtSetOf(view, name), TLSRPT_PREFIX).length : 0,
  );
  const count = Math.max(0, ...counts);
  return count > 1
    ? [
        finding(
          'DOUBLED_RECORD',
          'error',
          `${name} has ${count} strings that begin "v=TLSRPTv1;"; senders report nothing`,
        ),
      ]
    : [];
}

function policyFindings({ policy }: Observation, ids: readonly PublishedId[]): readonly Finding[] {
  if (policy.kind === 'body' && policy.policy === null) {
    return [
      finding('BROKEN_POLICY', 'error', `the body served is no policy: ${policy.message ?? 'it cannot be read'}`),
    ];
  }
  if (policy.kind === 'body' && policy.leftOut.length > 0) {
    const message = `nobody looked at ${policy.leftOut.join(', ')}: this machine has no route there; the other addresses serve the policy`;
    return [finding('HTTPS_NO_ROUTE', 'info', message, 'run once from a machine that has both IPv4 and IPv6')];
  }
  // Before an id is out nobody asks for the policy, and it need not be there yet.
  const isAnnounced = ids.some((one) => one.count > 0);
  return policy.kind === 'unproved' && isAnnounced ? [finding(policy.code, 'error', policy.message, policy.hint)] : [];
}
