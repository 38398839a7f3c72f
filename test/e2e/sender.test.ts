/**
 * A sender that nobody here wrote: Debian's postfix-mta-sts-resolver, in a network namespace of its own with BIND at port 53, a plain HTTPS
 * server at port 443 and stsync with its defaults. It is asked at every stage, as Postfix asks it: over its socketmap.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tsigKey, writeKeyFile } from '../servers/name-server.ts';
import { namespaceFault, openNamespace, type Namespace } from '../servers/namespace.ts';
import { findProgram, describeUnless } from '../servers/programs.ts';
import { removeDirectory, serverDirectory, spawnServer } from '../servers/run.ts';
import { main } from '../support/built-cli.ts';
import { type Ca, makeCa } from '../support/ca.ts';

const D = 'example.test';
const missing = ['named', 'dig', 'openssl', 'mta-sts-daemon'].find((program) => findProgram(program) === null);
const reason = missing === undefined ? namespaceFault() : `${missing} is not installed`;

describeUnless(reason, 'postfix-mta-sts-resolver as the sender', () => {
  const dir = serverDirectory();
  const closing: (() => Promise<unknown>)[] = [];
  let ca: Ca;
  let ns: Namespace;

  beforeAll(async () => {
    ca = makeCa();
    closing.push(async () => ca[Symbol.asyncDispose]());
    ns = await openNamespace(dir);
    closing.push(() => ns.stop());
    closing.push(await startNamed(), await startHttps(), await startSender());
  });

  afterAll(async () => {
    for (const close of closing.toReversed()) await close();
    removeDirectory(dir);
  });

  it('knows no policy before stsync ran', async () => {
    expect(await ask('default')).toBe('NOTFOUND ');
    expect(await ask('strict')).toBe('NOTFOUND ');
  });

  it('sees testing after the first run, and does not enforce it', async () => {
    await sync(`{ mx: [mx1.${D}] }`, 'changed');
    expect(await ask('default')).toBe('NOTFOUND ');
    expect(await ask('strict')).toBe(`OK secure match=mx1.${D} servername=hostname`);
  });

  it('enforces when the mode is enforce', async () => {
    await sync(`{ mx: [mx1.${D}], mode: enforce }`, 'changed');
    expect(await ask('default')).toBe(`OK secure match=mx1.${D} servername=hostname`);
  });

  it('allows a new MX host as soon as it looks at the id', async () => {
    await sync(`{ mx: [mx1.${D}, "*.mx.example.net"], mode: enforce }`, 'changed');
    const answer = await ask('default');
    expect(new Set(/match=(\S+)/.exec(answer)?.[1]?.split(':'))).toEqual(new Set([`mx1.${D}`, '.mx.example.net']));
  });

  it('lets go when the domain shall be absent', async () => {
    await sync('{ absent: true }', 'waiting');
    expect(await ask('default')).toBe('NOTFOUND ');
  });

  async function sync(domain: string, status: string): Promise<void> {
    writeFileSync(
      join(dir, 'domains.yaml'),
      `version: 1
providers:
  main: { type: rfc2136, server: "127.0.0.1:53", keyFile: ./stsync.key }
publisher: { type: directory, directory: ./www, hostname: policies.${D} }
world: { caFile: ${ca.file}, allowPrivateAddresses: true, smtpProbe: off }
defaults: { ttl: 1 }
domains:
  ${D}: ${domain}
`,
    );
    const { code, output } = await runIn([process.execPath, main, 'sync', '--config', join(dir, 'domains.yaml')]);
    expect(output).toContain(`1 domain: 1 ${status}`);
    expect(code).toBe(0);
  }

  function runIn(command: readonly string[]): Promise<{ code: number | null; output: string }> {
    const [program = '', ...args] = ns.command(command);
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
  }

  async function startNamed(): Promise<() => Promise<void>> {
    const key = tsigKey('stsync');
    writeKeyFile(dir, key);
    writeFileSync(join(dir, 'stsync.key'), `key "stsync" { algorithm ${key.algorithm}; secret "${key.secret}"; };\n`);
    writeFileSync(
      join(dir, `${D}.db`),
      `$TTL 1\n@ SOA ns1.${D}. host.${D}. 1 3600 600 86400 1\n NS ns1\n MX 10 mx1\nns1 A 127.0.0.1\nmx1 A 127.0.0.1\npolicies A 127.0.0.1\n`,
    );
    const rights = [`_mta-sts.${D}. TXT`, `_smtp._tls.${D}. TXT`, `mta-sts.${D}. CNAME`];
    writeFileSync(
      join(dir, 'named.conf'),
      `key "stsync" { algorithm ${key.algorithm}; secret "${key.secret}"; };
controls { };
options { directory "${dir}"; pid-file none; session-keyfile none; lock-file none; managed-keys-directory "${dir}";
  listen-on port 53 { 127.0.0.1; }; listen-on-v6 { none; }; recursion no; dnssec-validation no; notify no; };
zone "${D}" { type primary; file "${D}.db"; update-policy { ${rights.map((right) => `grant stsync name ${right};`).join(' ')} }; };
`,
    );
    const [command = '', ...args] = ns.command(['/usr/sbin/named', '-g', '-n', '1', '-c', join(dir, 'named.conf')]);
    const dig = ['dig', '+short', '+tries=1', '+time=1', '@127.0.0.1', D, 'SOA'];
    const ready = async (): Promise<boolean> => (await runIn(dig)).output.startsWith(`ns1.${D}.`);
    const server = await spawnServer({ command, args, dir, name: 'named', ready });
    return () => server.stop();
  }

  async function startHttps(): Promise<() => Promise<void>> {
    mkdirSync(join(dir, 'www'));
    const { key, cert } = ca.issue({ names: [`mta-sts.${D}`] });
    writeFileSync(join(dir, 'tls.key'), key);
    writeFileSync(join(dir, 'tls.pem'), cert);
    const script = join(import.meta.dirname, 'https-files.mjs');
    const files = [join(dir, 'www'), join(dir, 'tls.key'), join(dir, 'tls.pem'), '443'];
    const [command = '', ...args] = ns.command([process.execPath, script, ...files]);
    const curl = [
      process.execPath,
      '-e',
      "require('net').connect(443,'127.0.0.1').on('connect',()=>process.exit(0)).on('error',()=>process.exit(1))",
    ];
    const ready = async (): Promise<boolean> => (await runIn(curl)).code === 0;
    const server = await spawnServer({ command, args, dir, name: 'https', ready });
    return () => server.stop();
  }

  async function startSender(): Promise<() => Promise<void>> {
    writeFileSync(
      join(dir, 'sts.yml'),
      `path: ${dir}/sts.sock
cache_grace: 0
shutdown_timeout: 1
cache: { type: internal }
default_zone: { timeout: 4 }
zones: { strict: { timeout: 4, strict_testing: true } }
`,
    );
    const daemon = ['/usr/bin/env', `SSL_CERT_FILE=${ca.file}`, 'mta-sts-daemon', '-c', join(dir, 'sts.yml')];
    const [command = '', ...args] = ns.command(daemon);
    const ready = async (): Promise<boolean> =>
      existsSync(join(dir, 'sts.sock')) && (await ask('default', '127.0.0.1')) === 'NOTFOUND ';
    const server = await spawnServer({ command, args, dir, name: 'sender', ready });
    return () => server.stop();
  }

  /** One question as Postfix puts it: a netstring there, a netstring back. */
  function ask(zone: string, domain = D): Promise<string> {
    const question = `${zone} ${domain}`;
    return new Promise((resolve, reject) => {
      const socket = connect(join(dir, 'sts.sock'));
      let answer = '';
      socket.setTimeout(10_000, () => socket.destroy(new Error('no answer')));
      socket.once('error', reject);
      socket.setEncoding('utf8').on('data', (text: string) => {
        answer += text;
        const [, length = '0', rest = ''] = /^(\d+):([\s\S]*)$/.exec(answer) ?? [];
        if (rest.length <= Number(length)) return;
        socket.end();
        resolve(rest.slice(0, Number(length)));
      });
      socket.write(`${question.length}:${question},`);
    });
  }
});
