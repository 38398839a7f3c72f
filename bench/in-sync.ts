/**
 * How long a run takes over 10,000 domains that are in sync, in zone files: one zone file a domain, and all in one zone; seconds and peak MB of
 * the built command, beside a bare loop that reads the same files. `npm run bench:in-sync`.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const DOMAINS = Number(process.env['DOMAINS'] ?? 10_000);
const main = path.join(import.meta.dirname, '..', 'dist', 'bin', 'main.js');
const soa = 'SOA ns1 hostmaster 2026112400 14400 3600 1209600 300\n@ NS ns1\nns1 A 192.0.2.1\n';

const shapes = {
  'a zone file each': (folder: string) => {
    for (let n = 0; n < DOMAINS; n++) {
      writeFileSync(path.join(folder, 'zones', `d${n}.example.zone`), `$TTL 3600\n@ ${soa}@ MX 10 mx1.example.net.\n`);
    }
    return (n: number): string => `d${n}.example`;
  },
  'one zone file': (folder: string) => {
    const lines = Array.from({ length: DOMAINS }, (_, n) => `d${n} MX 10 mx1.example.net.\n`).join('');
    writeFileSync(path.join(folder, 'zones', 'example.zone'), `$TTL 3600\n@ ${soa}${lines}`);
    return (n: number): string => `d${n}.example`;
  },
};

for (const [shape, write] of Object.entries(shapes)) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'stsync-in-sync-'));
  for (const part of ['zones', 'www']) mkdirSync(path.join(folder, part));
  const nameOf = write(folder);
  const domains = Array.from({ length: DOMAINS }, (_, n) => `  ${nameOf(n)}: {}\n`).join('');
  writeFileSync(
    path.join(folder, 'domains.yaml'),
    `version: 1
providers:
  local: { type: zonefile, directory: ./zones }
publisher: { type: directory, directory: ./www, hostname: policies.example.net, proof: file }
defaults: { observe: provider, mx: [mx1.example.net], tlsReports: ["mailto:tls@example.net"] }
domains:
${domains}`,
  );
  const run = (...args: readonly string[]): { seconds: number; megabytes: number; status: number | null } => {
    const start = performance.now();
    const script = 'process.on("exit", () => process.stderr.write(String(process.resourceUsage().maxRSS)))';
    const preload = `data:text/javascript,${encodeURIComponent(script)}`;
    const { status, stderr } = spawnSync(process.execPath, ['--import', preload, main, ...args], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return {
      seconds: (performance.now() - start) / 1000,
      megabytes: Number(/\d+$/.exec(String(stderr))?.[0]) / 1024,
      status,
    };
  };
  const first = run('sync', '--quiet');
  const again = run('sync', '--quiet');
  const dry = run('sync', '--dry-run', '--quiet');
  const start = performance.now();
  for (const part of ['zones', 'www']) {
    for (const entry of readdirSync(path.join(folder, part), { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) readFileSync(path.join(entry.parentPath, entry.name));
    }
  }
  const bare = (performance.now() - start) / 1000;
  console.log(`${DOMAINS} domains, ${shape}`);
  for (const [name, { seconds, megabytes, status }] of Object.entries({
    'first sync': first,
    'in sync': again,
    'dry run, in sync': dry,
  })) {
    console.log(
      `  ${name.padEnd(18)} ${seconds.toFixed(1).padStart(7)} s ${megabytes.toFixed(0).padStart(5)} MB  exit ${status}`,
    );
  }
  console.log(`  ${'reading the files'.padEnd(18)} ${bare.toFixed(1).padStart(7)} s`);
  rmSync(folder, { recursive: true });
}
