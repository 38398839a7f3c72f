/** TLS reports end to end: the built command, mails with real signatures, keys from a real DNS server. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { beforeAll, describe, expect, test } from 'vitest';

import { reportWith } from '../../core/tls-report/report-builder.ts';
import { tempDirectory } from '../../effects/temp-directory.ts';
import { commandLine, type Ran, runShell } from '../../support/built-cli.ts';
import { startDnsServer } from '../../support/dns-server.ts';
import { type Keys, newKeys, reportMail } from '../../support/report-mail.ts';

const today = new Date().toISOString().slice(0, 10);
const report = reportWith({
  'date-range': { 'start-datetime': `${today}T00:00:00Z`, 'end-datetime': `${today}T00:00:01Z` },
});
let keys: Keys;
beforeAll(() => {
  keys = newKeys();
});

/** A folder with a config whose DNS for sender.example is at `authority`. */
function newFolder(authority: string, rest = ''): string {
  const folder = tempDirectory();
  mkdirSync(join(folder, 'zones'));
  writeFileSync(
    join(folder, 'domains.yaml'),
    `version: 1
providers: { zones: { type: zonefile, directory: ./zones } }
publisher: { type: directory, directory: ./www, hostname: policies.example.net, proof: file }
world: { resolvers: ["${authority}"], authorities: { sender.example: ["${authority}"] } }
${rest}domains: { example.com: { mx: [mx1.example.com] } }
`,
  );
  return folder;
}

function shell(folder: string): (line: string) => Promise<Ran> {
  const env = { PATH: commandLine(tempDirectory()) };
  return (line) => runShell(line, { cwd: folder, env });
}

async function keyRecord(): Promise<string> {
  const found = await keys.lookUpKey('s1._domainkey.sender.example');
  return found.kind === 'records' ? (found.records[0] ?? []).map((text) => `"${text}"`).join(' ') : '';
}

describe('stsync reports', () => {
  test('counts a signed mail from a pipe once, and shows it', { timeout: 60_000 }, async () => {
    await using dns = await startDnsServer();
    dns.zones.addZone('sender.example', []);
    dns.zones.setRecords('s1._domainkey.sender.example', 'TXT', [await keyRecord()]);
    const folder = newFolder(dns.address);
    const run = shell(folder);
    writeFileSync(join(folder, 'mail.eml'), await keys.sign(reportMail(report)));
    expect(await run('stsync reports import - < mail.eml')).toMatchObject({
      code: 0,
      stdout: 'reports: 1 new\n',
      stderr: '',
    });
    expect(await run('stsync reports import mail.eml mail.eml')).toMatchObject({
      code: 0,
      stdout: 'reports: 0 new, 2 known already\n',
    });
    const { stdout } = await run('stsync reports summary example.com');
    expect(stdout).toContain('1 report of 1 reporter\n  sts: 7 sessions, 2 failed (28.6 %)\n');
    expect(stdout).toContain('certificate-expired  2 failed\n');
    expect((await run('stsync reports show 1')).stdout).toContain(
      'proof: DKIM signature of sender.example (s1, rsa-sha256)\n',
    );
    expect((await run('stsync reports summary --format csv --by reporter')).stdout).toContain(
      'reporter,sender.example,sts,5,2\r\n',
    );
  });

  test(
    'asks for a mail again with exit code 75 while DNS is silent, and stores nothing of it',
    { timeout: 60_000 },
    async () => {
      await using dns = await startDnsServer();
      dns.zones.addZone('sender.example', []);
      dns.zones.setRecords('s1._domainkey.sender.example', 'TXT', [await keyRecord()]);
      dns.faults.set('s1._domainkey.sender.example', 'servfail');
      const folder = newFolder(dns.address);
      const run = shell(folder);
      writeFileSync(join(folder, 'mail.eml'), await keys.sign(reportMail(report)));
      const failed = await run('stsync reports import mail.eml');
      expect([failed.code, failed.stdout.split('\n')[0]]).toEqual([75, 'reports: 0 new, 1 to take in again']);
      expect((await run('stsync reports rejected')).stdout).toBe('nothing is set aside\n');
      dns.faults.clear();
      expect((await run('stsync reports import mail.eml')).stdout).toBe('reports: 1 new\n');
    },
  );

  test(
    'sets an unsigned mail aside until the config accepts it, and then it leaves the list',
    { timeout: 60_000 },
    async () => {
      const folder = newFolder('127.0.0.1:9');
      const run = shell(folder);
      writeFileSync(join(folder, 'mail.eml'), reportMail(report));
      expect(await run('stsync reports import mail.eml')).toMatchObject({
        code: 0,
        stdout: 'reports: 0 new, 1 quarantined\n  quarantined mail.eml: DKIM_UNPROVED the mail has no DKIM signature\n',
      });
      expect((await run('stsync reports rejected')).stdout).toMatch(
        /^\S+ \S+ {2}quarantined {2}mail\.eml about example\.com from Sender\n {4}DKIM_UNPROVED the mail has no DKIM signature\n$/,
      );
      const accepting = newFolder('127.0.0.1:9', 'reports: { acceptUnsigned: true }\nstate: "STATE"\n');
      await run(`sed "s#STATE#$PWD/stsync.db#" ${join(accepting, 'domains.yaml')} > other.yaml`);
      expect((await run('stsync reports import -c other.yaml mail.eml')).stdout).toBe('reports: 1 new\n');
      expect((await run('stsync reports rejected')).stdout).toBe('nothing is set aside\n');
    },
  );

  test('takes files by hand, keeps what it cannot read, and looks without a state', { timeout: 60_000 }, async () => {
    const folder = newFolder('127.0.0.1:9');
    const run = shell(folder);
    expect(
      (await run('stsync reports summary && stsync reports show && stsync reports rejected && ls')).stdout,
    ).toMatch(/^no reports of any domain since \S+\nno reports so far\nnothing is set aside\ndomains\.yaml\nzones\n$/);
    mkdirSync(join(folder, 'in'));
    writeFileSync(join(folder, 'in', 'a.json.gz'), gzipSync(report));
    writeFileSync(join(folder, 'in', 'b.json'), '{"x":1}');
    expect((await run('stsync reports import in')).stdout).toBe(
      'reports: 1 new, 1 rejected\n  rejected in/b.json: REPORT_FIELD organization-name is missing (and 3 more faults)\n',
    );
    expect((await run('stsync reports show')).stdout).toBe(
      `1  ${today}  example.com  (sender.example)  file  Sender\n`,
    );
    expect(await run('stsync reports import nowhere')).toMatchObject({
      code: 1,
      stderr: 'stsync: USAGE nowhere is not there\n',
    });
    expect(await run('stsync reports show 99')).toMatchObject({ code: 1, stdout: '' });
  });

  test('says that a state which cannot be written is temporary', { timeout: 60_000 }, async () => {
    const folder = newFolder('127.0.0.1:9', 'state: ./missing/stsync.db\n');
    const run = shell(folder);
    writeFileSync(join(folder, 'a.json'), report);
    expect(await run('stsync reports import a.json')).toMatchObject({ code: 75, stdout: '' });
  });
});
