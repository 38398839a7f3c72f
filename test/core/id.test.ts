import { createHash } from 'node:crypto';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { bodyHash, nextPolicyId, parseOwnId, policyId, sha256Hex } from '../../src/core/id.ts';
import { formatStsRecord, parseStsRecords } from '../../src/core/txt-records.ts';
import { runs } from '../property-runs.ts';

const at = new Date('2026-11-24T09:30:00.999Z');
const body = 'version: STSv1\r\nmode: none\r\nmax_age: 86400\r\n';

describe('policyId', () => {
  test('is the time in UTC to the second, then 16 hex digits of the SHA-256 of the body (rule 4)', () => {
    const hash = createHash('sha256').update(body).digest('hex').slice(0, 16);
    expect(policyId(body, at)).toBe(`20261124093000${hash}`);
    expect(bodyHash(body)).toBe(hash);
  });

  test('hashes UTF-8, as the published vector has it', () => {
    expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(sha256Hex('ü€😀')).toBe(createHash('sha256').update('ü€😀', 'utf8').digest('hex'));
  });

  test('fits the record and is read back, RFC 8461 §3.1', () => {
    const when = fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true });
    fc.assert(
      fc.property(fc.string(), when, (text, moment) => {
        const id = policyId(text, moment);
        expect(id).toHaveLength(30);
        expect(parseStsRecords([formatStsRecord(id)])).toMatchObject({ ok: true, value: { id } });
        const seconds = new Date(Math.floor(moment.getTime() / 1000) * 1000);
        expect(parseOwnId(id)).toEqual({ at: seconds, bodyHash: bodyHash(text) });
      }),
      runs(200),
    );
  });

  test('another body is another id, also in the same second', () => {
    expect(policyId(`${body} `, at)).not.toBe(policyId(body, at));
  });
});

describe('nextPolicyId', () => {
  test('takes the next second that is free', () => {
    const taken = [policyId(body, at), policyId(body, new Date('2026-11-24T09:30:01Z'))];
    expect(nextPolicyId(body, at, [])).toBe(taken[0]);
    expect(nextPolicyId(body, at, taken.slice(0, 1))).toBe(taken[1]);
    expect(nextPolicyId(body, at, taken)).toBe(policyId(body, new Date('2026-11-24T09:30:02Z')));
  });
});

describe('parseOwnId', () => {
  const hash = '0123456789abcdef';
  test.each([
    ['20160831085700Z', 'the example of RFC 8461'],
    [`20261124093000${hash.toUpperCase()}`, 'hex in upper case is not ours'],
    [`20261124093000${hash}0`, 'a digit more'],
    [`20261124093000${hash.slice(1)}`, 'a digit less'],
    [`20260231093000${hash}`, '31 February'],
    [`20261324093000${hash}`, 'month 13'],
    [`20261124240000${hash}`, 'hour 24'],
    [`20261124096000${hash}`, 'minute 60'],
    [`20261124093060${hash}`, 'second 60'],
    ['', 'nothing'],
  ])('%s is foreign: %s', (id) => expect(parseOwnId(id)).toBeNull());
});
