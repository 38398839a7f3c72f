/** Messages, names and data on the wire: against dns-packet as an oracle, and with any bytes at all. */
import { decode, encode } from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  CLASSES,
  formatQuery,
  formatUpdate,
  type OutRecord,
  parseMessage,
  TYPES,
} from '../../../providers/rfc2136/message.ts';
import { planUpdate } from '../../../providers/rfc2136/plan-update.ts';
import { decodeRdata, encodeRdata } from '../../../providers/rfc2136/rdata.ts';
import { encodeName, formatName, MalformedMessage, parseName, readName } from '../../../providers/rfc2136/wire-name.ts';
import { parseServerAddress } from '../../../providers/rfc2136/server.ts';
import { openSession } from '../../../providers/rfc2136/session.ts';
import { type RecordType, txtSet } from '../../../src/core/record-set.ts';
import { Secret } from '../../../src/core/secret.ts';
import { formatTxt } from '../../../src/core/txt.ts';
import { runs } from '../../property-runs.ts';

const bytes = (max: number) =>
  fc.uint8Array({ minLength: 1, maxLength: max }).map((array) => Buffer.from(array).toString('latin1'));

/** Reads the name at byte 2. */
function read(...values: readonly number[]): () => unknown {
  return () => readName(Buffer.from(values), 2);
}

function show({ type, class: one, ttlSeconds, rdata }: OutRecord): string {
  return `${type} ${one} ${ttlSeconds} ${Buffer.from(rdata).toString('latin1')}`;
}

describe('names', () => {
  it('come back as they were, whatever bytes their labels have', () => {
    fc.assert(
      fc.property(fc.array(bytes(20), { maxLength: 8 }), (labels) => {
        expect(parseName(formatName(labels))).toEqual(labels);
        const wire = encodeName(labels);
        expect(readName(wire, 0)).toEqual({ labels, end: wire.length });
      }),
      runs(200),
    );
  });

  it.each(['', '..', 'a..b', '.a', 'a'.repeat(64), `${'a'.repeat(60)}.`.repeat(5), '\\300', 'a\\', 'ü€'])(
    'are not %j',
    (text) => {
      expect(parseName(text)).toBeNull();
    },
  );

  it('are followed backwards only', () => {
    expect(read(1, 97, 0xc0, 2)).toThrow('forwards');
    expect(read(1, 97, 0xc0, 9)).toThrow('forwards');
    expect(read(0xc0, 2, 0xc0, 0)).toThrow('forwards');
    expect(read(1, 97, 3, 97)).toThrow('over the end');
    expect(read(1, 97, 0x80, 97)).toThrow('unknown type');
    expect(readName(Buffer.from([1, 97, 0, 1, 98, 0xc0, 0]), 3)).toEqual({ labels: ['b', 'a'], end: 7 });
  });
});

describe('data', () => {
  it.each<[RecordType, string]>([
    ['TXT', '"a" "b\\"\\\\;" "\\000\\255"'],
    ['TXT', '""'],
    ['CNAME', 'policies.example.net.'],
    ['CNAME', '.'],
    ['CNAME', 'a\\.b.example.'],
    ['A', '192.0.2.255'],
    ['AAAA', '2001:db8::1'],
    ['AAAA', '::'],
    ['AAAA', '::ffff:c000:201'],
    ['AAAA', '1:2:3:4:5:6:7:8'],
  ])('%s comes back as it was: %s', (type, text) => {
    const wire = encodeRdata(type, text);
    expect(wire === null ? null : decodeRdata(type, wire)).toBe(text);
  });

  it.each<[RecordType, string]>([
    ['TXT', '"open'],
    ['TXT', ''],
    ['TXT', formatTxt(Array.from({ length: 257 }, () => 'x'.repeat(255)))],
    ['CNAME', 'relative.example'],
    ['CNAME', 'a..b.'],
    ['A', '192.0.2.256'],
    ['AAAA', '2001:db8::g'],
    ['MX', '10 mx.example.com.'],
  ])('that is none, or not to be written, is refused: %s %.40s', (type, text) => {
    expect(encodeRdata(type, text)).toBeNull();
    const set = { name: 'a.example', type, ttlSeconds: 1, rdata: [text] };
    const plan = (): unknown =>
      planUpdate([{ ...set, before: null, after: set }], { live: new Map(), types: new Map() });
    expect(plan).toThrow(expect.objectContaining({ code: 'PROVIDER_REFUSED' }));
  });

  it('of any bytes is text or no data', () => {
    fc.assert(
      fc.property(fc.constantFrom<RecordType>('TXT', 'CNAME', 'A', 'AAAA', 'MX'), fc.uint8Array(), (type, array) => {
        try {
          expect(decodeRdata(type, array).length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessage);
        }
      }),
      runs(200),
    );
  });
});

