/**
 * TLS reports a second, from file to stored row, beside read, gunzip and JSON.parse of the same files (issue 7: at most 5 times as long); and the memory
 * that a report of 10 MB takes. `npm run bench:reports`; medians of interleaved runs; exits with 1 when a limit is passed. Each measure has a
 * process of its own.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

import { readReportFiles } from '../src/effects/reports/report-files.ts';
import { openReportStore } from '../src/effects/store-sqlite-reports.ts';
import { importReports } from '../src/services/reports/import-reports.ts';

const FILES = 5000;
const RUNS = 5;
const MAX_RATIO = 5;
const MAX_MEGABYTES = 400;

const measures = { stsync, bare } as const;
const [child, folder] = process.argv.slice(2);
if (child === undefined || folder === undefined) runAll();
else await (child === 'bare' ? measures.bare(folder) : measures.stsync(folder));

function runAll(): void {
  const many = mkdtempSync(path.join(os.tmpdir(), 'stsync-bench-'));
  const large = mkdtempSync(path.join(os.tmpdir(), 'stsync-bench-'));
  try {
    for (let n = 0; n < FILES; n++) writeFileSync(path.join(many, `${n}.json.gz`), gzipSync(reportText(n, n % 8)));
    writeFileSync(path.join(large, 'large.json.gz'), gzipSync(reportText(0, 55_000)));
    compare(`${FILES} reports`, many, MAX_RATIO);
    compare('one report of 10 MB', large, null);
  } finally {
    rmSync(many, { recursive: true });
    rmSync(large, { recursive: true });
  }
}

function compare(what: string, files: string, maxRatio: number | null): void {
  const seconds = { stsync: [] as number[], bare: [] as number[] };
  let megabytes = 0;
  for (let run = 0; run < RUNS; run++) {
    for (const name of ['bare', 'stsync'] as const) {
      const { stdout, stderr, status } = spawnSync(process.execPath, [import.meta.filename, name, files], {
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(stderr);
      const [time = Number.NaN, memory = Number.NaN] = stdout.split(' ').map(Number);
      seconds[name].push(time);
      if (name === 'stsync') megabytes = Math.max(megabytes, memory);
    }
  }
  const [ours, theirs] = [median(seconds.stsync), median(seconds.bare)];
  const ratio = ours / theirs;
  console.log(
    `${what}: ${ours.toFixed(2)} s, bare ${theirs.toFixed(2)} s, ratio ${ratio.toFixed(1)}${maxRatio === null ? '' : ` (limit ${maxRatio})`}, peak ${megabytes} MB (limit ${MAX_MEGABYTES})`,
  );
  if (megabytes > MAX_MEGABYTES || (maxRatio !== null && ratio > maxRatio)) process.exitCode = 1;
}

/** Prints seconds and the peak of resident memory in MB. */
async function stsync(files: string): Promise<void> {
  const place = mkdtempSync(path.join(os.tmpdir(), 'stsync-bench-'));
  const store = openReportStore(path.join(place, 'stsync.db'));
  const world = {
    rules: { acceptUnsigned: false, isStrict: false },
    lookUpKey: async () => ({ kind: 'records' as const, records: [] }),
    isOurs: () => true,
    now: () => new Date('2026-09-30T00:00:00Z'),
  };
  const start = performance.now();
  const { added } = await importReports(readReportFiles(files, process.stdin), world, store);
  report(start);
  store.close();
  rmSync(place, { recursive: true });
  if (added !== readdirSync(files).length) throw new Error(`${added} reports were added`);
}

async function bare(files: string): Promise<void> {
  const start = performance.now();
  let policies = 0;
  for (const name of readdirSync(files)) {
    const value: unknown = JSON.parse(gunzipSync(readFileSync(path.join(files, name))).toString());
    if (typeof value === 'object' && value !== null && 'policies' in value) policies++;
  }
  report(start);
  if (policies === 0) throw new Error('nothing was read');
}

function report(start: number): void {
  console.log(((performance.now() - start) / 1000).toFixed(3), Math.round(process.resourceUsage().maxRSS / 1024));
}

/** In the shape of Google's, about 190 bytes a failure. */
function reportText(number: number, failures: number): string {
  const domain = `example${number % 500}.com`;
  const day = String(1 + (number % 28)).padStart(2, '0');
  const detail = (n: number) => ({
    'result-type': ['certificate-expired', 'starttls-not-supported', 'validation-failure'][n % 3],
    'sending-mta-ip': `192.0.${(n >> 8) & 255}.${n & 255}`,
    'receiving-ip': '203.0.113.25',
    'receiving-mx-hostname': `mx${n % 4}.${domain}`,
    'failed-session-count': 1,
  });
  return JSON.stringify({
    'organization-name': 'Google Inc.',
    'date-range': { 'start-datetime': `2026-09-${day}T00:00:00Z`, 'end-datetime': `2026-09-${day}T23:59:59Z` },
    'contact-info': 'smtp-tls-reporting@google.com',
    'report-id': `2026-09-${day}T00:00:00Z_${domain}_${number}`,
    policies: [
      {
        policy: {
          'policy-type': 'sts',
          'policy-string': ['version: STSv1', 'mode: enforce', `mx: *.${domain}`, 'max_age: 604800'],
          'policy-domain': domain,
          'mx-host': [`*.${domain}`],
        },
        summary: { 'total-successful-session-count': number, 'total-failure-session-count': failures },
        'failure-details': Array.from({ length: failures }, (_, n) => detail(n)),
      },
    ],
  });
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
