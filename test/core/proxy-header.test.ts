/** The header of the PROXY protocol (proxy-protocol.txt of HAProxy): good ones, bad ones, and whatever bytes. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { parseProxyHeader, type ProxyHeader } from '../../src/core/proxy-header.ts';
import { runs } from '../property-runs.ts';
import { formatHeader } from '../support/proxy-header.ts';

const encoder = new TextEncoder();
const LONGEST = `PROXY UNKNOWN ${'f'.repeat(91)}\r\n`;

function addressOf(header: ProxyHeader): string | null {
  if (header.kind !== 'header') throw new Error(`it is ${header.kind}`);
  return header.address;
}

function line(text: string): ProxyHeader {
  return parseProxyHeader(encoder.encode(text));
}

/** Version 2 with its first bytes replaced from the 13th on: command, family, length. */
function binary(command: number, family: number, rest: readonly number[], length = rest.length): ProxyHeader {
  const signature = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10];
  return parseProxyHeader(Uint8Array.from([...signature, command, family, length >> 8, length & 255, ...rest]));
}

describe('version 1', () => {
  it.each([
    ['PROXY TCP4 192.0.2.1 198.51.100.1 65535 443\r\n', '192.0.2.1'],
    ['PROXY TCP6 2001:DB8:0::1 2001:db8::2 1 0\r\n', '2001:db8::1'],
    ['PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n', '192.0.2.1'],
    ['PROXY UNKNOWN\r\n', null],
    ['PROXY UNKNOWN ff:: ::1 what ever\r\n', null],
    [LONGEST, null],
  ])('%j', (text, address) => {
    expect(line(text)).toEqual({ kind: 'header', length: text.length, address });
    expect(line(`${text}\x16\x03\x01`)).toEqual({ kind: 'header', length: text.length, address });
  });

  it.each([
    ['one byte too long', LONGEST.replace('f', 'ff')],
    ['no end in sight', `PROXY TCP4 ${'1'.repeat(200)}`],
    ['LF alone', 'PROXY UNKNOWN\n'],
    ['a CR within', 'PROXY UNKNOWN\r\r\n'],
    ['lower case', 'proxy tcp4 192.0.2.1 192.0.2.2 1 2\r\n'],
    ['a port that is none', 'PROXY TCP4 192.0.2.1 192.0.2.2 65536 443\r\n'],
    ['no ports', 'PROXY TCP4 192.0.2.1 192.0.2.2\r\n'],
    ['two blanks', 'PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n'],
    ['more at the end', 'PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n'],
    ['a name', 'PROXY TCP4 localhost 192.0.2.2 1 2\r\n'],
    ['the other family', 'PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n'],
    ['the other family', 'PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n'],
    ['no such family', 'PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01'],
    ['HTTP', 'GET / HTTP/1.1\r\n\r\n'],
    ['a word that begins alike', 'PROPFIND / HTTP/1.1\r\n\r\n'],
  ])('refuses %s', (_what, text) => {
    expect(line(text)).toEqual({ kind: 'refused' });
  });
});

describe('version 2', () => {
  const v4 = [192, 0, 2, 1, 198, 51, 100, 1, 0, 1, 1, 187];
  const v6 = [32, 1, 13, 184, ...Array<number>(11).fill(0), 1, ...Array<number>(16).fill(9), 0, 1, 1, 187];
  const mapped = [...Array<number>(10).fill(0), 255, 255, 192, 0, 2, 1, ...Array<number>(16).fill(9), 0, 1, 1, 187];

  it.each([
    ['IPv4', 0x21, 0x11, v4, '192.0.2.1'],
    ['IPv4 with more behind', 0x21, 0x11, [...v4, 4, 0, 1, 7], '192.0.2.1'],
    ['IPv6', 0x21, 0x21, v6, '2001:db8::1'],
    ['IPv4 in the clothes of IPv6', 0x21, 0x21, mapped, '192.0.2.1'],
    ['a family that it does not know', 0x21, 0x00, [], null],
    ['a Unix socket', 0x21, 0x31, Array<number>(216).fill(0), null],
    ['LOCAL', 0x20, 0x00, [], null],
    ['LOCAL with addresses', 0x20, 0x11, v4, null],
  ])('%s', (_what, command, family, rest, address) => {
    expect(binary(command, family, rest)).toEqual({ kind: 'header', length: 16 + rest.length, address });
  });

  it.each([
    ['version 1 in the form of version 2', 0x11, 0x11, v4, v4.length],
    ['no such command', 0x22, 0x11, v4, v4.length],
    ['datagrams', 0x21, 0x12, v4, v4.length],
    ['no such family', 0x21, 0x41, v6, v6.length],
    ['IPv4 that is too short', 0x21, 0x11, v4.slice(1), v4.length - 1],
    ['IPv6 that is too short', 0x21, 0x21, v4, v4.length],
    ['a length over 4,096, before it has come', 0x21, 0x11, v4, 4_081],
  ])('refuses %s', (_what, command, family, rest, length) => {
    expect(binary(command, family, rest, length)).toEqual({ kind: 'refused' });
  });

  it('takes a length of 4,096 in all', () => {
    expect(binary(0x21, 0x11, v4, 4_080)).toEqual({ kind: 'more' });
    expect(addressOf(binary(0x21, 0x11, [...v4, ...Array<number>(4_068).fill(0)]))).toBe('192.0.2.1');
  });
});

describe('whatever comes', () => {
  const anyHeader = fc
    .record({
      version: fc.constantFrom(1 as const, 2 as const),
      address: fc.oneof(
        fc.ipV4(),
        fc.ipV6().map((text) => new URL(`http://[${text}]/`).hostname.slice(1, -1)),
      ),
    })
    .filter(({ address }) => !address.startsWith('::ffff:'));

  test('reads back what was written, to the byte, whatever follows', () => {
    fc.assert(
      fc.property(anyHeader, fc.uint8Array(), ({ version, address }, rest) => {
        const header = formatHeader(version, address);
        const read = parseProxyHeader(Uint8Array.from([...header, ...rest]));
        expect(read).toEqual({ kind: 'header', length: header.length, address });
      }),
      runs(200),
    );
  });

  test('asks for more at each place where a good header is cut', () => {
    fc.assert(
      fc.property(anyHeader, fc.nat(), ({ version, address }, where) => {
        const header = formatHeader(version, address);
        expect(parseProxyHeader(header.subarray(0, where % header.length))).toEqual({ kind: 'more' });
      }),
      runs(200),
    );
  });

  test('gives a header, asks for more or refuses, never asks for more than 4,096 bytes, and stands by it', () => {
    const beginning = fc.constantFrom(
      '',
      'PROXY ',
      'PROXY TCP4 ',
      '\r\n\r\n\0\r\nQUIT\n',
      '\r\n\r\n\0\r\nQUIT\n\x21\x11',
    );
    fc.assert(
      fc.property(beginning, fc.uint8Array({ maxLength: 5_000 }), fc.uint8Array(), (start, bytes, later) => {
        const all = Uint8Array.from([...encoder.encode(start), ...bytes]);
        const read = parseProxyHeader(all);
        if (read.kind === 'header') expect(read.length).toBeLessThanOrEqual(Math.min(all.length, 4_096));
        if (read.kind === 'more') expect(all.length).toBeLessThan(4_096);
        else expect(parseProxyHeader(Uint8Array.from([...all, ...later]))).toEqual(read);
      }),
      runs(500),
    );
  });
});
