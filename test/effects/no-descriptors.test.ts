import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { expect, test } from 'vitest';

test('a program that finds no descriptor for its pipes is an error of its caller, and not the end of stsync', () => {
  const script = `ulimit -n 64 && exec '${process.execPath}' '${join(import.meta.dirname, 'no-descriptors.ts')}'`;
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8', timeout: 20_000 });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual({ command: 'EMFILE', git: { kind: 'not-started', code: 'EMFILE' } });
});
