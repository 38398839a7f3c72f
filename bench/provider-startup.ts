/**
 * What each provider adds to the start of the command: size and import time of its chunk in dist/bin, in a process of its own each time, with
 * the compile cache that the command has. Beside them the vendors' libraries as npm installs them. `npm run bench:provider-startup`; medians
 * of interleaved runs. Seen on 2026-11-25 on two cores that were busy (load 14; an idle machine is several times quicker):
 *
 * | provider | chunk | import |
 * |---|---|---|
 * | cloudflare | 106 kB | 82 ms |
 * | google | 748 kB | 347 ms |
 * | memory | 2 kB | 48 ms |
 * | rfc2136 | 54 kB | 120 ms |
 * | zonefile | 51 kB | 58 ms |
 * | whole cloudflare | | 2490 ms |
 * | whole @google-cloud/dns | | 524 ms |
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const RUNS = 15;
const bin = path.join(import.meta.dirname, '..', 'dist', 'bin');

/** The registry, bundled: `cloudflare: () => import("./provider-8BPu-H4b.js")`. */
const chunks = new Map(
  readdirSync(bin)
    .filter((name) => name.endsWith('.js'))
    .flatMap((name) =>
      [
        ...readFileSync(path.join(bin, name), 'utf8').matchAll(/(\w+): \(\) => import\("\.\/(provider-[\w-]+\.js)"\)/g),
      ].map(([, type = '', file = '']) => [type, path.join(bin, file)] as const),
    ),
);
if (chunks.size === 0) throw new Error('dist/bin shows no chunk of a provider: build first');

const cases = new Map([
  ...[...chunks].map(([type, file]) => [type, pathToFileURL(file).href] as const),
  ...['cloudflare', '@google-cloud/dns'].map((name) => [`whole ${name}`, import.meta.resolve(name)] as const),
]);
const times = new Map([...cases.keys()].map((name): [string, number[]] => [name, []]));
for (let run = 0; run <= RUNS; run++) {
  for (const [name, url] of cases) {
    const script = `import module from 'node:module'; module.enableCompileCache(); const start = performance.now();
await import(${JSON.stringify(url)}); process.stdout.write(String(performance.now() - start)); process.exit();`;
    const { stdout, status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
    // The first run fills the compile cache and the file cache.
    if (run > 0) times.get(name)?.push(Number(stdout));
  }
}
console.log('| provider | chunk | import |\n|---|---|---|');
for (const [name, values] of times) {
  const file = chunks.get(name);
  const size = file === undefined ? '' : `${Math.round(statSync(file).size / 1000)} kB`;
  const median = values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
  console.log(`| ${name} | ${size} | ${median.toFixed(0)} ms |`);
}
