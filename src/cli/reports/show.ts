/** Floor 4. `stsync reports show`: one report in full, or a list to choose from. */
import { StsyncError } from '../../core/error.ts';
import { oneLine } from '../../core/plan/markdown-text.ts';
import { grouped } from '../../core/reports/render-text.ts';
import { reporterOf } from '../../core/reports/identity.ts';
import type { TlsReportPolicy } from '../../core/tls-report/model.ts';
import type { NumberedReport } from '../../effects/report-store.ts';
import { openReportReader } from '../../effects/store-sqlite-reports.ts';
import { loadOrReport } from '../load.ts';
import { print } from '../output.ts';
import type { ShowReportOptions } from '../program-reports.ts';
import { statePathOf } from '../wiring.ts';

const EVER = { domain: null, since: '0000', until: '9999' };

export async function runReportsShow(number: number | undefined, options: ShowReportOptions): Promise<number> {
  const config = loadOrReport(options);
  if (config === null) return 1;
  const reader = openReportReader(statePathOf(config));
  try {
    if (number === undefined) {
      const reports = reader.reports(EVER, options.limit);
      await print(options.format === 'json' ? json({ version: 1, reports }) : listText(reports));
      return 0;
    }
    const report = reader.report(number);
    if (report === null)
      throw new StsyncError('USAGE', `there is no report ${number}`, {
        hint: '`stsync reports show` lists the newest',
      });
    await print(options.format === 'json' ? json({ version: 1, report }) : reportText(report));
    return 0;
  } finally {
    reader.close();
  }
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

type Head = Omit<NumberedReport, 'policies' | 'remarks'>;

function listText(reports: readonly Head[]): string {
  if (reports.length === 0) return 'no reports so far\n';
  return reports
    .map((one) => `${one.id}  ${one.dateRange.start.toISOString().slice(0, 10)}  ${one.domain}  ${who(one)}\n`)
    .map((line) => `${oneLine(line.trimEnd())}\n`)
    .join('');
}

function who(head: Head): string {
  const { proof, organizationName, verdict } = head;
  return `${reporterOf({ ...head, policies: [], remarks: [] })}  ${proof === null ? verdict : `signed by ${proof.domain}`}  ${organizationName}`;
}

function reportText(report: NumberedReport): string {
  const { start, end } = report.dateRange;
  const lines = [
    `report ${report.id} about ${report.domain}`,
    `  id: ${report.reportId}`,
    `  from: ${report.organizationName}, ${report.contactInfo ?? 'no contact'}`,
    `  proof: ${proofText(report)}`,
    `  range: ${start.toISOString()} to ${end.toISOString()}`,
    `  came: ${report.receivedAt.toISOString()} as ${report.source}`,
    ...report.remarks.map((remark) => `  ! ${remark}`),
    ...report.policies.flatMap(policyLines),
  ];
  return lines.map((line) => `${oneLine(line)}\n`).join('');
}

function proofText({ verdict, proof }: NumberedReport): string {
  if (proof !== null) return `DKIM signature of ${proof.domain} (${proof.selector}, ${proof.algorithm})`;
  return verdict === 'file' ? 'none: imported from a file by hand' : 'none: accepted without a signature';
}

function policyLines(policy: TlsReportPolicy): readonly string[] {
  const { totalSuccessfulSessionCount: good, totalFailureSessionCount: bad } = policy;
  return [
    `  ${policy.policyType} ${policy.policyDomain ?? ''}: ${grouped(good)} ok, ${grouped(bad)} failed`,
    ...policy.policyStrings.map((line) => `      ${line}`),
    ...policy.mxHosts.map((host) => `      mx-host ${host}`),
    ...policy.failureDetails.map((one) => {
      const to = [one.receivingMxHostname, one.receivingMxHelo, one.receivingIp].filter((text) => text !== null);
      const why = [one.failureReasonCode, one.additionalInformation].filter((text) => text !== null);
      const from = one.sendingMtaIp === null ? '' : ` from ${one.sendingMtaIp}`;
      const where = to.length === 0 ? '' : ` to ${to.join(' ')}`;
      return `    - ${grouped(one.failedSessionCount)} ${one.resultType}${from}${where}${why.length === 0 ? '' : `: ${why.join(' ')}`}`;
    }),
  ];
}
