/**
 * `check` and `init` as users run them, against a mail domain on loopback. The files in `check/` are what they print, byte for byte; `vitest -u`
 * writes them again. Dates, ids, ports and paths are replaced by what they are.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeWith } from '../servers/programs.ts';
import { tempDirectory } from '../effects/temp-directory.ts';
import { type Ran, runCli } from '../support/built-cli.ts';
import { type MailDomain, startMailDomain } from './mail-domain.ts';

/** Not of our form, as another tool would have made it. */
const ID = '20260101T000000Z';
const POLICY =
  'version: STSv1\r\nmode: enforce\r\nmx: mx1.good.example\r\nmx: mx2.good.example\r\nmax_age: 1209600\r\n';

const page = (name: string): string => join(import.meta.dirname, 'check', name);

/** What differs from run to run. */
function neutral({ stdout, stderr, code }: Ran): string {
  return `${stdout}${stderr === '' ? '' : `[stderr]\n${stderr}`}[exit code ${code}]\n`
    .replaceAll(/\b20\d{12}(?=[0-9a-f]{16}\b)/g, '<time>')
    .replaceAll(/\b20\d\d-\d\d-\d\d(?:T[\d:.]+Z)?/g, '<date>')
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>')
    .replaceAll(/stsync-check-[0-9a-f]{12}/g, 'stsync-check-<random>')
    .replaceAll(/\/\S*\/stsync-ca-\w+/g, '<ca>');
}

describeWith(['openssl'], 'a good domain', () => {
  let world: MailDomain;
  beforeAll(async () => {
    world = await startMailDomain({
      domain: 'good.example',
      mx: { 'mx1.good.example': 'good', 'mx2.good.example': 'good' },
      body: POLICY,
    });
    const { zones } = world.dns;
    zones.setRecords('_mta-sts.good.example', 'TXT', [`"v=STSv1; id=${ID};"`]);
    zones.setRecords('mta-sts.good.example', 'CNAME', ['policies.good.example.']);
    zones.setRecords('policies.good.example', 'A', ['127.0.0.1']);
    zones.setRecords('_smtp._tls.good.example', 'TXT', ['"v=TLSRPTv1; rua=mailto:tls@reports.example;"']);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const check = (...rest: readonly string[]): Promise<Ran> =>
    runCli(['check', 'good.example', ...world.flags, ...rest], { cwd: tempDirectory() });

  test('has a verdict, three senders, and exit code 0', async () => {
    await expect(neutral(await check())).toMatchFileSnapshot(page('good.txt'));
  });

  test('shows with --verbose what was seen', async () => {
    await expect(neutral(await check('--verbose'))).toMatchFileSnapshot(page('good-verbose.txt'));
  });

  test('as Markdown has its facts collapsed', async () => {
    await expect(neutral(await check('--format', 'markdown'))).toMatchFileSnapshot(page('good.md'));
  });

  test('as JSON has all of it', async () => {
    const { stdout, code } = await check('--format', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      domains: [
        {
          domain: 'good.example',
          verdict: { kind: 'protected' },
          instructions: [],
          facts: {
            mx: { kind: 'hosts', hosts: ['mx1.good.example', 'mx2.good.example'] },
            mxHosts: [{ offers: [{ verdict: 'good' }] }, { offers: [{ verdict: 'good' }] }],
            fetches: [{ body: POLICY, failure: null, certificate: { names: ['mta-sts.good.example'] } }],
          },
        },
      ],
      failures: [],
    });
  });

  test('is one of several, and the other is none of its business', async () => {
    const ran = await runCli(['check', 'good.example', 'nowhere.example', ...world.flags], { cwd: tempDirectory() });
    expect(ran.stdout).toContain('good.example  protected');
    expect(ran.stdout).toContain('nowhere.example');
    expect(ran.code).toBe(2);
  });

  test('is not looked at where no name server answers: exit code 1', async () => {
    const flags = ['--resolver', '127.0.0.1:9', '--authority', 'good.example=127.0.0.1:9'];
    const ran = await runCli(['check', 'good.example', ...flags], { cwd: tempDirectory() });
    expect(ran.stdout).toMatch(/^good\.example {2}unknown/);
    expect(ran.code).toBe(1);
  });

  test('without --no-smtp-probe its MX hosts are asked, with it they are not', async () => {
    const { stdout } = await check('--no-smtp-probe', '--format', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      domains: [{ facts: { mxHosts: [{ offers: null }, { offers: null }] } }],
    });
  });

  describe('init', () => {
    const zone = `$TTL 1h
@ IN SOA ns1 hostmaster ( 4 4h 1h 2w 5m )
  IN NS ns1
  IN MX 10 mx1
  IN MX 20 mx2
_mta-sts 300 IN TXT "v=STSv1; id=${ID};"
mta-sts 300 IN CNAME policies.good.example.
_smtp._tls 300 IN TXT "v=TLSRPTv1; rua=mailto:tls@reports.example;"
`;

    /** A folder in which the zone stands and the policy is served from. */
    const folder = (): string => {
      const cwd = tempDirectory();
      const host = join(cwd, 'www', 'mta-sts.good.example', '.well-known');
      mkdirSync(host, { recursive: true });
      mkdirSync(join(cwd, 'zones'));
      writeFileSync(join(cwd, 'zones', 'good.example.zone'), zone);
      writeFileSync(join(host, 'mta-sts.txt'), POLICY);
      return cwd;
    };
    const filled = ['--provider-type', 'zonefile', '--zone-directory', './zones', '--publisher-directory', './www'];

    test('writes what is live', async () => {
      const ran = await runCli(['init', 'good.example', ...world.flags, ...filled], { cwd: folder() });
      await expect(neutral(ran)).toMatchFileSnapshot(page('init.txt'));
    });

    test('leaves open what nobody outside can know', async () => {
      const ran = await runCli(['init', 'good.example', ...world.flags], { cwd: folder() });
      await expect(neutral(ran)).toMatchFileSnapshot(page('init-open.txt'));
    });

    test.each([
      ['a directory of policies', filled],
      ['policies that somebody else serves', filled.slice(0, 4)],
    ])('and sync has nothing to change, with %s', async (_what, flags) => {
      const cwd = folder();
      const { stdout } = await runCli(['init', 'good.example', ...world.flags, ...flags], { cwd });
      writeFileSync(join(cwd, 'domains.yaml'), stdout);
      expect(await runCli(['validate'], { cwd })).toMatchObject({ code: 0, stderr: '' });
      expect(neutral(await runCli(['sync', '--dry-run'], { cwd }))).toBe(
        '1 domain: 1 in sync (dry run: nothing was written)\n[exit code 0]\n',
      );
      expect(await runCli(['sync'], { cwd })).toMatchObject({ code: 0 });
      expect((await runCli(['show', 'good.example'], { cwd })).stdout).toContain(`id: ${ID}\n`);
    });
  });
});

