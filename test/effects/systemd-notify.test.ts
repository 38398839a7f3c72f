import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { notifySystemd } from '../../src/effects/systemd-notify.ts';
import { tempDirectory } from './temp-directory.ts';

/** The environment for one test. */
function withEnvironment(values: Readonly<Record<string, string | undefined>>): void {
  const before = { ...process.env };
  onTestFinished(() => {
    process.env = before;
  });
  process.env = { ...before, ...values };
}

/** A PATH on which `systemd-notify` is this script. */
function program(script: string): { readonly folder: string; readonly PATH: string } {
  const folder = tempDirectory();
  writeFileSync(join(folder, 'systemd-notify'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { folder, PATH: `${folder}:${process.env['PATH'] ?? ''}` };
}

test('hands the assignments to systemd-notify, each as one argument', async () => {
  const { folder, PATH } = program('for one; do echo "$one"; done > "$OUT"');
  withEnvironment({ PATH, NOTIFY_SOCKET: '/run/none', OUT: join(folder, 'out') });
  expect(await notifySystemd(['READY=1', 'STATUS=standing by'])).toBeNull();
  expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('READY=1\nSTATUS=standing by\n');
});

test('starts nothing where systemd does not listen', async () => {
  const { PATH } = program('exit 1');
  withEnvironment({ PATH, NOTIFY_SOCKET: undefined });
  expect(await notifySystemd(['READY=1'])).toBeNull();
});

test.each([
  ['fails', 'echo "no socket" >&2; exit 1', /no socket/],
  ['is killed', 'kill -9 $$', /systemd-notify/],
])('says what went wrong when it %s, and throws nothing', async (_, script, problem) => {
  const { PATH } = program(script);
  withEnvironment({ PATH, NOTIFY_SOCKET: '/run/none' });
  expect(await notifySystemd(['READY=1'])).toMatch(problem);
});

test('says so where there is no systemd-notify', async () => {
  withEnvironment({ PATH: tempDirectory(), NOTIFY_SOCKET: '/run/none' });
  expect(await notifySystemd(['READY=1'])).toMatch(/ENOENT/);
});
