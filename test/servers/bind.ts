/** BIND 9 (`named`) for tests: primary or lagging secondary, with TSIG keys and update policies. Recipe: STACK-servers section 2. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { hasZone } from './ask.ts';
import { keyText, type NameServer, type TsigKey } from './name-server.ts';
import { removeDirectory, serverDirectory, spawnServer, withFreshPorts } from './run.ts';

/** A zone of the server: its text (primary), or the port of the primary it is copied from (secondary: keeps its copy until a NOTIFY). */
export type BindZone = {
  readonly name: string;
  /** Statements of `update-policy`: `grant stsync name _mta-sts.example.com. TXT`. None: no updates. */
  readonly updatePolicy?: readonly string[];
  /** More statements of the zone block, as they stand in named.conf: `allow-update { key stsync; };`. */
  readonly statements?: string;
  /** It answers a key alone (`allow-query`), so the start does not wait for it: another zone of the server has to be there for that. */
  readonly isHidden?: boolean;
} & ({ readonly text: string } | { readonly primaryPort: number });

export interface BindOptions {
  readonly zones: readonly BindZone[];
  readonly keys?: readonly TsigKey[];
  /** More statements of the `options` block. */
  readonly statements?: string;
}

/** Starts it; ready when every zone is served. The zone files are `dir/NAME.db`. */
export async function startBind(options: BindOptions): Promise<NameServer> {
  return withFreshPorts(1, async ([port = 0]) => {
    const dir = serverDirectory();
    for (const zone of options.zones) if ('text' in zone) writeFileSync(join(dir, `${zone.name}.db`), zone.text);
    writeFileSync(join(dir, 'named.conf'), configText(options, dir, port));
    const server = await spawnServer({
      command: 'named',
      args: ['-g', '-n', '1', '-c', join(dir, 'named.conf')],
      dir,
      name: 'named',
      ready: async () => {
        const shown = options.zones.filter((zone) => zone.isHidden !== true);
        return (await Promise.all(shown.map(({ name }) => hasZone(port, name)))).every(Boolean);
      },
    });
    const stop = async (): Promise<void> => {
      await server.stop();
      removeDirectory(dir);
    };
    return { ...server, port, address: `127.0.0.1:${port}`, dir, stop, [Symbol.asyncDispose]: stop };
  });
}

function configText({ zones, keys = [], statements = '' }: BindOptions, dir: string, port: number): string {
  return `${keys.map(keyText).join('')}
controls { };
options { directory "${dir}"; pid-file none; session-keyfile none; lock-file none; managed-keys-directory "${dir}";
  listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; };
  recursion no; dnssec-validation no; minimal-responses yes; notify no; allow-transfer { any; }; ${statements} };
${zones.map(zoneBlock).join('')}`;
}

function zoneBlock(zone: BindZone): string {
  const { name, updatePolicy = [], statements = '' } = zone;
  const source =
    'text' in zone
      ? `type primary; file "${name}.db";`
      : `type secondary; file "${name}.db"; masterfile-format text; primaries { 127.0.0.1 port ${zone.primaryPort}; }; allow-notify { 127.0.0.0/8; };`;
  const policy =
    updatePolicy.length === 0 ? '' : `update-policy { ${updatePolicy.map((one) => `${one};`).join(' ')} };`;
  return `zone "${name}" { ${source} ${policy} ${statements} };\n`;
}
