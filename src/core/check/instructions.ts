/** Floor 0. What to do, in the order that loses no mail (RFC 8461 §8; FIELD: the safe roll-out). Only what is left to do. */
import { patternsFor, recogniseProvider } from '../mail-providers.ts';
import { policyId } from '../id.ts';
import { canonicalPatterns } from '../mx.ts';
import { formatPolicy, type StsPolicy } from '../policy.ts';
import { formatStsRecord, parseTlsRptRecords } from '../txt-records.ts';
import type { CheckFinding, Instruction } from './model.ts';
import { type CheckSituation, takesMail } from './situation.ts';

const DAY = 86_400;

export function instructionsFor(at: CheckSituation, findings: readonly CheckFinding[]): readonly Instruction[] {
  const isMailed = takesMail(at);
  if (isMailed === null || at.facts.idRecord.unreadable !== null) return [];
  if (!isMailed) return at.record.ok ? removal(at) : [];
  const has = (...codes: readonly string[]): boolean =>
    findings.some((one) => codes.includes(one.code) && one.severity !== 'info');
  const wanted = policyToServe(at);
  const isRewritten = !at.isSameEverywhere || at.policy === null || formatPolicy(at.policy) !== formatPolicy(wanted);
  const isUnfetched = at.failures.length > 0 || at.bodies.length === 0;
  return [
    ...urgent(at),
    ...(at.refused.some((one) => one.kind === 'tls') || has('MX_STARTTLS', 'MX_NO_ADDRESS', 'MX_CNAME')
      ? [step('Mend the MX hosts named above: STARTTLS and a certificate valid for the MX name, at every address.')]
      : []),
    ...reportsStep(at),
    ...(isUnfetched ? [hostStep(at)] : []),
    ...(isRewritten || isUnfetched
      ? [
          step(
            `Serve this policy at https://${at.facts.policyHost.name}/.well-known/mta-sts.txt, as text/plain, with CRLF after every line:`,
            body(wanted),
          ),
        ]
      : []),
    ...(isRewritten || isUnfetched || !at.record.ok ? [recordStep(at, wanted)] : []),
    ...rollOut(wanted),
  ];
}

/** The live policy with what it lacks, or a first one: testing, one day. */
function policyToServe({ policy, facts, hosts, cover }: CheckSituation): StsPolicy {
  const live = facts.mx.kind === 'hosts' ? patternsFor(hosts ?? []) : (hosts ?? []);
  if (policy === null || policy.mode === 'none') return { mode: 'testing', maxAgeSeconds: DAY, mx: live };
  return { ...policy, mx: canonicalPatterns([...policy.mx, ...patternsFor(cover.uncovered)]) };
}

/** Mail is refused: first make that end. */
function urgent({ isEnforced, refused }: CheckSituation): readonly Instruction[] {
  const tls = refused.filter((one) => one.kind === 'tls').map((one) => one.host);
  if (!isEnforced || tls.length === 0) return [];
  return [
    step(
      `Mail to ${tls.join(', ')} is refused now. If it cannot be mended at once, serve the same policy with mode testing and publish a new id: senders that watch the id follow within the TTL of the record.`,
    ),
  ];
}

function reportsStep({ facts }: CheckSituation): readonly Instruction[] {
  if (parseTlsRptRecords(facts.reports.texts).ok || facts.reports.unreadable !== null) return [];
  return [
    step(
      'Publish where TLS reports shall go (an address that is read, if possible at another domain), in place of any other TLS-RPT record:',
      [`_smtp._tls.${facts.domain}. 3600 IN TXT "v=TLSRPTv1; rua=mailto:ADDRESS;"`],
    ),
  ];
}

function hostStep({ facts, hosts }: CheckSituation): Instruction {
  const { name } = facts.policyHost;
  const providers = recogniseProvider(hosts ?? []);
  const serving = providers.find((one) => one.delegation?.policyHost != null)?.delegation;
  if (serving?.policyHost != null) {
    return step(
      `Your mail provider serves the policy for you: publish both CNAMEs instead of a policy and record of your own.`,
      [
        `mta-sts.${facts.domain}. 3600 IN CNAME ${serving.policyHost}.`,
        `_mta-sts.${facts.domain}. 3600 IN CNAME ${serving.idRecord}.`,
      ],
    );
  }
  const notes = providers.flatMap((one) => one.note ?? []);
  return step(
    [
      `Make ${name} a host that answers HTTPS with a certificate for that name, with 200 and no redirect, to every client and country.`,
      ...notes,
    ].join(' '),
  );
}

function recordStep({ facts, record }: CheckSituation, wanted: StsPolicy): Instruction {
  const id = policyId(formatPolicy(wanted), facts.at);
  const when = 'When the policy is served at every address, and not before, publish';
  const end = facts.idRecord.chain.at(-1);
  if (end !== undefined && record.ok) return step(`${when} a new id at ${end}, where the record is kept.`);
  return step(`${when} the record, as the only one at this name that begins with v=STSv1:`, [
    `_mta-sts.${facts.domain}. 300 IN TXT "${formatStsRecord(id)}"`,
  ]);
}

function rollOut(wanted: StsPolicy): readonly Instruction[] {
  return wanted.mode === 'testing'
    ? [
        step(
          'Leave it in testing for two weeks and read the reports; then serve mode enforce under a new id, and after a quiet month a max_age of weeks.',
        ),
      ]
    : [];
}

/** RFC 8461 §8.3. */
function removal({ facts, policy }: CheckSituation): readonly Instruction[] {
  const last: StsPolicy = { mode: 'none', maxAgeSeconds: DAY, mx: policy?.mx ?? [] };
  const days =
    policy === null
      ? 'max_age of the longest policy ever served'
      : `${Math.ceil(policy.maxAgeSeconds / DAY)} days, or as long as the longest earlier policy says`;
  return [
    step(`Serve this policy and publish a new id:`, body(last)),
    step(`Wait ${days}.`),
    step(`Remove _mta-sts.${facts.domain} first, then the policy and mta-sts.${facts.domain}.`),
  ];
}

function step(text: string, copy: readonly string[] = []): Instruction {
  return { step: text, copy };
}

function body(policy: StsPolicy): readonly string[] {
  return formatPolicy(policy).trimEnd().split('\r\n');
}
