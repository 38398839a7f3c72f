/** The built `stsync daemon` in a folder of its own: one domain in a zone file, no network. A test reads its log as it comes. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import { tempDirectory } from '../effects/temp-directory.ts';
import { type CliOptions, type Ran, runCli, startCli } from '../support/built-cli.ts';

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export class Daemon {
  readonly lines: LogLine[] = [];
  readonly ended: Promise<Ran>;
  readonly pid: number;
  readonly #kill: (signal: NodeJS.Signals) => void;

  constructor(cwd: string, env: CliOptions['env'] = {}) {
    const { child, ended } = startCli(['daemon', '--verbose'], { cwd, env });
    this.ended = ended;
    this.pid = child.pid ?? 0;
    this.#kill = (signal) => void child.kill(signal);
    let rest = '';
    child.stderr?.on('data', (chunk: string) => {
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() ?? '';
      this.lines.push(...lines.map(parseLine));
    });
    onTestFinished(() => void child.kill('SIGKILL'));
  }

  kill(signal: NodeJS.Signals): void {
    this.#kill(signal);
  }

  /** Waits for the `count`-th line with this message, which is a whole one or its beginning. */
  async line(message: string, count = 1): Promise<LogLine> {
    return vi.waitFor(
      () => {
        const found = this.lines.filter(({ msg }) => msg.startsWith(message))[count - 1];
        if (found === undefined)
          throw new Error(`no "${message}" (${count}) in ${JSON.stringify(this.lines, null, 1)}`);
        return found;
      },
      { timeout: 25_000, interval: 20 },
    );
  }

  /** The `count`-th run with a result. */
  run(count: number): Promise<LogLine> {
    return this.line('the run ended', count);
  }

  async stop(): Promise<Ran> {
    this.kill('SIGTERM');
    return this.ended;
  }
}

function parseLine(line: string): LogLine {
  try {
    const fields: LogLine = JSON.parse(line);
    return fields;
  } catch {
    return { level: 'none', msg: line };
  }
}

/** A step as `stsync log` tells it. */
interface Entry {
  readonly name: string;
  readonly outcome: string;
  readonly after: readonly string[] | null;
  readonly commit: string | null;
}

/** What the YAML says beside the rest: lines of the top, options of the provider, the MX of the domain. */
export interface Yaml {
  readonly top?: string;
  readonly provider?: string;
  readonly mx?: string;
}

export class Folder {
  readonly path = tempDirectory();

  constructor(yaml: Yaml = {}) {
    mkdirSync(join(this.path, 'zones'));
    mkdirSync(join(this.path, 'www'));
    this.write(
      'zones/example.com.zone',
      '$TTL 1h\n@ IN SOA ns1 hostmaster ( 2026010101 4h 1h 2w 5m )\n  IN NS ns1\n  IN MX 10 mx1.example.net.\nns1 IN A 192.0.2.1\n',
    );
    this.yaml(yaml);
  }

  yaml({ top = '', provider = '', mx = 'mx1.example.net' }: Yaml, name = 'domains.yaml'): void {
    this.write(
      name,
      `version: 1
${top}
providers: { local: { type: zonefile, directory: ./zones ${provider} } }
publisher: { type: directory, directory: ./www, hostname: policies.example.net, proof: file }
defaults: { provider: local, observe: provider }
domains:
  example.com: { mx: [${mx}] }
`,
    );
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.path, name), text);
  }

  start(env: CliOptions['env'] = {}): Daemon {
    return new Daemon(this.path, env);
  }

  cli(...args: readonly string[]): Promise<Ran> {
    return runCli(args, { cwd: this.path });
  }

  /** The id in the zone; null: none yet. */
  id(): string | null {
    return /id=(\w+)/.exec(readFileSync(join(this.path, 'zones', 'example.com.zone'), 'utf8'))?.[1] ?? null;
  }

  policy(): string {
    return readFileSync(join(this.path, 'www', 'mta-sts.example.com', '.well-known', 'mta-sts.txt'), 'utf8');
  }

  /** Waits until the file is there. */
  async file(name: string): Promise<void> {
    await vi.waitFor(
      () => {
        if (!existsSync(join(this.path, name))) throw new Error(`no ${name}`);
      },
      { timeout: 25_000, interval: 20 },
    );
  }

  /** The ids that the journal says were written, each once; and the commits beside them. */
  async journal(): Promise<{
    readonly ids: readonly string[];
    readonly commits: readonly unknown[];
    readonly outcomes: readonly string[];
  }> {
    const { stdout } = await this.cli('log', '--format', 'json');
    const { entries }: { readonly entries: readonly Entry[] } = JSON.parse(stdout);
    const ids = entries.flatMap(({ after }) => after?.flatMap((text) => /id=(\w+)/.exec(text)?.[1] ?? []) ?? []);
    return {
      ids: [...new Set(ids)],
      commits: [...new Set(entries.map(({ commit }) => commit))],
      outcomes: entries.map(({ outcome }) => outcome),
    };
  }
}

/** Says that it began (`held`), and goes on when it is told to (`go`) or its folder is gone. */
const HELD = 'touch held; until test -e go -o ! -e domains.yaml; do sleep 0.05; done';
/** A `reload:` that takes as long as the test wants; and one that takes no notice of SIGTERM. */
export const HELD_RELOAD = `, reload: "${HELD}"`;
export const DEAF_RELOAD = `, reload: "trap '' TERM; ${HELD}"`;
