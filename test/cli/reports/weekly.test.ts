/** `stsync reports weekly` as the built command: it shows what an owner would get, and leaves no trace. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { tempDirectory } from '../../effects/temp-directory.ts';
import { commandLine, runShell } from '../../support/built-cli.ts';

const CONFIG = `version: 1
providers: { zones: { type: zonefile, directory: ./zones } }
publisher: { type: directory, directory: ./www, hostname: policies.example.net, proof: file }
reports: { weekly: { from: stsync@example.net, link: "https://dash.example.net" } }
domains:
  example.com: { mx: [mx1.example.com], contacts: ["mailto:ann@example.com"] }
  example.org: { mx: [mx1.example.org], contacts: ["mailto:ann@example.com", "mailto:bob@example.org"] }
`;

test('shows who gets a weekly mail, and what is in it; writes nothing', { timeout: 60_000 }, async () => {
  const folder = tempDirectory();
  mkdirSync(join(folder, 'zones'));
  writeFileSync(join(folder, 'domains.yaml'), CONFIG);
  const env = { PATH: commandLine(tempDirectory()) };
  const run = (line: string) => runShell(line, { cwd: folder, env });
  expect(await run('stsync reports weekly')).toMatchObject({
    code: 0,
    stdout: 'ann@example.com  2 domains\nbob@example.org  1 domain\n',
  });
  const { code, stdout } = await run('stsync reports weekly mailto:bob@example.org');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Subject: Mail TLS of example\.org: nothing to do\n\nTLS of incoming mail, /);
  expect(stdout).not.toMatch(/example\.com|shared/);
  expect((await run('stsync reports weekly bob@example.org --format html')).stdout).toMatch(/^<!doctype html>/);
  expect(await run('stsync reports weekly eve@example.org')).toMatchObject({ code: 1, stdout: '' });
  expect(existsSync(join(folder, 'stsync.db'))).toBe(false);
});
