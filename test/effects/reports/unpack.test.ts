import { gzipSync } from 'node:zlib';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { sniff, unpack } from '../../../src/effects/reports/unpack.ts';
import { runs } from '../../property-runs.ts';
import { zipOf } from './zip-of.ts';

const json = Buffer.from('{"a":1}');

async function shortly(bytes: Uint8Array): Promise<string> {
  const result = await unpack(bytes);
  return result.ok ? Buffer.from(result.bytes).toString() : result.code;
}

describe('sniff', () => {
  test.each([
    ['gzip', gzipSync(json)],
    ['zip', zipOf([{ name: 'a.json', content: json }])],
    ['json', json],
    ['json', Buffer.from('\ufeff \r\n\t{')],
    ['xml', Buffer.from('\n<feedback>')],
    ['other', Buffer.from('From: a')],
    ['other', Buffer.alloc(0)],
  ])('tells %s', (kind, bytes) => expect(sniff(bytes)).toBe(kind));
});

describe('unpack', () => {
  test.each([
    ['JSON', json, '{"a":1}'],
    ['gzip', gzipSync(json), '{"a":1}'],
    ['gzip of two members', Buffer.concat([gzipSync('{"a"'), gzipSync(':1}')]), '{"a":1}'],
    ['gzip with zeros behind', Buffer.concat([gzipSync(json), Buffer.alloc(9)]), '{"a":1}'],
    ['gzip with a line end behind, from mail', Buffer.concat([gzipSync(json), Buffer.from('\r\n')]), '{"a":1}'],
    ['gzip with a text behind', Buffer.concat([gzipSync(json), Buffer.from('x')]), 'GZIP_BROKEN'],
    ['gzip in gzip, once', gzipSync(gzipSync('x')).subarray(0), Buffer.from(gzipSync('x')).toString()],
    ['cut gzip', gzipSync(json).subarray(0, 15), 'GZIP_BROKEN'],
    ['a gzip bomb', gzipSync(Buffer.alloc((10 << 20) + 1)), 'UNPACKS_TOO_LARGE'],
    [
      'zip',
      zipOf([
        { name: 'x.txt', content: Buffer.from('x') },
        { name: 'A.JSON', content: json },
      ]),
      '{"a":1}',
    ],
    ['zip without packing', zipOf([{ name: 'a.json', content: json, method: 0 }]), '{"a":1}'],
    ['zip without JSON', zipOf([{ name: 'a.txt', content: json }]), 'ZIP_BROKEN'],
    ['an encrypted zip', zipOf([{ name: 'a.json', content: json, flags: 1 }]), 'ZIP_BROKEN'],
    ['a wrong checksum', zipOf([{ name: 'a.json', content: json, checksum: 1 }]), 'ZIP_BROKEN'],
    ['an unknown method', zipOf([{ name: 'a.json', content: json, method: 12 }]), 'ZIP_BROKEN'],
    ['a zip bomb', zipOf([{ name: 'a.json', content: Buffer.alloc((10 << 20) + 1) }]), 'UNPACKS_TOO_LARGE'],
    [
      'a zip whose JSON is the 65th',
      zipOf([
        ...Array.from({ length: 64 }, (_, n) => ({ name: `${n}`, content: json })),
        { name: 'a.json', content: json },
      ]),
      'ZIP_BROKEN',
    ],
    ['a cut zip', zipOf([{ name: 'a.json', content: json }]).subarray(0, 40), 'ZIP_BROKEN'],
  ])('%s', async (_what, bytes, wanted) => expect(await shortly(bytes)).toBe(wanted));

  test('takes exactly 10 MiB', async () => {
    const result = await unpack(gzipSync(Buffer.alloc(10 << 20)));
    expect(result.ok && result.bytes.length).toBe(10 << 20);
  });

  test('property: a zip with any bytes changed gives bytes or a code', async () => {
    const zip = zipOf([{ name: 'a.json', content: json }]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat({ max: zip.length - 1 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 6 }),
        async (changes) => {
          const broken = Buffer.from(zip);
          for (const [at, byte] of changes) broken[at] = byte;
          expect(await shortly(Buffer.concat([Buffer.from('PK\u0003\u0004'), broken.subarray(4)]))).toMatch(
            /^(?:\{"a":1\}|[A-Z_]+|)$/,
          );
        },
      ),
      runs(300),
    );
  });
});
