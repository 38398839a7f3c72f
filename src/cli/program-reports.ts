/** Floor 4. `reports` as commander has it. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../core/config/duration.ts';
import { dimensions, type SummaryDimension } from '../core/reports/dimensions.ts';
import type { ConfigOptions } from './program.ts';

export interface ImportOptions extends ConfigOptions {
  readonly acceptUnsigned?: true;
  readonly strict?: true;
  readonly quiet?: true;
}

export interface SummaryOptions extends ConfigOptions {
  /** Seconds. */
  readonly since: number;
  readonly by: readonly SummaryDimension[];
  readonly format: 'text' | 'json' | 'csv' | 'markdown';
}

export interface ShowReportOptions extends ConfigOptions {
  readonly format: 'text' | 'json';
  readonly limit: number;
}

export interface WeeklyOptions extends ConfigOptions {
  readonly format: 'text' | 'html';
}

export interface RejectedOptions extends ShowReportOptions {
  readonly retry?: true;
}

const FORTNIGHT = 14 * 86_400;

/** Below the command `reports`. */
export function addReports(
  reports: Command,
  with_: { readonly config: (command: Command) => Command; readonly examples: (...lines: readonly string[]) => string },
): void {
  with_
    .config(reports.command('import'))
    .description(
      'take in mails and files: .json, .json.gz, .zip, .eml, folders, Maildirs, mboxes, - for standard input',
    )
    .argument('<path...>')
    .option('--accept-unsigned', 'also count reports by mail that no DKIM signature proves, marked as unsigned')
    .option('--strict', 'only count reports signed by exactly the reporting domain with a key for TLS reports')
    .option('-q, --quiet', 'print nothing')
    .addHelpText(
      'after',
      `
The same report counts once, however often it comes. What cannot be read, is not proved or is about a domain that is
not in the config is not counted: see \`stsync reports rejected\`.
Exit codes: 0 all was taken in; 1 nothing could be done; 75 import again later, since the state or DNS failed.
${with_.examples('stsync reports import report.json.gz', 'stsync reports import ~/Maildir/.tlsrpt', 'stsync reports import - < mail.eml')}`,
    )
    .action(async (paths: readonly string[], options: ImportOptions) => {
      process.exitCode = await (await import('./reports/import.ts')).runReportsImport(paths, options);
    });
  with_
    .config(reports.command('summary'))
    .description('sessions and failures, by what you ask for')
    .argument('[domain]')
    .addOption(new Option('--since <duration>', 'from so long ago on').argParser(parseSince).default(FORTNIGHT, '14d'))
    .addOption(
      new Option('--by <dimension>', `one table: ${dimensions.join(', ')}; again for more (without: day, result, mx)`)
        .argParser(collectDimension)
        .default([], 'none'),
    )
    .addOption(
      new Option('--format <format>', 'format on stdout').choices(['text', 'json', 'csv', 'markdown']).default('text'),
    )
    .addHelpText(
      'after',
      with_.examples('stsync reports summary', 'stsync reports summary example.com --since 30d --by mx --by source'),
    )
    .action(async (domain: string | undefined, options: SummaryOptions) => {
      process.exitCode = await (await import('./reports/summary.ts')).runReportsSummary(domain, options);
    });
  with_
    .config(withRows(reports.command('show')))
    .description('one report in full; without a number, the newest ones')
    .argument('[number]', 'as the list has it', parseNumber)
    .addHelpText('after', with_.examples('stsync reports show', 'stsync reports show 17 --format json'))
    .action(async (number: number | undefined, options: ShowReportOptions) => {
      process.exitCode = await (await import('./reports/show.ts')).runReportsShow(number, options);
    });
  with_
    .config(withRows(reports.command('rejected')))
    .description('what was taken in and not counted, with the reason')
    .option('--retry', 'read what is kept of it again first: domains or rules are other ones now')
    .addHelpText('after', with_.examples('stsync reports rejected', 'stsync reports rejected --retry'))
    .action(async (options: RejectedOptions) => {
      process.exitCode = await (await import('./reports/rejected.ts')).runReportsRejected(options);
    });
  with_
    .config(reports.command('weekly'))
    .description('what the owner of domains gets by mail each week (`contacts`); sends nothing')
    .argument('[address]', 'whose mail; without it, all contacts')
    .addOption(new Option('--format <format>', 'format on stdout').choices(['text', 'html']).default('text'))
    .addHelpText('after', with_.examples('stsync reports weekly', 'stsync reports weekly owner@example.com'))
    .action(async (address: string | undefined, options: WeeklyOptions) => {
      process.exitCode = await (await import('./reports/weekly.ts')).runReportsWeekly(address, options);
    });
}

function withRows(command: Command): Command {
  return command
    .addOption(new Option('--format <format>', 'format on stdout').choices(['text', 'json']).default('text'))
    .addOption(new Option('--limit <number>', 'so many lines of a list').argParser(parseNumber).default(20));
}

function parseSince(text: string): number {
  const seconds = parseDuration(text);
  if (seconds !== null && seconds > 0) return seconds;
  throw new InvalidArgumentError('Write a duration: 14d, 6w, 36h.');
}

function collectDimension(text: string, before: readonly SummaryDimension[]): readonly SummaryDimension[] {
  const found = dimensions.find((one) => one === text);
  if (found !== undefined) return [...before, found];
  throw new InvalidArgumentError(`It is one of: ${dimensions.join(', ')}.`);
}

function parseNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Write a whole number.');
  return Number(text);
}
