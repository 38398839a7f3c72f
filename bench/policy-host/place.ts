/** The two sides of the bench: the built daemon over a state with certificates, and nginx with one of them and one file. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { CertificateRecord } from '../../src/core/certificates/model.ts';
import { newRecord } from '../../src/core/certificates/model.ts';
import { makeKey } from '../../src/effects/acme/client.ts';
import { openCertificateStore } from '../../src/effects/store-sqlite-certificates.ts';
import { openStore } from '../../src/effects/store-sqlite.ts';
import { CIPHERS } from '../../src/effects/certificate-directory.ts';
import { type Ca, makeCa } from '../../test/support/ca.ts';
import { main } from '../../test/support/built-cli.ts';
import { certificateFor } from '../network/certificate.ts';
import { body } from '../network/fleet.ts';

/** The one that wrk asks for: it takes no other name for an address. */
export const ONE = 'localhost';
const DAY_MS = 86_400_000;
/** Nobody is there: no certificate is due. */
const CA_URL = 'https://127.0.0.1:1/dir';

export function hostAt(index: number): string {
  return `mta-sts.d${index}.bench.test`;
}

export interface Side {
  readonly name: string;
  readonly port: number;
  /** Whose CPU and memory count. */
  readonly pid: number;
  readonly process: ChildProcess;
}

export function openCa(): Ca {
  return makeCa();
}

/** The built daemon on the first CPU, with certificates for {@link ONE} and `count` other hosts. */
export async function startOurs(folder: string, name: string, count: number, ca: Ca, port: number): Promise<Side> {
  mkdirSync(folder);
  const hosts = [ONE, ...Array.from({ length: count }, (_, index) => hostAt(index))];
  const path = join(folder, 'stsync.db');
  const store = openStore(path);
  for (const host of hosts) store.savePolicyBody(host, body);
  store.close();
  const certificates = openCertificateStore(path, (error) => {
    throw error;
  });
  certificates.save(hosts.map((host) => recordOf(host, ca)));
  certificates.close();
  mkdirSync(join(folder, 'zones'));
  writeFileSync(
    join(folder, 'domains.yaml'),
    `version: 1
providers: { local: { type: zonefile, directory: ./zones } }
publisher:
  type: server
  hostname: policies.example.net
  listen: 127.0.0.1:${port}
  acme: { directory: "${CA_URL}", challenge: tls-alpn-01 }
world: { smtpProbe: off }
schedule: "0 0 1 1 *"
daemon: { listen: off }
defaults: { provider: local, observe: provider }
domains: { example.com: { mx: [mx1.example.net] } }
`,
  );
  const command = [...pinned(0), process.execPath, main, 'daemon'];
  return start(name, port, command, folder);
}

/** One worker on the first CPU, one file, one certificate, and what both sides allow. */
export async function startNginx(folder: string, ca: Ca, port: number): Promise<Side> {
  mkdirSync(join(folder, 'www', '.well-known'), { recursive: true });
  for (const one of [folder, join(folder, 'www'), join(folder, 'www', '.well-known')]) chmodSync(one, 0o755);
  writeFileSync(join(folder, 'www', '.well-known', 'mta-sts.txt'), body, { mode: 0o644 });
  const { certificate } = recordOf(ONE, ca);
  writeFileSync(join(folder, 'chain.pem'), certificate?.chainPem ?? '');
  writeFileSync(join(folder, 'key.pem'), certificate?.keyPem ?? '');
  writeFileSync(
    join(folder, 'nginx.conf'),
    `worker_processes 1;
daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 4096; }
http {
  access_log off;
  sendfile on;
  types { text/plain txt; }
  keepalive_requests 100;
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate chain.pem;
    ssl_certificate_key key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ciphers ${CIPHERS};
    root ${folder}/www;
  }
}
`,
  );
  return start('nginx', port, [...pinned(0), 'nginx', '-p', folder, '-c', join(folder, 'nginx.conf')], folder);
}

/** What stands before a command, so that it stays on one CPU: the sides take the first, the client the second. */
export function pinned(cpu: number): readonly string[] {
  return ['taskset', '-c', String(cpu)];
}

/** So far, of the whole process. */
export function cpuSeconds({ pid }: Side): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

export function residentMegabytes({ pid }: Side): number {
  return Number(/^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

function recordOf(host: string, ca: Ca): CertificateRecord {
  const now = new Date();
  const keyPem = makeKey();
  const issuer = { name: 'Test Root', key: readFileSync(join(ca.directory, 'root.key'), 'utf8') };
  const chainPem = `${certificateFor(host, issuer, keyPem)}${ca.chain}`;
  const stamp = createHash('sha256').update(chainPem).digest('hex').slice(0, 16);
  const later = new Date(now.getTime() + 7 * DAY_MS);
  return {
    ...newRecord(host, CA_URL, now),
    certificate: {
      chainPem,
      keyPem,
      stamp,
      notBefore: new Date(now.getTime() - DAY_MS),
      notAfter: new Date(now.getTime() + 60 * DAY_MS),
      issuedAt: now,
      directoryUrl: CA_URL,
    },
    renewal: { renewAt: later, askAgainAt: later, isSuggested: false },
  };
}

/** `taskset` becomes the program that it starts. */
async function start(name: string, port: number, command: readonly string[], folder: string): Promise<Side> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { cwd: folder, stdio: 'ignore' });
  process.on('exit', () => child.kill('SIGKILL'));
  for (let tries = 0; !(await isListening(port)); tries++) {
    if (child.exitCode !== null || tries > 400) throw new Error(`${name} does not listen (${folder})`);
    await sleep(50);
  }
  return { name, port, pid: child.pid ?? 0, process: child };
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => (socket.destroy(), resolve(true)));
    socket.once('error', () => resolve(false));
  });
}
