/** Floor 3. One mail or file into reports, each with its verdict, or into the reason why there is none (RFC 8460 §3, §5.3). Nothing is stored here. */
import { createHash } from 'node:crypto';

import type { ReportCode } from '../../core/codes.ts';
import { domainOfAddress } from '../../core/reports/identity.ts';
import { judgeSignatures, type SignatureCheck } from '../../core/reports/judge-signatures.ts';
import type { KeptReport, SetAside, Way } from '../../core/reports/model.ts';
import type { TlsReport } from '../../core/tls-report/model.ts';
import { parseTlsReport } from '../../core/tls-report/parse-tls-report.ts';
import type { Change } from '../../effects/report-store.ts';
import { type Mail, readMail } from '../../effects/reports/read-mail.ts';
import { sniff, unpack } from '../../effects/reports/unpack.ts';
import { type LookUpKey, verifyDkim } from '../../effects/reports/verify-dkim.ts';
import { cutByDomain } from './cut-by-domain.ts';

/** Each costs a query of DNS. */
const MAX_SIGNATURES = 5;
/** A forwarded mail in a forwarded mail. */
const MAX_NESTING = 2;
/** Rows of one report in the list of what is set aside: whoever names more domains pushes nothing else out of it. */
const MOST_ASIDE = 20;
/** Larger ones are told of, and not kept. */
const MAX_KEPT_BYTES = 1024 * 1024;

export interface IntakeRules {
  /** Also reports by mail that nothing proves are counted, as `unsigned`. */
  readonly acceptUnsigned: boolean;
  /** The signer is the reporting domain itself, and its key is for TLS reports. */
  readonly isStrict: boolean;
}

export interface IntakeWorld {
  readonly rules: IntakeRules;
  readonly lookUpKey: LookUpKey;
  /** Is this domain in the config, or an MX host of one? */
  readonly isOurs: (domain: string) => boolean;
  readonly now: () => Date;
}

/** `again`: DNS did not tell; leave it where it is and take it in later. */
export type Found = Change | { readonly kind: 'again'; readonly source: string; readonly message: string };

interface Item {
  readonly source: string;
  readonly bytes: Uint8Array;
  readonly digest: string;
  readonly way: Way;
  readonly world: IntakeWorld;
  readonly nesting: number;
}

/** What names the domain of policies that name none (RFC 8460 §5.3, §5.1). */
interface Stated {
  readonly header: string | null;
  readonly fileName: string | null;
}

/** What proves the reports of an item, asked when there is one. */
type Prove = (report: TlsReport) => Promise<Proved>;
type Proved =
  | (Pick<KeptReport, 'verdict' | 'proof' | 'remarks'> & { readonly kind: 'counts'; readonly isHeaderProved: boolean })
  | { readonly kind: 'unproved'; readonly message: string }
  | { readonly kind: 'again'; readonly message: string };

/** Never empty. Throws only what the signal of `lookUpKey` throws. */
export async function readIntake(
  source: string,
  bytes: Uint8Array | null,
  world: IntakeWorld,
  way: Way = 'hand',
): Promise<readonly Found[]> {
  if (bytes === null) return [tooLarge(source, way, world)];
  return readItem({ source, bytes, digest: digestOf(bytes), way, world, nesting: 0 });
}

async function readItem(item: Item): Promise<readonly Found[]> {
  const { way, bytes, source } = item;
  if (way === 'mail' || (way === 'hand' && sniff(bytes) === 'other')) return readMailItem(item);
  const verdict = way === 'https' ? 'https' : 'file';
  const prove: Prove = async () => ({ kind: 'counts', verdict, proof: null, remarks: [], isHeaderProved: false });
  return readPacked(item, bytes, prove, { header: null, fileName: domainOfFileName(source) });
}