describeWith(['openssl'], 'a bad domain', () => {
  let world: MailDomain;
  beforeAll(async () => {
    world = await startMailDomain({
      domain: 'bad.example',
      mx: {
        'mx1.bad.example': 'no-starttls',
        'mx2.bad.example': 'other-name',
        'a.b.mail.bad.example': 'good',
        'mx3.bad.example': 'expired',
      },
      body: 'version: STSv1\nmode: enforce\nmx: mx1.bad.example\nmx: mx2.bad.example\nmx: mx3.bad.example\nmx: *.mail.bad.example\nmax_age: 3600\n',
    });
    const { zones } = world.dns;
    zones.setRecords('_mta-sts.bad.example', 'TXT', ['"v=STSv1; id=1;"']);
    zones.setRecords('*.bad.example', 'A', ['127.0.0.1']);
    zones.setRecords('bad.example', 'CAA', ['0 issue "ca.example"']);
    world.answer.headers = { 'Content-Type': 'application/octet-stream' };
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const check = (...rest: readonly string[]): Promise<Ran> =>
    runCli(['check', 'bad.example', ...world.flags, ...rest], { cwd: tempDirectory() });

  test('has each fault with its cure, and steps in order', async () => {
    await expect(neutral(await check('--verbose'))).toMatchFileSnapshot(page('bad.txt'));
  });

  test('whose policy host redirects has no policy', async () => {
    const { answer } = world;
    world.answer = { status: 301, headers: { Location: 'https://www.bad.example/' }, body: '' };
    const { stdout, code } = await check();
    world.answer = answer;
    expect(stdout).toContain('HTTPS_REDIRECT');
    expect(stdout).toContain('unprotected');
    expect(code).toBe(2);
  });
});

describe('what cannot be read on the command line', () => {
  test.each([
    [['check', 'example..com'], /USAGE/],
    [['check', 'example.com', '--connect-to', 'mta-sts.example.com'], /HOST:PORT:ADDRESS:PORT/],
    [
      ['check', 'example.com', '--connect-to', 'mta-sts.example.com:443:policies.example.net:443'],
      /address and a port/,
    ],
    [['check', 'example.com', '--authority', 'example.com'], /ZONE=ADDRESS:PORT/],
    [['check', 'example.com', '--resolver', 'ns1'], /address and a port/],
    [['check', 'example.com', '--ca-file', 'nowhere.pem'], /CA_FILE_UNREADABLE/],
    [['init', 'example.com', '--zone-directory', './zones'], /go together/],
  ])('%j', async (args, says) => {
    const ran = await runCli(args, { cwd: tempDirectory() });
    expect(ran.stderr).toMatch(says);
    expect(ran).toMatchObject({ code: 1, stdout: '' });
  });
});