describe('messages', () => {
  it('are questions as dns-packet writes them', () => {
    const query = formatQuery(4711, { name: '_mta-sts.example.com', type: TYPES.TXT });
    expect(query).toEqual(
      encode({ type: 'query', id: 4711, questions: [{ name: '_mta-sts.example.com', type: 'TXT' }] }),
    );
  });

  it('are read as dns-packet reads them, compressed names too', () => {
    const answer = encode({
      type: 'response',
      id: 7,
      flags: 1 << 10,
      questions: [{ name: 'a.Example.com', type: 'CNAME' }],
      answers: [{ name: 'a.Example.com', type: 'CNAME', ttl: 60, data: 'b.example.com' }],
    });
    const message = parseMessage(answer);
    expect(message).toMatchObject({ id: 7, isAnswer: true, isAuthoritative: true, rcode: 'NOERROR' });
    expect(message.question).toEqual({ name: 'a.example.com', type: TYPES.CNAME });
    expect(
      message.answers.map(({ name, ttlSeconds, rdata }) => [name, ttlSeconds, decodeRdata('CNAME', rdata)]),
    ).toEqual([['a.example.com', 60, 'b.example.com.']]);
  });

  it('are updates in the order of RFC 2136 §2', () => {
    const record = { name: 'a.example', type: TYPES.TXT, class: CLASSES.NONE, ttlSeconds: 0, rdata: Buffer.alloc(0) };
    const message = formatUpdate(1, 'example', [record], [record, { ...record, class: CLASSES.ANY }]);
    expect(decode(message)).toMatchObject({ opcode: 'UPDATE', questions: [{ name: 'example', type: 'SOA' }] });
    const { answers, authority } = parseMessage(message);
    expect([answers, authority].map((section) => section.map((one) => one.class))).toEqual([[254], [254, 255]]);
  });

  it('of any bytes are messages or malformed, and end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (array, isLikely) => {
        // Small counts get further than chance would.
        if (isLikely) for (const at of [4, 6, 8, 10]) array.fill(0, at, at + 1);
        try {
          parseMessage(array);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedMessage);
        }
      }),
      runs(200),
    );
  });
});

it('an update takes away and adds in one message, with what was read as its condition', () => {
  const [before, after] = [
    txtSet('_mta-sts.example.com', 300, ['old']),
    txtSet('_mta-sts.example.com', 60, ['new', 'x']),
  ];
  const wire = [Buffer.from('\x03OLD')];
  const live = new Map([['_mta-sts.example.com TXT', { set: before, wire }]]);
  const update = planUpdate([{ ...after, before, after }], { live, types: new Map() });
  // The condition is byte for byte what the server has.
  expect(update?.prerequisites.map(show)).toEqual(['16 1 0 \x03OLD', '5 254 0 ']);
  expect(update?.updates.map(show)).toEqual(['16 255 0 ', '16 1 60 \x03new', '16 1 60 \x01x']);
});

it('an update that does not fit into one message is refused before it is sent', async () => {
  let sent = 0;
  const key = { name: 'k', algorithm: 'hmac-sha256', secret: new Secret('c2VjcmV0') } as const;
  const exchange = async (): Promise<readonly Buffer[]> => {
    sent++;
    return [];
  };
  const options = { server: parseServerAddress('127.0.0.1'), key, now: () => new Date(0) };
  const session = openSession(options, { newIds: () => [1], exchange });
  const record = { name: 'a.example', type: TYPES.TXT, class: CLASSES.IN, ttlSeconds: 0, rdata: Buffer.alloc(30_000) };
  const update = session.update('example', [], [record, record, record], new AbortController().signal);
  await expect(update).rejects.toMatchObject({ code: 'PROVIDER_REFUSED', where: 'example' });
  expect(sent).toBe(0);
});
