/** Knot DNS (`knotd`) for tests: primary zones with TSIG keys and ACL rules. Recipe: STACK-servers section 3. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { hasZone } from './ask.ts';
import type { NameServer, TsigKey } from './name-server.ts';
import { removeDirectory, serverDirectory, spawnServer, withFreshPorts } from './run.ts';

/** A zone and the ACL rules (names of {@link KnotOptions.acl}) that hold for it; all unless said. */
export interface KnotZone {
  readonly name: string;
  readonly text: string;
  readonly acl?: readonly string[];
}

export interface KnotOptions {
  readonly zones: readonly KnotZone[];
  readonly keys?: readonly TsigKey[];
  /**
   * ACL rules by name, each a list of settings as knot.conf has them: `key: stsync`, `action: update`, `update-type: [TXT, CNAME]`. One
   * rule has to allow every change of a message.
   */
  readonly acl?: Readonly<Record<string, readonly string[]>>;
  /** A free one unless said. */
  readonly port?: number;
}

/** Starts it; ready when every zone is served. The zone files are `dir/NAME.zone`. */
export async function startKnot(options: KnotOptions): Promise<NameServer> {
  return withFreshPorts(1, async ([free = 0]) => {
    const port = options.port ?? free;
    const dir = serverDirectory();
    // Knot writes its journal there, and makes no directory: updates would fail (SERVFAIL).
    mkdirSync(join(dir, 'db'));
    for (const { name, text } of options.zones) writeFileSync(join(dir, `${name}.zone`), text);
    writeFileSync(join(dir, 'knot.conf'), configText(options, dir, port));
    const server = await spawnServer({
      command: 'knotd',
      args: ['-c', join(dir, 'knot.conf')],
      dir,
      name: 'knotd',
      ready: async () => (await Promise.all(options.zones.map(({ name }) => hasZone(port, name)))).every(Boolean),
    });
    const stop = async (): Promise<void> => {
      await server.stop();
      removeDirectory(dir);
    };
    return { ...server, port, address: `127.0.0.1:${port}`, dir, stop, [Symbol.asyncDispose]: stop };
  });
}

/** Knot's own YAML: no flow maps, and an empty section is an error. */
function configText({ zones, keys = [], acl = {} }: KnotOptions, dir: string, port: number): string {
  const rules = Object.entries(acl);
  const head = `server:
    rundir: "${dir}"
    listen: "127.0.0.1@${port}"
database:
    storage: "${dir}/db"
log:
  - target: stderr
    any: info`;
  return [
    head,
    ...section(
      'key',
      keys.map((key) => [`id: ${key.name}`, `algorithm: ${key.algorithm}`, `secret: ${key.secret}`]),
    ),
    ...section(
      'acl',
      rules.map(([id, settings]) => [`id: ${id}`, ...settings]),
    ),
    ...section('template', [
      [
        'id: default',
        `storage: "${dir}"`,
        'file: "%s.zone"',
        'zonefile-load: whole',
        'zonefile-sync: -1',
        'journal-content: changes',
      ],
    ]),
    ...section(
      'zone',
      zones.map((zone) =>
        zoneSettings(
          zone,
          rules.map(([id]) => id),
        ),
      ),
    ),
  ].join('\n');
}

function zoneSettings({ name, acl }: KnotZone, all: readonly string[]): readonly string[] {
  const rules = acl ?? all;
  return [`domain: "${name}"`, ...(rules.length === 0 ? [] : [`acl: [${rules.join(', ')}]`])];
}

function section(name: string, entries: readonly (readonly string[])[]): readonly string[] {
  if (entries.length === 0) return [];
  return [
    `${name}:`,
    ...entries.flatMap(([first = '', ...rest]) => [`  - ${first}`, ...rest.map((line) => `    ${line}`)]),
  ];
}
