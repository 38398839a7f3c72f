/**
 * How long 100,000 domains take from YAML to `Config`, and how much memory: in one file (at most 30 s and 1 GB, issue 3), and in 1,000 files
 * of 100 (at most 12 s). `npm run bench:config`; exits with 1 when a limit is passed. Each shape runs in a process of its own.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ProviderDescriptor } from '../src/core/config/descriptor.ts';
import { loadConfig } from '../src/effects/load-config.ts';

const DOMAINS = 100_000;
const HEAD = `version: 1
providers:
  main: { type: zones, directory: ./zones }
publisher: { type: directory, directory: ./policies, hostname: policies.example.net }
defaults:
  tlsReports: ["mailto:tls-reports@example.net"]
profiles:
  hosted: { mx: ["*.mx.example.net"], mode: enforce }
`;

const zones: ProviderDescriptor = {
  type: 'zones',
  title: 'Zone files',
  options: [{ name: 'directory', kind: 'path', isRequired: true, description: 'Where the zones are' }],
  exactlyOneOf: [],
  leastPrivilege: '',
  limits: [],
  documentation: 'https://example.net/',
  isBuilt: true,
};

const shapes = {
  'one file': { write: writeOneFile, maxSeconds: 30 },
  '1,000 files': { write: writeFolder, maxSeconds: 12 },
} as const;
const MAX_MEGABYTES = 1024;

const [child] = process.argv.slice(2);
if (child === undefined) runAll();
else loadOne(child);

function runAll(): void {
  for (const [name, { write, maxSeconds }] of Object.entries(shapes)) {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'stsync-bench-'));
    try {
      const config = write(folder);
      const { stdout, stderr, status } = spawnSync(process.execPath, [import.meta.filename, config], {
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(stderr);
      const [seconds = NaN, megabytes = NaN] = stdout.split(' ').map(Number);
      const isGood = seconds <= maxSeconds && megabytes <= MAX_MEGABYTES;
      console.log(`${name}: ${seconds} s (limit ${maxSeconds}), peak ${megabytes} MB (limit ${MAX_MEGABYTES})`);
      if (!isGood) process.exitCode = 1;
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}

/** Prints seconds and the peak of resident memory in MB. */
function loadOne(config: string): void {
  const start = performance.now();
  const result = loadConfig({ path: config, descriptors: [zones], environment: {}, workingDirectory: '/' });
  const seconds = (performance.now() - start) / 1000;
  if (!result.ok || result.config.domains.length !== DOMAINS) throw new Error('the config did not load');
  console.log(seconds.toFixed(1), Math.round(process.resourceUsage().maxRSS / 1024));
}

/** Six keys in one of four spellings: what a provider's export looks like. */
function domain(index: number): string {
  const name = `customer${index}.example`;
  const reports = `tlsReports: ["mailto:tls-${index}@example.net"]`;
  switch (index % 4) {
    case 0:
      return `  ${name}: { profile: hosted }\n`;
    case 1:
      return `  ${name}:\n    mx: [mx1.${name}, "*.mx.example.net"]\n    mode: enforce\n    maxAge: 2w\n    ttl: 5m\n    ${reports}\n`;
    case 2:
      return `  ${name}:\n    mx:\n      - mx1.${name}\n      - mx2.${name}\n    mode: testing\n    maxAge: 604800\n    allow: [testing-before-enforce]\n`;
    default:
      return `  ${name}:   # moved in 2026\n    mx: [mx.${name}]\n    mode: enforce\n    testingFor: 4w\n    observe: dns\n    ${reports}\n`;
  }
}

function domains(from: number, count: number): string {
  return `domains:\n${Array.from({ length: count }, (_, index) => domain(from + index)).join('')}`;
}

function writeOneFile(folder: string): string {
  const file = path.join(folder, 'domains.yaml');
  writeFileSync(file, HEAD + domains(0, DOMAINS));
  return file;
}

function writeFolder(folder: string): string {
  const config = path.join(folder, 'domains');
  mkdirSync(config);
  writeFileSync(path.join(config, 'main.yaml'), HEAD);
  for (let from = 0; from < DOMAINS; from += 100) writeFileSync(path.join(config, `${from}.yaml`), domains(from, 100));
  return config;
}
