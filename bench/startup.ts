/**
 * How long the built command takes to start, beside `node -e 0` in the same run: `--version` and `validate` of one domain, at most 3 times as
 * long (issue 3). `npm run bench:startup`; medians of interleaved runs; exits with 1 when a ratio is passed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const RUNS = 31;
const MAX_RATIO = 3;
const folder = mkdtempSync(path.join(os.tmpdir(), 'stsync-startup-'));
writeFileSync(
  path.join(folder, 'domains.yaml'),
  `version: 1
providers:
  local: { type: zonefile, directory: ./zones }
publisher: { type: directory, directory: ./www, hostname: policies.example.net }
domains:
  example.com: { mx: [mx1.example.com] }
`,
);
const main = path.join(import.meta.dirname, '..', 'dist', 'bin', 'main.js');
const cases = {
  'node -e 0': ['-e', '0'],
  'stsync --version': [main, '--version'],
  'stsync validate': [main, 'validate'],
};
const times = new Map<string, number[]>(Object.keys(cases).map((name) => [name, []]));
for (let run = 0; run <= RUNS; run++) {
  for (const [name, args] of Object.entries(cases)) {
    const start = performance.now();
    const { status } = spawnSync(process.execPath, args, { cwd: folder, stdio: 'ignore' });
    if (status !== 0) throw new Error(`${name} ended with ${status}`);
    // The first run fills the compile cache and the file cache.
    if (run > 0) times.get(name)?.push(performance.now() - start);
  }
}
rmSync(folder, { recursive: true });
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const base = median(times.get('node -e 0') ?? []);
for (const [name, values] of times) {
  const ratio = median(values) / base;
  console.log(`${name.padEnd(18)} ${median(values).toFixed(0).padStart(4)} ms  ${ratio.toFixed(2)}`);
  if (ratio > MAX_RATIO) process.exitCode = 1;
}
