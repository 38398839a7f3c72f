/** Clients that nobody here wrote, at the policy host of the built daemon with a certificate from pebble: curl and OpenSSL as Debian has them. */
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Pebble, PEBBLE_PROGRAMS, startPebble } from '../servers/pebble.ts';
import { describeWith } from '../servers/programs.ts';
import { type Ran, runShell } from '../support/built-cli.ts';
import { closedPort } from '../support/tcp-server.ts';
import { AcmeHost, startNames } from './acme-host.ts';

const HOST = 'mta-sts.example.com';
const URL = `https://${HOST}/.well-known/mta-sts.txt`;
const POLICY = 'version: STSv1\r\nmode: testing\r\nmx: mx1.example.net\r\nmax_age: 86400\r\n';

describeWith([...PEBBLE_PROGRAMS, 'curl', 'openssl'], 'a policy host with a certificate from pebble', () => {
  let pebble: Pebble;

  beforeAll(async () => {
    pebble = await startPebble();
  });
  afterAll(() => pebble.stop());

  test('gives curl and OpenSSL a policy that they can verify, and all others the end of the handshake', async () => {
    const port = await closedPort(createServer());
    const host = new AcmeHost(pebble, await startNames(), port);
    const root = join(host.folder.path, 'root.pem');
    const shell = (command: string): Promise<Ran> => runShell(command, { cwd: host.folder.path });
    const curl = (options: string, url = URL): Promise<Ran> =>
      shell(`curl -sS --cacert ${root} --connect-to '::127.0.0.1:${port}' ${options} '${url}'`);
    const openssl = (options: string): Promise<Ran> =>
      shell(`openssl s_client -connect 127.0.0.1:${port} -CAfile ${root} -verify_return_error ${options} </dev/null`);
    host.yaml();
    const daemon = host.folder.start();
    await daemon.run(2);

    for (const version of ['--tlsv1.3', '--tls-max 1.2'])
      expect(await curl(version)).toMatchObject({ code: 0, stdout: POLICY, stderr: '' });
    const told = await curl("-o /dev/null -w '%{http_version} %{http_code} %{content_type} %{ssl_verify_result}'");
    expect(told.stdout).toBe('1.1 200 text/plain 0');
    expect((await curl("-o /dev/null -w '%{http_code} %{size_download}'", `https://${HOST}/`)).stdout).toBe('404 0');

    for (const version of ['TLSv1.3', 'TLSv1.2']) {
      const option = version.toLowerCase().replace('v', '').replace('.', '_');
      const verified = await openssl(`-${option} -servername ${HOST} -verify_hostname ${HOST}`);
      expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining('Verify return code: 0 (ok)') });
      expect(verified.stdout).toContain(`New, ${version}, Cipher is`);
    }
    const refused = [
      ['-servername mta-sts.example.net', 'alert handshake failure'],
      ['-noservername', 'alert handshake failure'],
      [`-servername ${HOST} -tls1_1 -cipher ALL@SECLEVEL=0`, 'alert protocol version'],
      [`-servername ${HOST} -alpn h2`, 'alert no application protocol'],
    ] as const;
    for (const [options, alert] of refused) {
      const { code, stdout, stderr } = await openssl(options);
      expect([code, stderr]).toEqual([1, expect.stringContaining(alert)]);
      expect(stdout).toContain('no peer certificate available');
    }
    await daemon.stop();
  });
});
