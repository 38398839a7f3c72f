#!/usr/bin/env node
/** Floor 4. The command line begins here. What it does is in files that are loaded only when they are needed, so that the start stays quick. */
import { readFileSync } from 'node:fs';
// The default import: an older Node lacks some of these names and shall be told so in words.
import module from 'node:module';
import { setFlagsFromString } from 'node:v8';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`stsync: needs Node 22.18 or newer, and this is ${process.version}\n`);
  process.stderr.write('  in a checkout `npx stsync` runs the Node that npm ci brought\n');
  process.exit(1);
}
module.enableCompileCache();
// V8 lets a heap grow by up to four times what lives before it collects. With 10,000 domains (`npm run bench:fleet`) a run has 256 MB so, and 324
// without, in the same time.
setFlagsFromString('--heap-growing-percent=30');

// What cannot be written is the business of who writes (`print`); a reader that closed its end (`stsync log | head`) is no failure.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

const { buildProgram } = await import('./program.ts');
const { reportFailure } = await import('./failure.ts');

try {
  await buildProgram(readVersion(), process.argv).parseAsync();
} catch (error) {
  process.exitCode = reportFailure(error);
}

function readVersion(): string {
  const path = module.findPackageJSON(import.meta.url);
  const pack: unknown = path === undefined ? {} : JSON.parse(readFileSync(path, 'utf8'));
  return typeof pack === 'object' && pack !== null && 'version' in pack ? String(pack.version) : 'unknown';
}
