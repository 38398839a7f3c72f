/** Floor 4. `stsync reports import`. */
import { StsyncError } from '../../core/error.ts';
import { oneLine } from '../../core/plan/markdown-text.ts';
import { type ReportFile, readReportFiles } from '../../effects/reports/report-files.ts';
import { type ImportResult, importReports } from '../../services/reports/import-reports.ts';
import { reportFailure } from '../failure.ts';
import { loadOrReport } from '../load.ts';
import { print } from '../output.ts';
import type { ImportOptions } from '../program-reports.ts';
import { withIntake } from './intake.ts';

/** EX_TEMPFAIL of sysexits: pipe(8) of Postfix keeps the mail and tries again. */
const TRY_AGAIN = 75;
const SHOWN = 10;

/** A state that cannot be written now is as temporary as DNS: a mail that is piped in must not be lost. */
export async function runReportsImport(paths: readonly string[], options: ImportOptions): Promise<number> {
  const config = loadOrReport(options);
  if (config === null) return 1;
  try {
    const result = await withIntake(config, options, (store, world) => importReports(filesAt(paths), world, store));
    if (options.quiet !== true) await print(resultText(result));
    return result.again.length > 0 ? TRY_AGAIN : 0;
  } catch (error) {
    const isTemporary =
      error instanceof StsyncError && ['LOCKED', 'STATE_UNWRITABLE', 'INTERRUPTED'].includes(error.code);
    if (!isTemporary) throw error;
    reportFailure(error);
    return TRY_AGAIN;
  }
}

async function* filesAt(paths: readonly string[]): AsyncGenerator<ReportFile> {
  for (const path of paths) yield* readReportFiles(path, process.stdin);
}

function resultText({ added, known, setAside, again }: ImportResult): string {
  const quarantined = setAside.filter(({ state }) => state === 'quarantined').length;
  const parts = [
    `${added} new`,
    ...(known > 0 ? [`${known} known already`] : []),
    ...(quarantined > 0 ? [`${quarantined} quarantined`] : []),
    ...(setAside.length > quarantined ? [`${setAside.length - quarantined} rejected`] : []),
    ...(again.length > 0 ? [`${again.length} to take in again`] : []),
  ];
  const reasons = [
    ...again.map(({ source, message }) => `  again ${source}: ${message}`),
    ...setAside.map(({ state, source, code, message }) => `  ${state} ${source}: ${code} ${message}`),
  ].map(oneLine);
  const more = reasons.length > SHOWN ? [`  and ${reasons.length - SHOWN} more: stsync reports rejected`] : [];
  return [`reports: ${parts.join(', ')}`, ...reasons.slice(0, SHOWN), ...more].map((line) => `${line}\n`).join('');
}
