/**
 * Signatures (RFC 8945), against clients and servers that nobody here wrote: what dig and nsupdate sign is signed by us to the same bytes, and
 * what the servers sign is verified. RFC 8945 has no test vectors.
 */
import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { TsigKey as Key } from '../../../providers/rfc2136/key.ts';
import { CLASSES, formatRecord, parseMessage, TYPES } from '../../../providers/rfc2136/message.ts';
import { signMessage, verifyAnswer, type Verdict } from '../../../providers/rfc2136/tsig.ts';
import { MalformedMessage, readName } from '../../../providers/rfc2136/wire-name.ts';
import { type RecordChange, txtSet } from '../../../src/core/record-set.ts';
import { tsigKey } from '../../servers/name-server.ts';
import { describeWith, findProgram } from '../../servers/programs.ts';
import { flavours, type Updatable } from '../../servers/updatable.ts';
import { tcpServer } from '../../support/lossy-tcp.ts';
import { keyOf, providerOf } from './rig.ts';

const { signal } = new AbortController();
const algorithms = ['hmac-sha1', 'hmac-sha224', 'hmac-sha256', 'hmac-sha384', 'hmac-sha512'] as const;

/** The first message that `program` sends to a server of ours, which never answers. */
async function firstMessage(program: string, args: (port: number) => readonly string[], input = ''): Promise<Buffer> {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  await using server = await tcpServer((socket) => {
    let received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) resolve(received.subarray(2));
    });
  });
  const child = execFile(findProgram(program) ?? program, [...args(server.port)], () => undefined);
  child.stdin?.end(input);
  const first = await promise;
  child.kill();
  await once(child, 'close');
  return first;
}

/** The message before it was signed, and when that was. */
function unsigned(message: Buffer): { readonly message: Buffer; readonly timeSeconds: number } {
  const tsig = parseMessage(message).additional.at(-1);
  if (tsig?.type !== TYPES.TSIG) throw new Error('not signed');
  const bare = Buffer.from(message.subarray(0, tsig.start));
  bare.writeUInt16BE(message.readUInt16BE(10) - 1, 10);
  const rdata = Buffer.from(tsig.rdata);
  return { message: bare, timeSeconds: rdata.readUIntBE(readName(rdata, 0).end, 6) };
}

describeWith(['dig', 'nsupdate'], 'a request is signed as others sign it', () => {
  it.each(algorithms)('dig, %s', async (algorithm) => {
    const key = tsigKey('Key.Example', algorithm);
    const theirs = await firstMessage('dig', (port) => [
      '@127.0.0.1',
      '-p',
      `${port}`,
      '+tcp',
      '+tries=1',
      '+time=5',
      '-y',
      `${algorithm}:${key.name}:${key.secret}`,
      '_mta-sts.example.com',
      'TXT',
    ]);
    const { message, timeSeconds } = unsigned(theirs);
    expect(signMessage(message, keyOf({ ...key, name: 'key.example' }), timeSeconds).bytes).toEqual(theirs);
  });

  it.each(algorithms)('nsupdate, %s', async (algorithm) => {
    const key = tsigKey('stsync', algorithm);
    const theirs = await firstMessage(
      'nsupdate',
      (port) => ['-v', '-p', `${port}`, '-y', `${algorithm}:stsync:${key.secret}`],
      'server 127.0.0.1\nzone example.com.\nprereq nxrrset a.example.com. TXT\nupdate add a.example.com. 60 TXT "x"\nsend\n',
    );
    const { message, timeSeconds } = unsigned(theirs);
    expect(signMessage(message, keyOf(key), timeSeconds).bytes).toEqual(theirs);
  });
});

for (const { name, programs, start } of flavours) {
  describeWith(programs, `answers of ${name} are verified, and its updates taken`, () => {
    const keys = algorithms.map((algorithm) => tsigKey(`key-${algorithm}`, algorithm));
    let server: Updatable;
    beforeAll(async () => {
      server = await start(['zone.test'], [], keys);
    });
    afterAll(() => server.stop());

    it.each(algorithms)('%s', async (algorithm) => {
      const provider = providerOf({ server }, keys.find((key) => key.algorithm === algorithm) ?? server.admin);
      const set = txtSet(`${algorithm}.zone.test`, 300, [algorithm]);
      const change: RecordChange = { ...set, before: null, after: set };
      await provider.apply([change], signal);
      expect(await provider.read([set], signal)).toEqual([set]);
      await provider.close();
    });
  });
}

interface AnswerOptions {
  readonly time?: number;
  readonly fudge?: number;
  readonly error?: number;
  readonly other?: Buffer;
  /** Bytes of the MAC that are sent. */
  readonly cut?: number;
  /** MAC of the request that is answered. */
  readonly request?: Buffer;
}

function number(value: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.writeUIntBE(value, 0, length);
  return bytes;
}

function ofType(type: number, rdata: Buffer): Buffer {
  return formatRecord({ name: 'stsync', type, class: CLASSES.ANY, ttlSeconds: 0, rdata });
}

