/** TLS reports by LMTP and SMTP as mail servers hand them over: nodemailer, and raw sockets for what it would not do. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';

import { createTransport } from 'nodemailer';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';

import { systemClock } from '../../../src/effects/clock.ts';
import type { Listening } from '../../../src/effects/keep-listening.ts';
import { type MailAnswer, openMailListener } from '../../../src/effects/reports/mail-listener.ts';
import { tempDirectory } from '../temp-directory.ts';

const PATIENCE = { timeout: 20_000, interval: 10 };
const MEBIBYTE = 1024 * 1024;

let taken: (string | null)[];
let answer: MailAnswer;
let troubles: string[];
beforeEach(() => {
  [taken, answer, troubles] = [[], { status: 250, text: 'stored' }, []];
});

function open(listen: string, protocol: 'lmtp' | 'smtp' = 'lmtp'): Listening {
  const listening = openMailListener({
    listen,
    protocol,
    isOurs: (address) => address.startsWith('tls@'),
    take: async (bytes) => {
      taken.push(bytes === null ? null : Buffer.from(bytes).toString('latin1'));
      return answer;
    },
    clock: systemClock,
    onTrouble: ({ code, message }) => void troubles.push(`${code} ${message}`),
    onBroken: () => undefined,
  });
  onTestFinished(() => listening.stop());
  return listening;
}

async function portOf(listening: Listening): Promise<number> {
  return vi.waitFor(() => {
    const port = listening.port();
    if (port === null) throw new Error('not listening');
    return port;
  }, PATIENCE);
}

/** A client that says line by line what it is given, each after the answer to the one before. */
class Client {
  readonly #socket: Socket;
  text = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => (this.text += chunk.toString())).on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
  }

  static async to(where: number | string): Promise<Client> {
    const client = new Client(typeof where === 'number' ? connect(where, '127.0.0.1') : connect(where));
    await client.heard(/^220 /m);
    return client;
  }

  async say(text: string, wanted: RegExp = /^\d{3} .*\r\n$/m): Promise<string> {
    this.text = '';
    this.#socket.write(text);
    return this.heard(wanted);
  }

  async heard(wanted: RegExp): Promise<string> {
    return vi.waitFor(() => {
      if (!wanted.test(this.text)) throw new Error(this.text);
      return this.text;
    }, PATIENCE);
  }

  async toData(...recipients: readonly string[]): Promise<void> {
    await this.say('LHLO me\r\n');
    await this.say('MAIL FROM:<a@sender.example>\r\n');
    for (const one of recipients) await this.say(`RCPT TO:<${one}>\r\n`);
    await this.say('DATA\r\n', /^354 /m);
  }

  leaveWith(text: string): void {
    this.#socket.write(text, () => this.#socket.destroy());
  }
}

