/** Floor 4. Commands and options as commander has them. Help teaches by example. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { guards, type GuardName, parseGuardName } from '../core/guard-names.ts';
import { addReports } from './program-reports.ts';
import { addWorldCommands } from './program-world.ts';

/** Options of every command that reads the config. */
export interface ConfigOptions {
  readonly config?: string;
}

export interface SyncOptions extends ConfigOptions {
  readonly dryRun?: true;
  readonly plan?: string;
  readonly format: 'text' | 'json' | 'markdown' | 'junit';
  readonly out?: string;
  readonly allow: readonly GuardName[];
  readonly rotate?: true;
  readonly servedSince?: Date;
  readonly wait: number;
  readonly quiet?: true;
  readonly verbose?: true;
}

export interface DaemonOptions extends ConfigOptions {
  readonly verbose?: true;
}

export interface WhenOptions extends ConfigOptions {
  readonly addMx?: string;
  readonly removeMx?: string;
  readonly removePolicy?: true;
  readonly mode?: 'enforce' | 'testing' | 'none';
  readonly idWatching?: true;
  readonly servedSince?: Date;
  readonly format: 'text' | 'json';
}

export interface ShowOptions extends ConfigOptions {
  readonly format: 'text' | 'json' | 'markdown';
}

export interface LogOptions extends ConfigOptions {
  readonly format: 'text' | 'json';
  readonly limit?: number;
}

/** What `--allow` can free: what `allow:` can, and the guard that only a run can free. */
const freeable = Object.entries(guards).flatMap(([name, isFreed]) =>
  isFreed || name === 'max-changed-domains' ? [name] : [],
);

/** `words`: of the command line; sub-commands that are not asked for are named only, since each start pays for each option. */
export function buildProgram(version: string, words: readonly string[]): Command {
  const program = new Command('stsync')
    .description('Keeps MTA-STS (RFC 8461) and TLS-RPT (RFC 8460) right for every domain you own, from YAML in Git.')
    .version(version)
    .showSuggestionAfterError()
    .showHelpAfterError('(stsync --help shows the commands)')
    .exitOverride()
    .addHelpText(
      'after',
      `
A first run:
  stsync validate                         every fault of domains.yaml at once
  stsync sync --dry-run                   what would change; exit 2 when something would
  stsync sync                             change it: policy first, proof, then the id
  stsync when example.com --add-mx mx2.example.com
                                          from when is the new MX safe

Exit codes of sync: 0 in sync, changed or waiting; 1 nothing could be done; 2 a dry run found drift; 3 some failed, are held or drift.`,
    );
  addSync(program);
  addDaemon(program, version);
  addQuestions(program);
  addWorldCommands(program, examples);
  const reports = program.command('reports').description('TLS reports: import, summary, show, rejected, weekly');
  if (words.includes('reports')) addReports(reports, { config: withConfig, examples });
  addConfigCommands(program);
  return program;
}

function addSync(program: Command): void {
  withConfig(program.command('sync'))
    .description('plan, apply, verify')
    .argument('[domain...]', 'only these domains (default: all)')
    .option('-n, --dry-run', 'show the plan, write nothing')
    .option('--plan <file>', 'apply exactly this plan, as --dry-run --out wrote it; hold what moved since')
    .addOption(
      new Option('--format <format>', 'format of the result on stdout')
        .choices(['text', 'json', 'markdown', 'junit'])
        .default('text'),
    )
    .option('--out <file>', 'also write the result as JSON to this file')
    .addOption(
      new Option('--allow <guard>', `free a guard for this run; again for more (${freeable.join(', ')})`)
        .argParser(collectGuard)
        .default([], 'none'),
    )
    .option('--rotate', 'make a new id for the named domains although the policy is the same')
    .option('--served-since <date>', 'the policies found live are at least this old (2026-01-31)', parseDate)
    .option('--wait <seconds>', 'wait so long for another run to finish', parseCount, 0)
    .option('-q, --quiet', 'print nothing when there is nothing to do by hand')
    .option('-v, --verbose', 'print domains in sync and informational findings too')
    .addHelpText(
      'after',
      examples(
        'stsync sync --dry-run',
        'stsync sync --dry-run --out plan.json --format markdown',
        'stsync sync --plan plan.json',
        'stsync sync example.com --dry-run --format json',
        'stsync sync --allow max-changed-domains',
        'stsync sync example.com --rotate',
      ),
    )
    .action(async (domains: readonly string[], options: SyncOptions) => {
      process.exitCode = await (await import('./sync.ts')).runSync(domains, options);
    });
}

