/** Floor 0. Whose matter a finding is, and what its owner can do, in words for people who have no stsync at hand. */
import type { FindingCode, ReportFindingCode } from '../codes.ts';
import type { OwnedDomain } from './model.ts';

/** `owner`: their mail server or DNS. `operator`: who runs stsync, the policy and its host. `sender`: the other side. */
export type Whose = 'owner' | 'operator' | 'sender';

export interface Matter {
  readonly whose: Whose;
  readonly cure: string;
}

export const WHOSE_WORDS: Readonly<Record<Whose, string>> = {
  owner: 'Yours to fix',
  operator: 'Ours to fix',
  sender: 'Up to the sender',
};

const ASK_ABOUT_HOST =
  'Tell us whether this host is one of your mail servers: then it belongs into the policy. If it is not, take it out of MX, or the sender follows old DNS.';
const POLICY_HOST = 'Nothing for you: we look at the host that serves the policy. Senders with a copy go on with that.';

const ofReports: Readonly<Record<ReportFindingCode, Matter>> = {
  REPORTER_SILENT: sender('Nothing, unless others fall silent too.'),
  REPORTS_CONTRADICT: sender('Nothing: anybody can send such a report, and the proved ones say otherwise.'),
  REPORTS_STOPPED: operator('Nothing for you: we look at the record and the mailbox for reports.'),
  REPORT_BURST: owner(
    'Look at your mail servers and their certificates now: mail may be late, or come back to its senders.',
  ),
  REPORT_DANE: owner('Let who runs your DNS look at the TLSA records of that host, and at DNSSEC.'),
  REPORT_MX_CERTIFICATE: owner(
    'Look at the certificate of that mail server: from a public CA, for the name of the host, not expired, with its whole chain, and loaded by the server.',
  ),
  REPORT_MX_FAILED: owner('Look at TLS on that mail server; the sender gives no closer reason.'),
  REPORT_MX_NOT_IN_POLICY: operator(ASK_ABOUT_HOST),
  REPORT_MX_STARTTLS: owner(
    'Turn STARTTLS on at that mail server, for every sender: filters and greeting delays can hide it.',
  ),
  REPORT_OLD_POLICY: sender('Nothing: their copy runs out by itself.'),
  REPORT_OTHER_FAILURE: sender('Ask us if it goes on: the standard does not know this failure.'),
  REPORT_POLICY_CERTIFICATE: operator(POLICY_HOST),
  REPORT_POLICY_FETCH: operator(POLICY_HOST),
  REPORT_POLICY_INVALID: operator(POLICY_HOST),
};

const NO_MAIL = 'If this domain shall receive mail, set its MX records; if not, tell us: then the policy can go.';

/** Of what a run found, that which owners can change. The rest is the operator's work, and the status says how it stands. */
const ofPlan: Readonly<Partial<Record<FindingCode, Matter>>> = {
  DELEGATION_MISSING: owner('Set the records at your DNS.'),
  DELEGATION_WRONG: owner('Correct the records at your DNS.'),
  MX_STARTTLS: owner('Look at STARTTLS and the certificate of that mail server.'),
  NO_DOMAIN: owner('The domain is not in DNS: has it expired?'),
  NO_MX: owner(NO_MAIL),
  NULL_MX: owner(NO_MAIL),
  STEPPED_BACK: owner('Look at your mail servers and their certificates: senders only test until the failures end.'),
  UNCOVERED_MX: operator(ASK_ABOUT_HOST),
};

export function reportMatter(
  code: ReportFindingCode,
  { domain, isServedByUs }: Pick<OwnedDomain, 'domain' | 'isServedByUs'>,
): Matter {
  if (isServedByUs || !code.startsWith('REPORT_POLICY_')) return ofReports[code];
  return owner(`The policy is not served by us: let who runs https://mta-sts.${domain}/ look at it.`);
}

/** Null: nothing that an owner is told of. */
export function planMatter(code: string): Matter | null {
  return isOwnersCode(code) ? (ofPlan[code] ?? null) : null;
}

function isOwnersCode(code: string): code is keyof typeof ofPlan {
  return Object.hasOwn(ofPlan, code);
}

function owner(cure: string): Matter {
  return { whose: 'owner', cure };
}

function operator(cure: string): Matter {
  return { whose: 'operator', cure };
}

function sender(cure: string): Matter {
  return { whose: 'sender', cure };
}
