#!/usr/bin/env node
/** Floor 4. The command line: names, options, help. Each command is a file that is loaded only when it runs, so that the start stays quick. */
import { readFileSync } from 'node:fs';
import { enableCompileCache, findPackageJSON } from 'node:module';

enableCompileCache?.();

const { buildProgram } = await import('./program.ts');
const { reportFailure } = await import('./failure.ts');

try {
  await buildProgram(readVersion()).parseAsync();
} catch (error) {
  process.exitCode = reportFailure(error);
}

function readVersion(): string {
  const path = findPackageJSON(import.meta.url);
  const pack: unknown = path === undefined ? {} : JSON.parse(readFileSync(path, 'utf8'));
  return typeof pack === 'object' && pack !== null && 'version' in pack ? String(pack.version) : 'unknown';
}
