/** Floor 0. Findings about the TLS-RPT record (RFC 8460 §3): without it nobody tells what fails. */
import { isWithin } from '../names.ts';
import { parseTlsRptRecords, TLSRPT_PREFIX } from '../txt-records.ts';
import { type CheckFinding, checkFinding as finding } from './model.ts';
import { type CheckSituation, takesMail } from './situation.ts';

export function reportsFindings(at: CheckSituation): readonly CheckFinding[] {
  const { reports } = at.facts;
  if (reports.unreadable !== null) {
    const { code, message, hint } = reports.unreadable;
    return [finding(code, 'warning', message, hint)];
  }
  const record = parseTlsRptRecords(reports.texts);
  if (record.ok) {
    return [
      ...record.warnings.map(({ message }) => finding('UNUSUAL_FIELD', 'info', `${reports.name}: ${message}`)),
      ...record.value.rua.flatMap((uri) => destination(uri, at)),
    ];
  }
  const codes = record.issues.map((issue) => issue.code);
  if (codes.includes('MULTIPLE_RECORDS')) {
    const count = reports.texts.filter((text) => text.startsWith(TLSRPT_PREFIX)).length;
    return [
      finding(
        'DOUBLED_RECORD',
        'error',
        `${reports.name} has ${count} strings that begin "${TLSRPT_PREFIX}"; senders report nothing`,
        'leave one',
      ),
    ];
  }
  const near = reports.texts.find((text) => /^\s*"?\s*v\s*=\s*TLSRPT/i.test(text));
  if (codes.includes('RECORD_SYNTAX') || near !== undefined) {
    const why =
      near !== undefined && codes.includes('NO_RECORD')
        ? `it does not begin "${TLSRPT_PREFIX}"`
        : record.issues.map((issue) => issue.message).join('; ');
    return [
      finding(
        'BROKEN_RECORD',
        'error',
        `${reports.name} cannot be read by senders: ${why}`,
        'write it as "v=TLSRPTv1; rua=mailto:...;"',
      ),
    ];
  }
  if (takesMail(at) === false) return [];
  const end = reports.chain.at(-1);
  const where = end === undefined ? '' : ` (it leads to ${end})`;
  return [
    finding(
      'TLSRPT_MISSING',
      'warning',
      `${reports.name} has no record${where}, so no sender reports what fails`,
      'publish one before testing begins',
    ),
  ];
}

/** Unlike DMARC, RFC 8460 asks for no consent of an outside destination. */
function destination(uri: string, { facts }: CheckSituation): readonly CheckFinding[] {
  const host = hostOf(uri);
  if (host === null) return [];
  if (!isWithin(host, facts.domain))
    return [
      finding(
        'TLSRPT_OUTSIDE',
        'info',
        `TLS reports go to ${host}, outside ${facts.domain}`,
        'check that somebody reads them there',
      ),
    ];
  return /^mailto:/i.test(uri)
    ? [
        finding(
          'TLSRPT_SAME_DOMAIN',
          'info',
          `TLS reports go to ${host} itself: when its TLS is broken, the report that says so may not arrive, and each report makes a report`,
          'add an address at another domain, or an https: URI',
        ),
      ]
    : [];
}

function hostOf(uri: string): string | null {
  const mail = /^mailto:[^@]+@([^?]+)/i.exec(uri)?.[1];
  return (mail ?? /^https:\/\/([^/:?#]+)/i.exec(uri)?.[1])?.toLowerCase() ?? null;
}
