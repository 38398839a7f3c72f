/** The policy host as strangers meet it: a listener on loopback, and clients with real TLS. */
import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { connect as connectPlain, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { onTestFinished, vi } from 'vitest';
import { certificateDirectory, type CertificateSource } from '../../src/effects/certificate-directory.ts';
import { systemClock } from '../../src/effects/clock.ts';
import type { HostLimits } from '../../src/effects/host-limits.ts';
import { openPolicyListener } from '../../src/effects/policy-listener.ts';
import type { UploadSlot } from '../../src/effects/reports/upload-door.ts';
import { answerPolicy } from '../../src/services/policy-host/answer-policy.ts';
import type { Ca } from '../support/ca.ts';
import { tempDirectory } from './temp-directory.ts';

export const HOST = 'mta-sts.example.test';
export const OTHER = 'mta-sts.other.test';
export const BODY = 'version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n';
export const PATH = '/.well-known/mta-sts.txt';
/** What is waited for comes at once, but other test files share the machine. */
export const PATIENCE = { timeout: 20_000, interval: 10 };

export interface HostOptions extends Partial<HostLimits> {
  readonly isPlain?: boolean;
  readonly cached?: number;
  readonly challenges?: CertificateSource;
  readonly proxyProtocol?: { readonly from: readonly string[] };
  /** No certificate for anybody. */
  readonly isNew?: boolean;
  readonly uploads?: UploadSlot;
}

export class PolicyHost {
  readonly directory = tempDirectory();
  readonly bodies = new Map([
    [HOST, BODY],
    [OTHER, 'another'],
  ]);
  readonly troubles: string[] = [];
  readonly failures: string[] = [];
  /** Of each failure, from where. */
  readonly peers: string[] = [];
  readonly #ca: Pick<Ca, 'issue'>;
  readonly #listener;

  constructor(
    ca: Pick<Ca, 'issue'>,
    { isPlain = false, cached, isNew = false, challenges, proxyProtocol, uploads, ...limits }: HostOptions = {},
  ) {
    this.#ca = ca;
    if (!isNew) [HOST, OTHER].forEach((host) => this.certify(host));
    const onTrouble = ({ code, message }: Error & { code: string }): void =>
      void this.troubles.push(`${code} ${message}`);
    const directories = (): readonly string[] => [this.directory];
    this.#listener = openPolicyListener({
      listen: '127.0.0.1:0',
      certificates: isPlain
        ? null
        : certificateDirectory({ directories, onTrouble, ...(cached === undefined ? {} : { cached }) }),
      answer: (request) => answerPolicy(request, (host) => this.bodies.get(host) ?? null),
      clock: systemClock,
      onTrouble,
      onHandshakeFailure: (reason, peer) => {
        this.failures.push(reason);
        this.peers.push(peer);
      },
      ...(challenges && { challenges }),
      ...(uploads && { uploads }),
      ...(proxyProtocol && { proxyProtocol }),
      limits: { checkMs: 20, ...limits },
    });
    onTestFinished(() => this.#listener.close());
  }

  /** Puts a certificate there, as `HOST.pem` and `HOST.key`. Each call another one. */
  certify(host: string, names: readonly string[] = [host], toDays = 20): void {
    const { cert, key } = this.#ca.issue({ names, toDays });
    writeFileSync(join(this.directory, `${host}.pem.new`), cert);
    writeFileSync(join(this.directory, `${host}.key.new`), key);
    renameSync(join(this.directory, `${host}.pem.new`), join(this.directory, `${host}.pem`));
    renameSync(join(this.directory, `${host}.key.new`), join(this.directory, `${host}.key`));
  }

  close(): Promise<void> {
    return this.#listener.close();
  }

  async port(): Promise<number> {
    return vi.waitFor(() => {
      const port = this.#listener.port();
      if (port === null) throw new Error('not listening');
      return port;
    }, PATIENCE);
  }

  async tls(options: ConnectionOptions = {}): Promise<TLSSocket> {
    const port = await this.port();
    const socket = connect({ host: '127.0.0.1', port, servername: HOST, rejectUnauthorized: false, ...options });
    onTestFinished(() => void socket.destroy());
    await once(socket, 'secureConnect');
    return socket;
  }

  async plain(localAddress = '127.0.0.1'): Promise<Socket> {
    const socket = connectPlain({ host: '127.0.0.1', port: await this.port(), localAddress });
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  }

  /** Sends what is given and reads to the end. */
  async say(text: string, options: ConnectionOptions = {}): Promise<string> {
    const socket = await this.tls(options);
    socket.write(text);
    return wholeOf(socket);
  }

  /** Why there is no handshake: OpenSSL's reason. */
  async refusal(options: ConnectionOptions): Promise<string> {
    return this.tls(options).then(
      () => 'connected',
      (error: Error & { code?: string }) => error.code ?? error.message,
    );
  }

  /** The serial of the certificate that clients get for the name. */
  async serial(servername = HOST): Promise<string> {
    const socket = await this.tls({ servername });
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  }
}

/** All that comes until the other side ends, in whatever way. */
export async function wholeOf(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1'))).on('error', () => undefined);
  if (!socket.closed) await once(socket, 'close').catch(() => undefined);
  return text;
}

export function get(path = PATH, host = HOST, method = 'GET'): string {
  return `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
}

export function statusOf(answer: string): string {
  return answer.split('\r\n')[0] ?? '';
}
