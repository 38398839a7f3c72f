/** Reading DNS messages: every type in its presentation form, every byte of a name kept, and no bytes that throw. */
import { encode, type Answer } from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseTxt } from '../../../src/core/txt.ts';
import { decodeMessage, type Message } from '../../../src/effects/dns/decode-message.ts';
import { runs } from '../../property-runs.ts';
import { dnsPacketAnswer } from '../../support/dns-answer.ts';

const HEAD = [0x12, 0x34, 0x84, 0, 0, 1, 0, 1, 0, 0, 0, 0];
/** `a`, TXT, IN. */
const QUESTION = [1, 97, 0, 0, 16, 0, 1];

function message(bytes: Uint8Array): Message {
  const decoded = decodeMessage(Buffer.from(bytes));
  if (decoded.kind === 'malformed') throw new Error(decoded.reason);
  return decoded.message;
}

function reasonOf(bytes: readonly number[]): string {
  const decoded = decodeMessage(Buffer.from(bytes));
  return decoded.kind === 'malformed' ? decoded.reason : 'a message';
}

/** A record with the name of the question, as bytes. */
function record(type: number, rdata: readonly number[], name: readonly number[] = [0xc0, 12]): readonly number[] {
  return [...name, type >> 8, type & 0xff, 0, 1, 0, 0, 0, 60, rdata.length >> 8, rdata.length & 0xff, ...rdata];
}

function answered(answers: readonly Answer[]): Message {
  return message(encode({ type: 'response', questions: [{ name: 'a', type: 'TXT' }], answers: [...answers] }));
}

describe('rdata', () => {
  it.each([
    ['A', '192.0.2.1'],
    ['AAAA', '2001:db8::1'],
    ['NS', 'ns1.example.net.'],
    ['CNAME', 'target.example.net.'],
    ['PTR', 'host.example.net.'],
    ['MX', '10 mx1.example.com.'],
    ['MX', '0 .'],
    ['TXT', '"v=STSv1; id=1" "more"'],
    ['TXT', '""'],
    ['TXT', '"\\"quotes\\" \\\\ \\000\\255"'],
    ['SOA', 'ns.example.com. hostmaster.example.com. 4294967295 3600 600 604800 60'],
    ['CAA', '128 issue "ca.example.net; account=1"'],
    ['TLSA', '3 1 1 0123456789ABCDEF'],
    ['DS', '12345 13 2 0123456789ABCDEF'],
  ] as const)('of %s is read as %s', (type, rdata) => {
    const { answers } = answered([dnsPacketAnswer({ name: 'a', type, ttlSeconds: 5, rdata })]);
    expect(answers).toEqual([{ name: 'a', type, ttlSeconds: 5, rdata }]);
  });

  it('of DNSKEY has its key in Base64', () => {
    const { answers } = answered([
      { name: 'a', type: 'DNSKEY', ttl: 5, data: { flags: 257, algorithm: 13, key: Buffer.from('key') } },
    ]);
    expect(answers[0]?.rdata).toBe('257 3 13 a2V5');
  });

  it('of another type or class is skipped', () => {
    const { answers } = answered([
      { name: 'a', type: 'HINFO', data: { cpu: 'x', os: 'y' } },
      { name: 'a', type: 'TXT', class: 'CH', data: 'chaos' },
    ]);
    expect(answers).toEqual([]);
  });

  it('with a TTL over 31 bits has TTL 0 (RFC 2181 §8)', () => {
    const { answers } = answered([{ name: 'a', type: 'A', ttl: 0x80000000, data: '192.0.2.1' }]);
    expect(answers[0]?.ttlSeconds).toBe(0);
  });
});

describe('names', () => {
  it.each([
    ['upper case', [3, 65, 66, 67, 0], 'abc'],
    ['a dot inside a label', [3, 97, 46, 98, 1, 99, 0], 'a\\.b.c'],
    ['a byte over 127', [2, 0xc3, 0xfc, 0], '\\195\\252'],
    ['a space and a backslash', [2, 32, 92, 0], '\\032\\\\'],
    ['an underscore, a hyphen, a star, a slash', [4, 95, 45, 42, 47, 0], '_-*/'],
    ['the root', [0], ''],
  ] as const)('with %s are read', (_title, name, text) => {
    expect(message(Buffer.from([...HEAD, ...QUESTION, ...record(5, [0], name)])).answers[0]?.name).toBe(text);
  });
});

