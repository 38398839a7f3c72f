/** The three real name servers that take dynamic updates, in one form: zones that an admin key may change and anybody may copy. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import type { RecordKey, RecordSet } from '../../src/core/record-set.ts';
import { startBind } from './bind.ts';
import { startKnot } from './knot.ts';
import { type NameServer, tsigKey, type TsigKey, writeKeyFile } from './name-server.ts';
import { PDNS_PROGRAMS, startPdns } from './pdns.ts';
import { findProgram } from './programs.ts';

/** One kind of server. `start` serves `zones`, each with SOA, NS and `lines`, and lets {@link Updatable.admin} do everything. */
export interface Flavour {
  readonly name: 'BIND' | 'Knot' | 'PowerDNS';
  readonly programs: readonly string[];
  readonly start: (
    zones: readonly string[],
    lines?: readonly string[],
    keys?: readonly TsigKey[],
  ) => Promise<Updatable>;
}

export interface Updatable extends NameServer {
  /** May update every zone, as may all `keys` that were given. */
  readonly admin: TsigKey;
}

const CLIENTS = ['nsupdate', 'dig'] as const;

export const flavours: readonly Flavour[] = [
  {
    name: 'BIND',
    programs: ['named', ...CLIENTS],
    async start(zones, lines = [], more = []) {
      const keys = [tsigKey('admin'), ...more];
      const updatePolicy = keys.map(({ name }) => `grant ${name} zonesub ANY`);
      const server = await startBind({
        keys,
        // MX hosts of the tests have no addresses; zones are so small that BIND would rather send them whole than their history.
        statements: 'check-integrity no; max-ixfr-ratio unlimited;',
        zones: zones.map((name) => ({ name, text: zoneLines(name, lines), updatePolicy })),
      });
      return { ...server, admin: keys[0] ?? tsigKey('admin') };
    },
  },
  {
    name: 'Knot',
    programs: ['knotd', ...CLIENTS],
    async start(zones, lines = [], more = []) {
      const keys = [tsigKey('admin'), ...more];
      const names = keys.map(({ name }) => name).join(', ');
      const server = await startKnot({
        keys,
        acl: { update: [`key: [${names}]`, 'action: update'], copy: ['address: 127.0.0.1', 'action: transfer'] },
        zones: zones.map((name) => ({ name, text: zoneLines(name, lines) })),
      });
      return { ...server, admin: keys[0] ?? tsigKey('admin') };
    },
  },
  {
    name: 'PowerDNS',
    programs: [...PDNS_PROGRAMS, ...CLIENTS],
    async start(zones, lines = [], more = []) {
      const keys = [tsigKey('admin'), ...more];
      const server = await startPdns({
        keys,
        settings: ['disable-axfr=no'],
        metadata: { 'TSIG-ALLOW-DNSUPDATE': keys.map(({ name }) => name) },
        zones: zones.map((name) => ({ name, text: zoneLines(name, lines) })),
      });
      return { ...server, admin: keys[0] ?? tsigKey('admin') };
    },
  },
];

/** Runs nsupdate, a client nobody here wrote, with the admin key: one `update` line each, all in one message. */
export async function nsupdate(server: Updatable, zoneName: string, updates: readonly string[]): Promise<void> {
  const commands = [`server 127.0.0.1 ${server.port}`, `zone ${zoneName}.`, ...updates.map((line) => `update ${line}`)];
  await run('nsupdate', ['-v', '-k', writeKeyFile(server.dir, server.admin)], `${commands.join('\n')}\nsend\n`);
}

/** The lines of {@link nsupdate} that put `set` in place of what stands at `key`. */
export function replacing({ name, type }: RecordKey, set: RecordSet | null): readonly string[] {
  const adds = set?.rdata.map((rdata) => `add ${set.name}. ${set.ttlSeconds} ${type} ${rdata}`) ?? [];
  return [`delete ${name}. ${type}`, ...adds];
}

/** All records of a zone with its serial, sorted: a zone transfer. */
export async function transfer(server: Updatable, zoneName: string): Promise<string> {
  const text = await run('dig', ['@127.0.0.1', '-p', `${server.port}`, '+noall', '+answer', zoneName, 'AXFR']);
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith(';'));
  if (lines.length === 0) throw new Error(`no transfer of ${zoneName}`);
  return lines.toSorted().join('\n');
}

async function run(program: string, args: readonly string[], input = ''): Promise<string> {
  const running = promisify(execFile)(findProgram(program) ?? program, args, { timeout: 20_000 });
  // `dig` reads nothing and may be gone already; what it printed counts.
  running.child.stdin?.on('error', () => undefined).end(input);
  return (await running).stdout;
}

/** A zone as text: SOA, NS, `lines`, and nothing else. */
export function zoneLines(name: string, lines: readonly string[]): string {
  const head = [`$ORIGIN ${name}.`, '$TTL 300', '@ SOA ns hostmaster 1 3600 600 604800 60', '@ NS ns.example.net.'];
  return `${[...head, ...lines].join('\n')}\n`;
}
