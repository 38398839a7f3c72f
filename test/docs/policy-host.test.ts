/** The snippets of docs/policy-host.md for a proxy that ends TLS, run in nginx and in Caddy, with nothing replaced but addresses, ports and paths. */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { BODY, get, HOST, OTHER, PolicyHost, statusOf, wholeOf } from '../effects/policy-host-rig.ts';
import { tempDirectory } from '../effects/temp-directory.ts';
import { describeWith } from '../servers/programs.ts';
import { spawnServer, withFreshPorts } from '../servers/run.ts';
import { sharedCa } from '../support/shared-ca.ts';
import { blocksOf, readDocument } from './markdown.ts';

const ca = sharedCa();
const OK = 'HTTP/1.1 200 OK';
const NOT_FOUND = 'HTTP/1.1 404 Not Found';

/** The only block of the document in that language, with each of `places` replaced; all of them have to stand in it. */
function snippet(language: string, places: Readonly<Record<string, string>>): string {
  const [block, ...more] = blocksOf(readDocument('docs/policy-host.md')).filter((one) => one.language === language);
  if (block === undefined || more.length > 0) throw new Error(`there is not exactly one block of ${language}`);
  return Object.entries(places).reduce((text, [place, replacement]) => {
    if (!text.includes(place)) throw new Error(`"${place}" does not stand in the block of ${language}`);
    return text.replaceAll(place, replacement);
  }, block.text);
}

interface Proxy {
  readonly port: number;
  /** The root that its certificates come from. */
  readonly root: () => string;
}

/** What a sender that trusts the root gets. */
async function ask({ port, root }: Proxy, servername: string, request = get(undefined, servername)): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, servername, ca: root(), ALPNProtocols: ['http/1.1'] });
  await once(socket, 'secureConnect');
  socket.write(request);
  return wholeOf(socket);
}

/** The policy to the byte, kept by no cache, and nothing else. */
async function expectPolicies(proxy: Proxy): Promise<void> {
  const answer = await ask(proxy, HOST);
  expect(statusOf(answer)).toBe(OK);
  expect(answer.toLowerCase()).toContain('\r\ncache-control: no-store\r\n');
  expect(answer.toLowerCase()).toContain('\r\ncontent-type: text/plain\r\n');
  expect(answer.slice(answer.indexOf('\r\n\r\n') + 4)).toBe(BODY);
  for (const path of ['/', `/ask?domain=${HOST}`, '/.well-known/mta-sts.txt/'])
    expect(statusOf(await ask(proxy, HOST, get(path)))).toBe(NOT_FOUND);
}

async function started<T>(count: number, start: (ports: readonly number[], dir: string) => Promise<T>): Promise<T> {
  const dir = tempDirectory();
  return withFreshPorts(count, (ports) => start(ports, dir));
}

describeWith(['openssl', 'nginx'], 'the snippet for nginx', () => {
  test('passes the policy on, and nothing else', async () => {
    const host = new PolicyHost(ca, { isPlain: true });
    const { cert, key } = ca.issue({ names: [HOST] });
    const backend = await host.port();
    const proxy = await started(1, async ([port = 0], dir) => {
      const [certificate, privateKey] = [join(dir, 'fullchain.pem'), join(dir, 'privkey.pem')];
      writeFileSync(certificate, cert);
      writeFileSync(privateKey, key);
      const server = snippet('nginx', {
        'listen 443 ssl': `listen 127.0.0.1:${port} ssl`,
        'listen [::]:443 ssl': `listen 127.0.0.2:${port} ssl`,
        'mta-sts.example.com': HOST,
        [`/etc/letsencrypt/live/${HOST}/fullchain.pem`]: certificate,
        [`/etc/letsencrypt/live/${HOST}/privkey.pem`]: privateKey,
        '127.0.0.1:9781': `127.0.0.1:${backend}`,
      });
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
        (what) => `${what}_temp_path ${dir}/${what};`,
      );
      const http = `http { access_log off; ${temporary.join(' ')}\n${server}}`;
      writeFileSync(join(dir, 'nginx.conf'), `daemon off; pid ${dir}/pid; error_log stderr; events {}\n${http}\n`);
      const ready = async (): Promise<boolean> =>
        (await ask({ port, root: () => readFileSync(ca.file, 'utf8') }, HOST)) !== '';
      const args = ['-c', join(dir, 'nginx.conf'), '-p', dir, '-e', 'stderr'];
      const nginx = await spawnServer({ command: 'nginx', args, dir, name: 'nginx', ready, stopSignal: 'SIGQUIT' });
      onTestFinished(() => nginx.stop());
      return { port, root: () => readFileSync(ca.file, 'utf8') };
    });
    await expectPolicies(proxy);
  });
});

describeWith(['openssl', 'caddy'], 'the snippet for Caddy', () => {
  test('gets certificates for hosts that have a policy, and for no others, and passes the policy on', async () => {
    const host = new PolicyHost(ca, { isPlain: true });
    const backend = await host.port();
    const proxy = await started(2, async ([port = 0, http = 0], dir) => {
      // Its own CA instead of one on the Internet.
      const own = [
        'admin off',
        'local_certs',
        'skip_install_trust',
        'default_bind 127.0.0.1',
        `storage file_system ${dir}/storage`,
      ];
      const ports = [`https_port ${port}`, `http_port ${http}`];
      const config = snippet('caddyfile', { '127.0.0.1:9781': `127.0.0.1:${backend}` });
      writeFileSync(join(dir, 'Caddyfile'), config.replace('{\n', `{\n${[...own, ...ports].join('\n')}\n`));
      const root = (): string => readFileSync(join(dir, 'storage/pki/authorities/local/root.crt'), 'utf8');
      const caddy = await spawnServer({
        command: 'caddy',
        args: ['run', '--config', join(dir, 'Caddyfile'), '--adapter', 'caddyfile'],
        env: { HOME: dir, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir },
        dir,
        name: 'caddy',
        ready: async () => (await ask({ port, root }, OTHER)) !== '',
        timeoutMs: 20_000,
      });
      onTestFinished(() => caddy.stop());
      return { port, root };
    });
    await expectPolicies(proxy);
    expect(await ask(proxy, OTHER)).toContain('another');
    await expect(ask(proxy, 'mta-sts.unknown.test')).rejects.toThrow(/alert|EPROTO/i);
    host.bodies.set('mta-sts.unknown.test', 'no longer');
    expect(await ask(proxy, 'mta-sts.unknown.test')).toContain('no longer');
  });
});