/** What may be a report: unpacked, parsed, proved, cut by domain. */
async function readPacked(item: Item, packed: Uint8Array, prove: Prove, stated: Stated): Promise<readonly Found[]> {
  const unpacked = await unpack(packed);
  if (!unpacked.ok) return [setAside(item, 'rejected', unpacked.code, unpacked.message)];
  if (sniff(unpacked.bytes) !== 'json') return [notAReport(item, unpacked.bytes)];
  const report = parseTlsReport(unpacked.bytes);
  if (!report.ok) {
    const [first] = report.issues;
    const more = report.issues.length > 1 ? ` (and ${report.issues.length - 1} more faults)` : '';
    return [setAside(item, 'rejected', first?.code ?? 'REPORT_SYNTAX', `${first?.message ?? ''}${more}`)];
  }
  const proved = await prove(report.value);
  if (proved.kind === 'again') return [{ kind: 'again', source: item.source, message: proved.message }];
  const remarks = report.warnings.map(({ code, message }) => `${code} ${message}`);
  // Whoever has a signed mail could send it again with another domain in a header that is not signed.
  const header = proved.kind === 'counts' && !proved.isHeaderProved ? null : stated.header;
  const found = cutByDomain(report.value, header ?? stated.fileName).map((part) =>
    judgePart(item, { ...report.value, ...part, remarks }, proved),
  );
  return withoutMostAside(found);
}

/** The content of one that stays brings back the others once they are ours. */
function withoutMostAside(found: readonly Found[]): readonly Found[] {
  const aside = found.filter((one) => one.kind === 'set-aside');
  const last = aside[MOST_ASIDE - 1];
  if (last === undefined || aside.length === MOST_ASIDE) return found;
  const message = `${last.item.message} (and ${aside.length - MOST_ASIDE} more domains of this report)`;
  return [
    ...found.filter((one) => one.kind !== 'set-aside'),
    ...aside.slice(0, MOST_ASIDE - 1),
    { ...last, item: { ...last.item, message } },
  ];
}

/** A report about one domain: whoever signed it, it is not counted for a domain that is not ours. */
type Part = Omit<TlsReport, 'policies'> & Pick<KeptReport, 'policies' | 'remarks'> & { readonly domain: string | null };

function judgePart(item: Item, part: Part, proved: Exclude<Proved, { readonly kind: 'again' }>): Found {
  const { domain, ...report } = part;
  const known = { organization: report.organizationName, domain };
  const fault = faultOf(part, item.world);
  if (fault !== null) return setAside(item, 'quarantined', fault.code, fault.message, known);
  if (domain === null)
    return setAside(item, 'quarantined', 'NO_POLICY_DOMAIN', 'the report names no policy domain', known);
  if (proved.kind === 'unproved') return setAside(item, 'quarantined', 'DKIM_UNPROVED', proved.message, known);
  const { verdict, proof } = proved;
  const remarks = [...report.remarks, ...proved.remarks];
  const { source, world, digest } = item;
  return {
    kind: 'keep',
    clears: digest,
    report: { ...report, domain, verdict, proof, remarks, source, receivedAt: world.now() },
  };
}

async function readMailItem(item: Item): Promise<readonly Found[]> {
  const mail = await readMail(item.bytes);
  if (mail === null)
    return [setAside(item, 'rejected', 'MAIL_BROKEN', 'the mail cannot be read, or has too many parts')];
  const prove = proverOf(item, mail);
  const header = domainOfAddress(`@${mail.header('tls-report-domain').trim()}`);
  const found: Found[] = [];
  for (const { content, name, isMail } of mail.parts) {
    if (isMail && item.nesting < MAX_NESTING) {
      const within = { ...item, bytes: content, digest: digestOf(content), nesting: item.nesting + 1 };
      const inner = await readMailItem(within);
      found.push(...inner.filter((one) => one.kind !== 'set-aside' || one.item.code !== 'NOT_A_REPORT'));
    } else if (['gzip', 'zip', 'json'].includes(sniff(content))) {
      const stated = { header, fileName: domainOfFileName(name ?? '') };
      for (const one of await readPacked(item, content, prove, stated)) found.push(one);
    }
  }
  if (mail.hasTooLarge)
    found.push(setAside(item, 'rejected', 'FILE_TOO_LARGE', 'a part of the mail has more than 14 MiB'));
  if (found.length > 0) return found;
  return [setAside(item, 'rejected', 'NOT_A_REPORT', 'no part of the mail looks like a TLS report')];
}

