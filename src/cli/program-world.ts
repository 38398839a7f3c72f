/** Floor 4. `check` and `init` as commander has them: the commands that look at any domain and need no config. */
import { type Command, Option } from 'commander';

/** The `world:` settings as flags. */
export interface WorldOptions {
  readonly resolver: readonly string[];
  readonly authority: readonly string[];
  readonly connectTo: readonly string[];
  readonly caFile?: string;
  readonly allowPrivateAddresses?: true;
  readonly smtpProbe: boolean;
}

export interface CheckOptions extends WorldOptions {
  readonly format: 'text' | 'json' | 'markdown';
  readonly verbose?: true;
}

export interface InitOptions extends WorldOptions {
  readonly providerType?: string;
  readonly zoneDirectory?: string;
  readonly publisherDirectory?: string;
}

export function addWorldCommands(program: Command, examples: (...lines: readonly string[]) => string): void {
  withWorld(program.command('check'))
    .description('audit any domain as a sender sees it; no config needed; exit 2 when something is wrong')
    .argument('<domain...>')
    .addOption(
      new Option('--format <format>', 'format on stdout').choices(['text', 'json', 'markdown']).default('text'),
    )
    .option('-v, --verbose', 'also what is only good to know, and everything that was seen')
    .addHelpText(
      'after',
      examples(
        'stsync check example.com',
        'stsync check example.com example.org --format json',
        'stsync check example.com --connect-to mta-sts.example.com:443:192.0.2.7:8443',
      ),
    )
    .action(async (domains: readonly string[], options: CheckOptions) => {
      process.exitCode = await (await import('./check.ts')).runCheck(domains, options);
    });
  withWorld(program.command('init'))
    .description('write YAML to stdout from what is live now; the first sync after it changes nothing')
    .argument('<domain...>')
    .addOption(new Option('--provider-type <type>', 'write this provider into the YAML').choices(['zonefile']))
    .option('--zone-directory <directory>', 'the zone files of provider type zonefile')
    .option('--publisher-directory <directory>', 'the policy files, for a publisher of type directory')
    .addHelpText(
      'after',
      examples(
        'stsync init example.com > domains.yaml',
        'stsync init example.com --provider-type zonefile --zone-directory zones --publisher-directory www',
      ),
    )
    .action(async (domains: readonly string[], options: InitOptions) => {
      process.exitCode = await (await import('./init.ts')).runInit(domains, options);
    });
}

function withWorld(command: Command): Command {
  return command
    .addOption(list('--resolver <address>', 'ask this DNS resolver, ADDRESS or ADDRESS:PORT, not those of the system'))
    .addOption(list('--authority <zone=address>', 'ask this server for a zone, ZONE=ADDRESS:PORT, not those of its NS'))
    .addOption(list('--connect-to <where>', 'connect there instead, HOST:PORT:ADDRESS:PORT, as curl does'))
    .option('--ca-file <path>', 'trust these certificates (PEM) beside the public roots')
    .option('--allow-private-addresses', 'also look at loopback, link-local and private addresses')
    .option('--no-smtp-probe', 'do not look at STARTTLS of the MX hosts');
}

function list(flag: string, text: string): Option {
  return new Option(flag, `${text}; again for more`).argParser(collect).default([], 'none');
}

function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}
