/** Floor 4. `stsync reports rejected`: what was taken in and not counted, newest first, with the reason. */
import type { Config } from '../../core/config/model.ts';
import { oneLine } from '../../core/plan/markdown-text.ts';
import type { SetAsideRow } from '../../effects/report-store.ts';
import { openReportReader } from '../../effects/store-sqlite-reports.ts';
import { type Retried, retrySetAside } from '../../services/reports/retry-set-aside.ts';
import { loadOrReport } from '../load.ts';
import { print } from '../output.ts';
import type { RejectedOptions } from '../program-reports.ts';
import { statePathOf } from '../wiring.ts';
import { withIntake } from './intake.ts';

export async function runReportsRejected(options: RejectedOptions): Promise<number> {
  const config = loadOrReport(options);
  if (config === null) return 1;
  if (options.retry === true) process.stderr.write(retriedText(await retry(config)));
  const reader = openReportReader(statePathOf(config));
  try {
    const rows = reader.setAside(options.limit);
    const all = reader.setAsideCount();
    const more = all > rows.length ? `and ${all - rows.length} more: --limit ${all}\n` : '';
    if (options.format === 'json') await print(`${JSON.stringify({ version: 1, all, rows }, null, 2)}\n`);
    else await print(rows.length === 0 ? 'nothing is set aside\n' : `${rows.flatMap(linesOf).join('')}${more}`);
    return 0;
  } finally {
    reader.close();
  }
}

async function retry(config: Config): Promise<Retried> {
  return withIntake(config, {}, (store, world) => retrySetAside(store, world));
}

function retriedText({ added, left, again }: Retried): string {
  const later = again === 0 ? '' : `, ${again} to be read again later, since DNS did not tell their keys`;
  return `${added} counted from now on, ${left} still set aside${later}\n`;
}

function linesOf(row: SetAsideRow): readonly string[] {
  const about = row.domain === null ? '' : ` about ${row.domain}`;
  const from = row.organization === null ? '' : ` from ${row.organization}`;
  const times = row.times > 1 ? ` (${row.times} times)` : '';
  return [
    `${row.lastAt.toISOString().slice(0, 19).replace('T', ' ')}  ${row.state}  ${row.source}${about}${from}${times}`,
    `    ${row.code} ${row.message}`,
  ].map((line) => `${oneLine(line)}\n`);
}
