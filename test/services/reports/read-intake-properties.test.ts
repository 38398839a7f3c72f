/** What holds for any bytes, and for any mail around a report. */
import { gzipSync } from 'node:zlib';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { ways } from '../../../src/core/reports/model.ts';
import { splitMbox } from '../../../src/effects/reports/split-mbox.ts';
import type { Found } from '../../../src/services/reports/read-intake.ts';
import { runs } from '../../property-runs.ts';
import { contents, takeBy } from './intake-rig.ts';
import { mailsWith, mboxOf, packings, reports } from './wrapped-report.ts';

/** A report, a mail with one in it, and how it is packed. */
const wrapped = reports.chain((json) =>
  packings(json).chain((packed) => mailsWith(packed).map((mail) => ({ json, packed, mail }))),
);
const any = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
/** Bytes that get some way into the reading. */
const nearly = fc.oneof(
  any,
  fc
    .tuple(
      fc.constantFrom(
        '{',
        '\ufeff{"policies":',
        'PK\u0003\u0004',
        '\u001f\u008b\u0008',
        'From: a\n\n',
        '<',
        'Content-Type: message/rfc822\n\n',
        'Content-Type: multipart/mixed; boundary=a\n\n--a\n',
      ),
      any,
    )
    .map(([head, tail]) => Buffer.concat([Buffer.from(head, 'latin1'), tail])),
  any.map((bytes) => gzipSync(bytes)),
  fc
    .tuple(wrapped, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 8 }))
    .map(([{ mail, packed }, changes]) => {
      const broken = Buffer.from(changes.length % 2 === 0 ? mail : packed);
      for (const [at, byte] of changes) broken[at % broken.length] = byte;
      return broken;
    }),
  fc.tuple(wrapped, fc.nat()).map(([{ mail }, at]) => mail.subarray(0, at % mail.length)),
);

function isSettled(one: Found): boolean {
  if (one.kind === 'again') return false;
  if (one.kind === 'keep') return one.report.domain.endsWith('example.com');
  return /^[A-Z0-9_]+$/.test(one.item.code) && one.item.message !== '' && one.item.content !== null;
}

describe('any bytes', () => {
  test.each(ways)('by %s give reports, or what they are set aside for', async (way) => {
    await fc.assert(
      fc.asyncProperty(nearly, async (bytes) => {
        const found = await takeBy(way, bytes);
        expect(found.length).toBeGreaterThan(0);
        expect(found.filter((one) => !isSettled(one))).toEqual([]);
      }),
      runs(250),
    );
  });

  test('give the same when they come again', async () => {
    await fc.assert(
      fc.asyncProperty(nearly, fc.constantFrom(...ways), async (bytes, way) => {
        expect(await takeBy(way, bytes)).toEqual(await takeBy(way, Buffer.from(bytes)));
      }),
      runs(100),
    );
  });
});

describe('a valid report', () => {
  test('is found in any mail, and says what it says bare', async () => {
    await fc.assert(
      fc.asyncProperty(wrapped, async ({ json, packed, mail }) => {
        const bare = contents(await takeBy('hand', Buffer.from(json)));
        expect(bare).not.toEqual([]);
        expect(contents(await takeBy('https', packed))).toEqual(bare);
        expect(contents(await takeBy('mail', mail))).toEqual(bare);
        expect(contents(await takeBy('hand', mail))).toEqual(bare);
      }),
      runs(200),
    );
  });

  test('is found in any mbox', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(wrapped, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 999 }),
        async (all, size) => {
          const found: unknown[] = [];
          for await (const mail of splitMbox(chunks(mboxOf(all.map((one) => one.mail)), size), 1 << 20))
            found.push(...contents(await takeBy('hand', mail ?? Buffer.alloc(0))));
          const bare: unknown[] = [];
          for (const { json } of all) bare.push(...contents(await takeBy('hand', Buffer.from(json))));
          expect(found).toEqual(bare);
        },
      ),
      runs(60),
    );
  });
});

async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
