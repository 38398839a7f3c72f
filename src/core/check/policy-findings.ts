/** Floor 0. Findings about the policy as it is served (RFC 8461 §3.2, §3.3): at each address, then what it says. */
import { formatDuration } from '../config/duration.ts';
import { parsePattern } from '../mx.ts';
import type { PolicyFetch } from './facts.ts';
import { type CheckFinding, checkFinding as finding } from './model.ts';
import { type CheckSituation, takesMail } from './situation.ts';

const DAY = 86_400;
const WEEK = 7 * DAY;
/** Under testing a copy that stays for long is a copy that cannot be corrected for long. */
const LONG_TESTING = 4 * WEEK;

export function policyFindings(at: CheckSituation): readonly CheckFinding[] {
  return [
    ...unreachable(at),
    ...at.failures.flatMap((fetch) => failureFinding(fetch, at)),
    ...at.bodies.flatMap(({ fetch, body, parsed }) => [
      ...fetch.warnings.map(({ code, message }) => finding(code, 'warning', `${place(fetch, at)}: ${message}`)),
      ...(parsed.ok
        ? parsed.warnings.map(({ message }) => finding('UNUSUAL_FIELD', 'info', `the policy: ${message}`))
        : [brokenFinding(fetch, parsed.issues, body, at)]),
    ]),
    ...(at.isSameEverywhere
      ? []
      : [
          finding(
            'ADDRESSES_DIFFER',
            'error',
            `the addresses of ${at.facts.policyHost.name} serve different policies`,
            'bring the same file to every address',
          ),
        ]),
    ...(at.policy === null ? [] : contentFindings(at, at.policy)),
    ...formFindings(at),
  ].filter((one, index, all) => all.findIndex((other) => other.message === one.message) === index);
}

/** The record is out, and what it announces is not there (ddavness/power-mailinabox#65). */
function unreachable({ facts, record, bodies, failures }: CheckSituation): readonly CheckFinding[] {
  const { policyHost, idRecord } = facts;
  if (!record.ok || bodies.length > 0) return [];
  if (policyHost.unreadable !== null) {
    const { code, message, hint } = policyHost.unreadable;
    return [finding(code, 'error', message, hint)];
  }
  if (policyHost.addresses.length === 0) {
    if (idRecord.chain.length > 0) return [];
    const end = policyHost.chain.at(-1);
    const message =
      end === undefined
        ? `${idRecord.name} announces a policy, but ${policyHost.name} does not exist`
        : `${idRecord.name} announces a policy, but ${policyHost.name} leads to ${end}, which has no address`;
    return [
      finding(
        'RECORD_BEFORE_POLICY',
        'error',
        message,
        `publish ${policyHost.name} and the policy first, the record last (RFC 8461 §8.1)`,
      ),
    ];
  }
  const isCertificate =
    failures.length > 0 && failures.every(({ failure }) => /^(?:CERT|TLS)_/.test(failure?.code ?? ''));
  return isCertificate
    ? [
        finding(
          'RECORD_BEFORE_CERTIFICATE',
          'error',
          `${idRecord.name} announces a policy, but ${policyHost.name} has no certificate that senders accept`,
          'get the certificate first, publish the record last',
        ),
      ]
    : [
        finding(
          'RECORD_BEFORE_POLICY',
          'error',
          `${idRecord.name} announces a policy that cannot be fetched at any address`,
          'serve the policy first, publish the record last (RFC 8461 §8.1)',
        ),
      ];
}

function failureFinding(fetch: PolicyFetch, at: CheckSituation): readonly CheckFinding[] {
  const { failure } = fetch;
  if (failure === null) return [];
  // Without a record nobody asks for the policy, and a host of that name may be anything.
  const severity = at.record.ok ? 'error' : 'info';
  return [finding(failure.code, severity, `${place(fetch, at)}: ${failure.message}`, failure.hint)];
}