describe('what is not a message', () => {
  const long = Array.from({ length: 5 }, () => [50, ...Array.from({ length: 50 }, () => 97)]).flat();
  it.each([
    ['nothing', [], /ends/],
    ['half a header', HEAD.slice(0, 7), /ends/],
    ['no question where one is announced', HEAD, /ends inside a name/],
    ['a pointer to itself', [...HEAD, ...QUESTION, ...record(1, [1, 2, 3, 4], [0xc0, 19])], /itself or ahead/],
    ['a pointer ahead', [...HEAD, ...QUESTION, ...record(1, [1, 2, 3, 4], [0xc0, 30])], /itself or ahead/],
    [
      'two pointers in a circle',
      [...HEAD, ...QUESTION, ...record(5, [0xc0, 31], [1, 97, 0xc0, 19])],
      /itself or ahead/,
    ],
    ['a label type that does not exist', [...HEAD, ...QUESTION, ...record(1, [1, 2, 3, 4], [0x40, 0])], /label/],
    ['a name of 256 octets', [...HEAD, ...QUESTION, ...record(1, [1, 2, 3, 4], [...long, 0])], /255/],
    ['an address of three bytes', [...HEAD, ...QUESTION, ...record(1, [1, 2, 3])], /address of 3/],
    [
      'an address of 17 bytes',
      [
        ...HEAD,
        ...QUESTION,
        ...record(
          28,
          Array.from({ length: 17 }, () => 0),
        ),
      ],
      /address of 17/,
    ],
    ['TXT without a string', [...HEAD, ...QUESTION, ...record(16, [])], /ends/],
    ['TXT whose string is longer than its data', [...HEAD, ...QUESTION, ...record(16, [9, 97])], /ends/],
    ['a name that leaves its data', [...HEAD, ...QUESTION, ...record(5, [3, 97, 98]), 99, 0], /ends/],
    ['bytes behind the name of a CNAME', [...HEAD, ...QUESTION, ...record(5, [0, 1])], /longer/],
    ['bytes behind the message', [...HEAD, ...QUESTION, ...record(1, [1, 2, 3, 4]), 0], /1 bytes behind/],
    ['an update', [0, 0, 0xa8, 0, 0, 0, 0, 0, 0, 0, 0, 0], /not a query/],
    ['two questions', [0, 0, 0x84, 0, 0, 2, 0, 0, 0, 0, 0, 0, ...QUESTION, ...QUESTION], /2 questions/],
  ] as const)('%s gives the reason', (_title, bytes, reason) => {
    expect(reasonOf(bytes)).toMatch(reason);
  });

  it('and any other bytes give a message or a reason', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, hasHead) => {
        const whole = hasHead ? [...HEAD, ...QUESTION, ...bytes] : [...bytes];
        expect(decodeMessage(Buffer.from(whole)).kind).toMatch(/^(message|malformed)$/);
      }),
      runs(1000),
    );
  });

  it('and every cut or changed byte of a true message too', () => {
    const records = [
      { type: 'MX', rdata: '10 mx1.example.com.' },
      { type: 'TXT', rdata: '"one" "two"' },
      { type: 'SOA', rdata: 'ns.example.com. host.example.com. 1 2 3 4 5' },
      { type: 'CAA', rdata: '0 issue "x"' },
    ] as const;
    const answers = records.map((one) => dnsPacketAnswer({ name: 'example.com', ttlSeconds: 1, ...one }));
    const bytes = encode({ type: 'response', questions: [{ name: 'example.com', type: 'MX' }], answers });
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length), (at, value, length) => {
        const copy = Buffer.from(bytes);
        copy.writeUInt8(value, at);
        decodeMessage(copy);
        expect(decodeMessage(bytes.subarray(0, length)).kind).toBe(length === bytes.length ? 'message' : 'malformed');
      }),
      runs(500),
    );
  });
});

describe('TXT strings of any bytes', () => {
  it('come back from their presentation form', () => {
    const string = fc.uint8Array({ maxLength: 255 });
    fc.assert(
      fc.property(fc.array(string, { minLength: 1, maxLength: 3 }), (strings) => {
        const { answers } = answered([{ name: 'a', type: 'TXT', data: strings.map((one) => Buffer.from(one)) }]);
        const read = parseTxt(answers[0]?.rdata ?? '');
        expect(read.ok && read.value.map((one) => Buffer.from(one, 'latin1'))).toEqual(
          strings.map((one) => Buffer.from(one)),
        );
      }),
      runs(100),
    );
  });
});
