/** PowerDNS (`pdns_server`, SQLite) for tests: zones with TSIG keys for dynamic updates, and its HTTP API. Recipe: STACK-servers section 4. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { hasZone } from './ask.ts';
import type { NameServer, TsigKey } from './name-server.ts';
import { findProgram } from './programs.ts';
import { removeDirectory, serverDirectory, spawnServer, withFreshPorts } from './run.ts';

/** What a machine needs for {@link startPdns}. */
export const PDNS_PROGRAMS = ['pdns_server', 'pdnsutil', 'sqlite3'] as const;

const SCHEMA = '/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql';
const API_KEY = 'test-api-key';

export interface PdnsZone {
  readonly name: string;
  readonly text: string;
}

export interface PdnsOptions {
  readonly zones: readonly PdnsZone[];
  readonly keys?: readonly TsigKey[];
  /** Metadata by kind, the same for each zone: `{ 'TSIG-ALLOW-DNSUPDATE': ['stsync'] }`. */
  readonly metadata?: Readonly<Record<string, readonly string[]>>;
  /** More lines of pdns.conf, behind (and so instead of) ours. */
  readonly settings?: readonly string[];
}

export interface PdnsServer extends NameServer {
  readonly apiUrl: string;
  readonly apiKey: string;
  /** Runs `pdnsutil` on its database. */
  util(...args: readonly string[]): void;
  /** One call of the API below `/api/v1/servers/localhost`; throws for a status over 299. */
  api(method: string, path: string, body?: unknown): Promise<unknown>;
}

/** Starts it, fills it through its API; ready when every zone is served. */
export async function startPdns(options: PdnsOptions): Promise<PdnsServer> {
  return withFreshPorts(2, async ([port = 0, apiPort = 0]) => {
    const dir = serverDirectory();
    execFileSync(findProgram('sqlite3') ?? 'sqlite3', [join(dir, 'db'), `.read ${SCHEMA}`]);
    writeFileSync(join(dir, 'pdns.conf'), `${configLines(dir, port, apiPort, options.settings ?? []).join('\n')}\n`);
    const apiUrl = `http://127.0.0.1:${apiPort}`;
    const api = (method: string, path: string, body?: unknown): Promise<unknown> => callApi(apiUrl, method, path, body);
    const server = await spawnServer({
      command: 'pdns_server',
      args: [`--config-dir=${dir}`],
      dir,
      name: 'pdns',
      ready: async () => (await api('GET', '')) !== null,
    });
    const stop = async (): Promise<void> => {
      await server.stop();
      removeDirectory(dir);
    };
    try {
      await fill(api, port, options);
    } catch (error) {
      await stop();
      throw error;
    }
    const util = (...args: readonly string[]): void => {
      execFileSync(findProgram('pdnsutil') ?? 'pdnsutil', [`--config-dir=${dir}`, ...args], { stdio: 'ignore' });
    };
    const address = `127.0.0.1:${port}`;
    return { ...server, port, address, dir, apiUrl, apiKey: API_KEY, util, api, stop, [Symbol.asyncDispose]: stop };
  });
}

async function fill(
  api: (method: string, path: string, body?: unknown) => Promise<unknown>,
  port: number,
  { zones, keys = [], metadata = {} }: PdnsOptions,
): Promise<void> {
  for (const { name, algorithm, secret } of keys) await api('POST', '/tsigkeys', { name, algorithm, key: secret });
  for (const { name, text } of zones) {
    await api('POST', '/zones', { name: `${name}.`, kind: 'Native', zone: text });
    for (const [kind, values] of Object.entries(metadata)) {
      await api('POST', `/zones/${name}./metadata`, { kind, metadata: values });
    }
    if (!(await hasZone(port, name))) throw new Error(`PowerDNS does not serve ${name}`);
  }
}

async function callApi(apiUrl: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(`${apiUrl}/api/v1/servers/localhost${path}`, {
    method,
    headers: { 'X-API-Key': API_KEY, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text === '' ? null : JSON.parse(text);
}

function configLines(dir: string, port: number, apiPort: number, settings: readonly string[]): readonly string[] {
  return [
    'launch=gsqlite3',
    `gsqlite3-database=${dir}/db`,
    'gsqlite3-pragma-synchronous=0',
    'local-address=127.0.0.1',
    `local-port=${port}`,
    `socket-dir=${dir}`,
    'daemon=no',
    'guardian=no',
    'api=yes',
    `api-key=${API_KEY}`,
    'webserver=yes',
    'webserver-address=127.0.0.1',
    `webserver-port=${apiPort}`,
    'webserver-allow-from=127.0.0.0/8',
    'dnsupdate=yes',
    'allow-dnsupdate-from=127.0.0.0/8',
    // Empty: no look-up to the outside at every start.
    'security-poll-suffix=',
    'cache-ttl=0',
    'query-cache-ttl=0',
    'negquery-cache-ttl=0',
    'zone-cache-refresh-interval=0',
    ...settings,
  ];
}