describe('the LMTP listener', () => {
  test('says its limit, and that it takes neither passwords nor TLS', async () => {
    const client = await Client.to(await portOf(open('127.0.0.1:0')));
    const answered = await client.say('LHLO me\r\n');
    expect(answered).toContain(`SIZE ${25 * MEBIBYTE}`);
    expect(answered).toMatch(/PIPELINING[^]*ENHANCEDSTATUSCODES/);
    expect(answered).not.toMatch(/STARTTLS|AUTH/);
  });

  test('answers for each recipient that it took, after the one mail was taken in once', async () => {
    const client = await Client.to(await portOf(open('127.0.0.1:0')));
    await client.say('LHLO me\r\n');
    await client.say('MAIL FROM:<>\r\n');
    expect(await client.say('RCPT TO:<tls@example.com>\r\n')).toContain('250 ');
    expect(await client.say('RCPT TO:<nobody@example.com>\r\n')).toContain('550 5.1.1 ');
    expect(await client.say('RCPT TO:<tls@example.org>\r\n')).toContain('250 ');
    await client.say('DATA\r\n');
    const answered = await client.say('Subject: a\r\n\r\n..b\r\n.\r\n', /(?:250[^\r]*\r\n){2}/);
    expect(answered).toBe('250 2.6.0 stored\r\n250 2.6.0 stored\r\n');
    expect(taken).toEqual(['Subject: a\r\n\r\n.b\r\n']);
  });

  test('asks for the mail again, for each recipient, when it cannot be settled now', async () => {
    answer = { status: 451, text: 'try again' };
    const client = await Client.to(await portOf(open('127.0.0.1:0')));
    await client.toData('tls@example.com', 'tls@example.org');
    expect(await client.say('a\r\n.\r\n', /(?:451[^\r]*\r\n){2}/)).toBe('451 4.3.0 try again\r\n'.repeat(2));
  });

  test('ends a mail at CRLF dot CRLF alone', async () => {
    const client = await Client.to(await portOf(open('127.0.0.1:0')));
    await client.toData('tls@example.com');
    await client.say('a\n.\nMAIL FROM:<b@example.com>\r\n.\r\n');
    expect(taken).toEqual(['a\n.\nMAIL FROM:<b@example.com>\r\n']);
  });

  test('refuses a mail that is announced as too large, and one that is too large after all, of which it holds nothing', async () => {
    const port = await portOf(open('127.0.0.1:0'));
    const client = await Client.to(port);
    await client.say('LHLO me\r\n');
    expect(await client.say(`MAIL FROM:<a@b.example> SIZE=${26 * MEBIBYTE}\r\n`)).toContain('552 5.3.4');
    const quiet = await Client.to(port);
    await quiet.toData('tls@example.com');
    const line = `${'x'.repeat(998)}\r\n`;
    expect(await quiet.say(`${line.repeat(27 * 1049)}.\r\n`, /^\d{3} /m)).toContain('552 ');
    expect(taken).toEqual([null]);
  });

  test('takes from nodemailer, by SMTP too', async () => {
    for (const protocol of ['lmtp', 'smtp'] as const) {
      const port = await portOf(open('127.0.0.1:0', protocol));
      const transport = createTransport({ host: '127.0.0.1', port, lmtp: protocol === 'lmtp', secure: false });
      const envelope = { from: 'a@sender.example', to: ['tls@example.com'] };
      const { response } = await transport.sendMail({ envelope, raw: 'Subject: a\r\n\r\nb\r\n' });
      expect(response).toBe('250 2.6.0 stored');
      transport.close();
    }
    expect(taken).toHaveLength(2);
  });

  test('takes no mail of a client that goes away within it, and goes on', async () => {
    const port = await portOf(open('127.0.0.1:0'));
    const gone = await Client.to(port);
    await gone.toData('tls@example.com');
    gone.leaveWith('Subject: half');
    const client = await Client.to(port);
    await client.toData('tls@example.com');
    await client.say('whole\r\n.\r\n');
    expect(taken).toEqual(['whole\r\n']);
  });
});

describe('a socket of the LMTP listener', () => {
  test('is for its user and group alone, and goes with it', async () => {
    const path = join(tempDirectory(), 'lmtp.sock');
    const listening = open(path);
    await Client.to(path);
    expect(statSync(path).mode & 0o777).toBe(0o660);
    await listening.stop();
    expect(existsSync(path)).toBe(false);
  });

  test('takes the place of one that a killed process left', async () => {
    const path = join(tempDirectory(), 'lmtp.sock');
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script]);
    expect(statSync(path).mode & 0o777).not.toBe(0o660);
    open(path);
    await vi.waitFor(() => expect(statSync(path).mode & 0o777).toBe(0o660), PATIENCE);
    await Client.to(path);
    expect(troubles).toEqual([]);
  });

  test('waits while another process answers there, and comes when that is gone', async () => {
    const path = join(tempDirectory(), 'lmtp.sock');
    const other = createServer((socket) => socket.end()).listen(path);
    await once(other, 'listening');
    open(path);
    await vi.waitFor(() => expect(troubles).toEqual([expect.stringContaining('another program has it')]), PATIENCE);
    other.close();
    await vi.waitFor(() => expect(existsSync(path)).toBe(true), PATIENCE);
    await Client.to(path);
  });

  test('never takes the place of a file that is no socket', async () => {
    const path = join(tempDirectory(), 'lmtp.sock');
    writeFileSync(path, 'mine');
    open(path);
    await vi.waitFor(() => expect(troubles).toHaveLength(1), PATIENCE);
    expect(statSync(path).isFile()).toBe(true);
  });
});