function brokenFinding(
  fetch: PolicyFetch,
  issues: readonly { readonly message: string }[],
  body: string,
  at: CheckSituation,
): CheckFinding {
  const message = `${place(fetch, at)}: what is served is no policy: ${issues.map((issue) => issue.message).join('; ')}`;
  return finding(
    'BROKEN_POLICY',
    at.record.ok ? 'error' : 'warning',
    message,
    `${aLabelHint(body) ?? 'correct the file'}; then a new id`,
  );
}

/** U-labels in mx lines: what they should be. */
function aLabelHint(body: string): string | null {
  const unicode = [...body.matchAll(/^mx:[ \t]*(\S*[^ -~\s]\S*)/gm)].flatMap(([, text = '']) => {
    const pattern = parsePattern(text);
    return pattern.ok ? [`"mx: ${pattern.value}"`] : [];
  });
  return unicode.length === 0 ? null : `a policy has A-labels only: write ${unicode.join(', ')}`;
}

function contentFindings(
  at: CheckSituation,
  policy: { readonly mode: string; readonly maxAgeSeconds: number },
): readonly CheckFinding[] {
  const { mode, maxAgeSeconds } = policy;
  const age = formatDuration(maxAgeSeconds);
  const findings: CheckFinding[] = [];
  if (takesMail(at) === false && at.record.ok) {
    findings.push(
      finding(
        'PARKED_POLICY',
        'warning',
        `${at.facts.domain} takes no mail, and announces a policy of mode ${mode}`,
        'remove the policy in the safe order: mode none first, records after',
      ),
    );
  } else if (mode === 'none') {
    findings.push(
      finding(
        'MODE_NONE',
        'warning',
        'mode none asks senders to forget the policy',
        'go to testing, or finish the removal when every earlier copy has run out',
      ),
    );
  } else if (mode === 'testing') {
    findings.push(
      finding(
        'MODE_TESTING',
        'info',
        'mode testing protects nothing: senders only report',
        'after two weeks of clean reports go to enforce',
      ),
    );
  }
  if (maxAgeSeconds < DAY && mode !== 'none') {
    findings.push(
      finding(
        'MAX_AGE_LOW',
        'warning',
        `max_age is ${age}: copies run out between mails, and who blocks the record is free after ${age} (RFC 8461 §10.2)`,
        'a day for testing, weeks for enforce',
      ),
    );
  } else if (maxAgeSeconds < WEEK && mode === 'enforce') {
    findings.push(
      finding(
        'MAX_AGE_LOW',
        'info',
        `max_age is ${age}; RFC 8461 §3.2 advises weeks or more`,
        'raise it when enforce has been quiet for a month',
      ),
    );
  } else if (maxAgeSeconds > LONG_TESTING && mode !== 'enforce') {
    findings.push(
      finding(
        'MAX_AGE_HIGH',
        'warning',
        `max_age is ${age} under mode ${mode}: a sender that does not watch the id learns of a change only then`,
        'keep it at a day until enforce has been quiet',
      ),
    );
  }
  return findings;
}

/** What is legal, and stops the strictest readers. */
function formFindings(at: CheckSituation): readonly CheckFinding[] {
  return at.bodies.flatMap(({ body, parsed }) => {
    if (!parsed.ok) return [];
    const findings: CheckFinding[] = [];
    if (/(?:^|[^\r])\n/.test(body) || !body.endsWith('\n'))
      findings.push(
        finding(
          'POLICY_LINE_ENDS',
          'info',
          'the lines of the policy do not all end in CRLF; RFC 8461 takes LF too, and Mimecast does not',
          'write CRLF after every line, the last one too',
        ),
      );
    if (!body.startsWith('version:'))
      findings.push(
        finding(
          'POLICY_ORDER',
          'info',
          'the policy does not begin with its version; Google asks for that order',
          'put "version: STSv1" first',
        ),
      );
    return findings;
  });
}

function place(fetch: PolicyFetch, at: CheckSituation): string {
  return `${at.facts.policyHost.name} at ${fetch.address}`;
}