/** A header with so many additional records. */
function headOf(count: number): Buffer {
  return Buffer.from(`00018400000000000000000${count}`, 'hex');
}

describe('an answer', () => {
  const key: Key = keyOf(tsigKey('stsync'));
  const requestMac = Buffer.alloc(32, 7);
  const now = 1_795_564_800;

  const head = Buffer.from('000184000000000000000000', 'hex');
  const name = Buffer.from(`06${Buffer.from('stsync').toString('hex')}00`, 'hex');
  const algorithm = Buffer.from(`0b${Buffer.from('hmac-sha256').toString('hex')}00`, 'hex');

  /** A NOERROR answer, signed as RFC 8945 §4.3 and §5.3.1 say, written down a second time. */
  function answer(options: AnswerOptions = {}): Buffer {
    const { time = now, fudge = 300, error = 0, other = Buffer.alloc(0), cut = 32, request = requestMac } = options;
    const times = Buffer.concat([number(time, 6), number(fudge, 2)]);
    const rest = Buffer.concat([number(error, 2), number(other.length, 2), other]);
    const any = Buffer.from('00ff00000000', 'hex');
    const mac = createHmac('sha256', Buffer.from(key.secret.reveal(), 'base64'))
      .update(Buffer.concat([number(32, 2), request, head, name, any, algorithm, times, rest]))
      .digest()
      .subarray(0, cut);
    const rdata = Buffer.concat([algorithm, times, number(cut, 2), mac, number(1, 2), rest]);
    const record = Buffer.concat([name, Buffer.from('00fa', 'hex'), any, number(rdata.length, 2), rdata]);
    const message = Buffer.concat([head, record]);
    message.writeUInt16BE(1, 10);
    return message;
  }

  function judge(bytes: Buffer): Verdict {
    return verifyAnswer(bytes, parseMessage(bytes), key, requestMac, now);
  }

  it('that is rightly signed within the time is believed', () => {
    const signed = { kind: 'signed', error: 0, aheadSeconds: null };
    expect(judge(answer())).toEqual(signed);
    expect(judge(answer({ time: now - 300 }))).toEqual(signed);
    expect(judge(answer({ time: now + 300 }))).toEqual(signed);
  });

  it('of another time is late, whatever window it claims', () => {
    expect(judge(answer({ time: now + 301 }))).toEqual({ kind: 'late', aheadSeconds: 301 });
    expect(judge(answer({ time: now - 301, fudge: 65_535 }))).toEqual({ kind: 'late', aheadSeconds: -301 });
    expect(judge(answer({ time: now - 11, fudge: 10 }))).toEqual({ kind: 'late', aheadSeconds: -11 });
  });

  it('that says BADTIME has the clock of the server in it', () => {
    expect(judge(answer({ error: 18, other: number(now + 4000, 6) }))).toEqual({
      kind: 'signed',
      error: 18,
      aheadSeconds: 4000,
    });
  });

  it('to another request, or with a MAC cut short, is forged', () => {
    const forged = { kind: 'forged', reason: 'its signature does not fit' };
    expect(judge(answer({ request: Buffer.alloc(32, 8) }))).toEqual(forged);
    expect(judge(answer({ cut: 16 }))).toEqual(forged);
    expect(judge(signMessage(head, key, now).bytes)).toEqual(forged);
  });

  it('with any byte changed is not believed', () => {
    const good = answer();
    // The id on the wire may be another one: the original id is what is signed (RFC 8945 §5.3). Capitals in names say the same.
    const isSame = (byte: number, at: number): boolean =>
      at < 2 || (/[a-z]/i.test(String.fromCharCode(byte)) && at < good.length - 40);
    for (const [at, byte] of good.entries()) {
      const bad = Buffer.from(good);
      bad[at] = byte ^ 0x20;
      if (isSame(byte, at)) continue;
      let verdict = 'malformed';
      try {
        verdict = judge(bad).kind;
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedMessage);
      }
      expect([at, verdict]).not.toEqual([at, 'signed']);
    }
  });

  it('without a TSIG record proves nothing, nor does one with an empty MAC', () => {
    expect(judge(head)).toEqual({ kind: 'unsigned', error: null });
    const rdata = Buffer.concat([
      Buffer.from('0b686d61632d73686132353600', 'hex'),
      Buffer.alloc(10),
      Buffer.from('000000110000', 'hex'),
    ]);
    expect(judge(Buffer.concat([Buffer.from('000184090000000000000001', 'hex'), ofType(TYPES.TSIG, rdata)]))).toEqual({
      kind: 'unsigned',
      error: 17,
    });
  });

  it('with a TSIG record that is none, or not at the end, is malformed', () => {
    const tsig = ofType(TYPES.TSIG, Buffer.from([0]));
    expect(() => judge(Buffer.concat([headOf(1), tsig]))).toThrow('wrong length');
    expect(() => judge(Buffer.concat([headOf(2), tsig, ofType(1, Buffer.alloc(4))]))).toThrow('not alone');
    expect(() => judge(Buffer.concat([headOf(2), tsig, tsig]))).toThrow('not alone');
  });
});
