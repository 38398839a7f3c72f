/**
 * pebble, the ACME server of Let's Encrypt for tests, with pebble-challtestsrv as its DNS. Recipe: STACK-servers section 5, STACK-web section 2.
 * Names lead to 127.0.0.1; the challenge servers are ours, at `httpPort` and `tlsPort`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { join } from 'node:path';

import { type Certificate, makeCa } from '../support/ca.ts';
import { removeDirectory, type RunningServer, serverDirectory, spawnServer, withFreshPorts } from './run.ts';

export const PEBBLE_PROGRAMS = ['pebble', 'pebble-challtestsrv', 'openssl'];

/** Challenge servers of its own: the tests have theirs. */
const OFF = ['-http01', '', '-https01', '', '-tlsalpn01', ''];

export interface PebbleOptions {
  /** Of 100 good nonces so many are rejected; 5 unless said. */
  readonly rejectedNonces?: number;
  /** Of 100 authorizations so many are used again; 0 unless said. */
  readonly reusedAuthorizations?: number;
  /** Key ids with their HMAC keys, base64url: accounts need one of them. */
  readonly externalAccounts?: Readonly<Record<string, string>>;
  /** Of certificates; five years unless said. */
  readonly lifeSeconds?: number;
}

export interface Pebble extends AsyncDisposable {
  readonly directoryUrl: string;
  /** Whom the API is certified by: for `loadTrust`. */
  readonly caFile: string;
  /** Where it looks for http-01 and tls-alpn-01. */
  readonly httpPort: number;
  readonly tlsPort: number;
  /** The root that it issues from, new at every start, PEM. */
  readonly root: string;
  /** The DNS server that it asks: `127.0.0.1:PORT`. */
  readonly dnsAddress: string;
  /** To end it before its time, or to let it play dead. */
  readonly server: RunningServer;
  setTxt(name: string, value: string): Promise<void>;
  clearTxt(name: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startPebble(options: PebbleOptions = {}): Promise<Pebble> {
  const ca = makeCa();
  try {
    const certificate = ca.issue({ names: ['localhost'] });
    const running = await withFreshPorts(6, (ports) => startAt(ports, options, certificate, ca.file));
    const stop = async (): Promise<void> => {
      await running.stop();
      await ca[Symbol.asyncDispose]();
    };
    return { ...running, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await ca[Symbol.asyncDispose]();
    throw error;
  }
}

async function startAt(
  [api = 0, management = 0, dns = 0, dnsManagement = 0, httpPort = 0, tlsPort = 0]: readonly number[],
  options: PebbleOptions,
  certificate: Certificate,
  caFile: string,
): Promise<Omit<Pebble, typeof Symbol.asyncDispose>> {
  const dir = serverDirectory();
  const { rejectedNonces = 5, reusedAuthorizations = 0, externalAccounts, lifeSeconds } = options;
  const settings = {
    listenAddress: `127.0.0.1:${api}`,
    managementListenAddress: `127.0.0.1:${management}`,
    certificate: join(dir, 'api.pem'),
    privateKey: join(dir, 'api.key'),
    httpPort,
    tlsPort,
    ocspResponderURL: '',
    externalAccountBindingRequired: externalAccounts !== undefined,
    ...(externalAccounts === undefined ? {} : { externalAccountMACKeys: externalAccounts }),
    ...(lifeSeconds === undefined ? {} : { certificateValidityPeriod: lifeSeconds }),
  };
  writeFileSync(settings.certificate, certificate.cert);
  writeFileSync(settings.privateKey, certificate.key);
  writeFileSync(join(dir, 'pebble.json'), JSON.stringify({ pebble: settings }));
  const caPem = readFileSync(caFile, 'utf8');
  const dnsAddress = `127.0.0.1:${dns}`;
  const post = (path: string, body: object): Promise<string> =>
    ask(`http://127.0.0.1:${dnsManagement}${path}`, null, body);
  const names = await spawnServer({
    command: 'pebble-challtestsrv',
    args: ['-management', `127.0.0.1:${dnsManagement}`, '-dns01', dnsAddress, ...OFF, '-defaultIPv6', ''],
    dir,
    name: 'pebble-challtestsrv',
    ready: async () => (await post('/clear-txt', { host: 'ready.test.' })) === '',
  });
  const directoryUrl = `https://localhost:${api}/dir`;
  try {
    const server = await spawnServer({
      command: 'pebble',
      args: ['-strict=false', '-config', join(dir, 'pebble.json'), '-dnsserver', dnsAddress],
      env: {
        PEBBLE_VA_NOSLEEP: '1',
        PEBBLE_WFE_NONCEREJECT: String(rejectedNonces),
        PEBBLE_AUTHZREUSE: String(reusedAuthorizations),
      },
      dir,
      name: 'pebble',
      ready: async () => (await ask(directoryUrl, caPem, null)).includes('newNonce'),
    });
    const stop = async (): Promise<void> => {
      await Promise.all([server.stop(), names.stop()]);
      removeDirectory(dir);
    };
    return {
      directoryUrl,
      caFile,
      httpPort,
      tlsPort,
      root: await ask(`https://localhost:${management}/roots/0`, caPem, null),
      dnsAddress,
      server,
      setTxt: async (name, value) => void (await post('/set-txt', { host: `${name}.`, value })),
      clearTxt: async (name) => void (await post('/clear-txt', { host: `${name}.` })),
      stop,
    };
  } catch (error) {
    await names.stop();
    throw error;
  }
}

/** The body of an answer with status 200. */
async function ask(url: string, caPem: string | null, body: object | null): Promise<string> {
  const method = body === null ? 'GET' : 'POST';
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked = caPem === null ? request(url, { method }) : secureRequest(url, { method, ca: caPem });
    asked.on('response', resolve).on('error', reject);
    asked.end(body === null ? undefined : JSON.stringify(body));
  });
  const text = Buffer.concat(await answer.toArray()).toString('utf8');
  if (answer.statusCode !== 200) throw new Error(`${url} answered ${answer.statusCode}: ${text}`);
  return text;
}