function addDaemon(program: Command, version: string): void {
  withConfig(program.command('daemon'))
    .description('sync at the start, by `schedule:`, and whenever the YAML changes, until it is stopped')
    .option('-v, --verbose', 'log also when a run begins')
    .addHelpText(
      'after',
      `
Of several daemons on one state one works; the others stand by and take over when it ends, however it ends.
SIGHUP reads the config again and syncs. SIGTERM or Ctrl-C stops between two steps; a second one at once.
A config with a fault is refused whole, and the last good one stays in force.
${examples('stsync daemon', 'stsync daemon --config /etc/stsync/', 'systemctl reload stsync')}`,
    )
    .action(async (options: DaemonOptions) => {
      process.exitCode = await (await import('./daemon.ts')).runDaemon(options, version);
    });
}

function addQuestions(program: Command): void {
  withConfig(program.command('when'))
    .description('from when is a change safe; exit 2 when not yet')
    .argument('<domain>')
    .option('--add-mx <host>', 'to publish this MX host')
    .option('--remove-mx <host>', 'to take this MX host away')
    .option('--remove-policy', 'to remove the policy and its records')
    .addOption(
      new Option('--mode <mode>', 'to count on every sender acting by this mode').choices([
        'enforce',
        'testing',
        'none',
      ]),
    )
    .option('--id-watching', 'answer for senders that watch the id, not for all')
    .option('--served-since <date>', 'the policy found live is at least this old (2026-01-31)', parseDate)
    .addOption(new Option('--format <format>', 'format on stdout').choices(['text', 'json']).default('text'))
    .addHelpText(
      'after',
      examples(
        'stsync when example.com --add-mx mx2.example.com && ./publish-mx.sh',
        'stsync when example.com --remove-policy',
      ),
    )
    .action(async (domain: string, options: WhenOptions) => {
      process.exitCode = await (await import('./when.ts')).runWhen(domain, options);
    });
  withConfig(program.command('show'))
    .description('wanted and live policy, id, and the records as zone-file lines')
    .argument('<domain>')
    .addOption(
      new Option('--format <format>', 'format on stdout').choices(['text', 'json', 'markdown']).default('text'),
    )
    .addHelpText('after', examples('stsync show example.com', 'stsync show example.com --format markdown'))
    .action(async (domain: string, options: ShowOptions) => {
      process.exitCode = await (await import('./show.ts')).runShow(domain, options);
    });
  withConfig(program.command('log'))
    .description('what changed, when, why, and from which commit')
    .argument('[domain]')
    .option('--limit <number>', 'only the newest', parseCount)
    .addOption(new Option('--format <format>', 'format on stdout').choices(['text', 'json']).default('text'))
    .addHelpText('after', examples('stsync log', 'stsync log example.com --limit 20'))
    .action(async (domain: string | undefined, options: LogOptions) => {
      process.exitCode = await (await import('./log.ts')).runLog(domain, options);
    });
}

function addConfigCommands(program: Command): void {
  withConfig(program.command('validate'))
    .description('check the config: every fault at once, with file, line and column')
    .addHelpText('after', examples('stsync validate', 'stsync validate --config domains/'))
    .action(async (options: ConfigOptions) => {
      process.exitCode = await (await import('./validate.ts')).runValidate(options);
    });
  program
    .command('schema')
    .description('print the JSON Schema of the config, for editors')
    .addHelpText('after', examples('stsync schema > schema.json'))
    .action(async () => {
      process.exitCode = await (await import('./schema.ts')).runSchema();
    });
}

function withConfig(command: Command): Command {
  return command.option(
    '-c, --config <path>',
    'a YAML file or a folder of them (default: domains.yaml, then domains/)',
  );
}

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

function collectGuard(text: string, before: readonly GuardName[]): readonly GuardName[] {
  const guard = parseGuardName(text);
  if (guard !== null && freeable.includes(guard)) return [...before, guard];
  throw new InvalidArgumentError(
    guard === null
      ? `There is no such guard. It is one of: ${freeable.join(', ')}.`
      : `No run can free this guard: ${cureOf(guard)}.`,
  );
}

/** What frees the guards that no `allow` frees. */
function cureOf(guard: GuardName): string {
  switch (guard) {
    case 'no-foreign-overwrite':
      return 'set `adopt: true` on the domain';
    case 'no-delete-without-absent':
      return 'set `absent: true` on the domain';
    default:
      return 'its reason has to go away';
  }
}

function parseDate(text: string): Date {
  const date = /^\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?$/.test(text) ? new Date(text) : new Date(Number.NaN);
  if (Number.isNaN(date.getTime()))
    throw new InvalidArgumentError('Write a UTC date: 2026-01-31 or 2026-01-31T12:00:00Z.');
  return date;
}

function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Write a whole number.');
  return Number(text);
}