/** The signatures of a mail are verified once, and only when there is a report in it. */
function proverOf({ bytes, world }: Item, mail: Mail): Prove {
  let checks: Promise<readonly SignatureCheck[]> | null = null;
  const { acceptUnsigned, isStrict } = world.rules;
  return async ({ contactInfo }) => {
    const isTooMany = mail.signatureCount > MAX_SIGNATURES;
    checks ??=
      isTooMany || mail.signatureCount === 0 ? Promise.resolve([]) : verifyDkim(bytes, world.lookUpKey, world.now());
    const reportingDomain = contactInfo === null ? null : domainOfAddress(contactInfo);
    // §5.3: the submitter is the domain of contact-info; where that is missing it says who reports.
    const submitter = domainOfAddress(`@${mail.header('tls-report-submitter').trim()}`);
    const from = domainOfAddress(mail.header('from'));
    const judged = judgeSignatures(await checks, { reportingDomain: reportingDomain ?? submitter ?? from, isStrict });
    if (judged.kind === 'proved') return { ...judged, kind: 'counts', verdict: 'dkim' };
    if (judged.kind === 'again') return judged;
    const message = isTooMany ? `the mail has more than ${MAX_SIGNATURES} DKIM signatures` : judged.message;
    return acceptUnsigned
      ? {
          kind: 'counts',
          verdict: 'unsigned',
          proof: null,
          remarks: [`DKIM_UNPROVED ${message}`],
          isHeaderProved: true,
        }
      : { kind: 'unproved', message };
  };
}

/** Google sends once a day, Microsoft too; all mail of the world together is some 10^11 a day. Sums of such counts stay exact in 64 bits. */
const MOST_SESSIONS = 1_000_000_000_000;
const MS_PER_DAY = 86_400_000;

function faultOf(
  { policies, dateRange, domain }: Part,
  { isOurs, now }: IntakeWorld,
): { readonly code: ReportCode; readonly message: string } | null {
  const counts = policies.flatMap((one) => [
    one.totalSuccessfulSessionCount,
    one.totalFailureSessionCount,
    ...one.failureDetails.map(({ failedSessionCount }) => failedSessionCount),
  ]);
  if (counts.reduce((sum, count) => sum + count, 0) > MOST_SESSIONS)
    return { code: 'COUNT_IMPLAUSIBLE', message: `the report tells of more than ${MOST_SESSIONS} sessions` };
  if (dateRange.start.getTime() > now().getTime() + MS_PER_DAY)
    return { code: 'DATE_IN_FUTURE', message: `the report starts at ${dateRange.start.toISOString()}` };
  return domain !== null && !isOurs(domain)
    ? { code: 'NOT_OUR_DOMAIN', message: `${domain} is not a domain of the config` }
    : null;
}

function setAside(
  { source, bytes, digest, way, world }: Item,
  state: SetAside['state'],
  code: SetAside['code'],
  message: string,
  known: Pick<SetAside, 'organization' | 'domain'> = { organization: null, domain: null },
): Found {
  const content = bytes.length > MAX_KEPT_BYTES ? null : bytes;
  const item = { ...known, state, code, message, source, way, digest, content, at: world.now() };
  return { kind: 'set-aside', item };
}

function notAReport(item: Item, bytes: Uint8Array): Found {
  const what = sniff(bytes) === 'xml' ? 'it is XML; DMARC reports are' : 'it is not JSON';
  return setAside(item, 'rejected', 'NOT_A_REPORT', what);
}

function tooLarge(source: string, way: Way, world: IntakeWorld): Found {
  // Nothing of it was kept, so its place stands for it.
  const bytes = Buffer.from(source);
  const item = { source, bytes, digest: digestOf(bytes), way, world, nesting: 0 };
  return setAside(item, 'rejected', 'FILE_TOO_LARGE', 'a mail has more than 25 MiB, or another file more than 10 MiB');
}

/** RFC 8460 §5.1: `sender!policy-domain!begin!end[!unique].json.gz`. */
function domainOfFileName(path: string): string | null {
  const [, domain] = /(?:^|[\\/])[^!\\/]+!([^!\\/]+)!\d+!\d+[!.]/.exec(path) ?? [];
  return domain === undefined ? null : domainOfAddress(`@${domain}`);
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
