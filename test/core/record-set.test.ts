import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  diffRecordSets,
  rdataText,
  rdataTexts,
  type RecordChange,
  recordKey,
  type RecordSet,
  type RecordType,
  sameRdata,
  sameRecordSet,
  txtSet,
} from '../../src/core/record-set.ts';
import { runs } from '../property-runs.ts';

const name = '_mta-sts.example.com';
const set = (type: RecordType, rdata: readonly string[], ttlSeconds = 300): RecordSet => ({
  name,
  type,
  ttlSeconds,
  rdata,
});

describe('rdataText', () => {
  test.each<[RecordType, string, string, string]>([
    ['TXT', '"v=STSv1; " "id=1;"', 'v=STSv1; id=1;', 'strings are joined without blanks, RFC 8461 §3.1'],
    ['TXT', '"a\\"\\255"', 'a"\u00ff', 'escapes are undone'],
    ['TXT', '"open', '"open', 'what cannot be read stays as it is'],
    ['CNAME', 'Host.Example.NET.', 'host.example.net', 'no final dot, lower case'],
    ['MX', '10 MX1.example.com.', '10 mx1.example.com', 'the preference stays'],
    ['A', '192.0.2.1', '192.0.2.1', ''],
    ['AAAA', '2001:DB8:0::1', '2001:db8::1', 'RFC 5952, whatever a service answers'],
  ])('%s %s reads %j: %s', (type, rdata, text) => expect(rdataText(type, rdata)).toBe(text));

  test('a whole set is sorted by code point; no set is null', () => {
    expect(rdataTexts(set('A', ['192.0.2.9', '192.0.2.10']))).toEqual(['192.0.2.10', '192.0.2.9']);
    expect(rdataTexts(null)).toBeNull();
  });
});

describe('comparing record sets', () => {
  const same: readonly [string, RecordSet | null, RecordSet | null][] = [
    [
      'the order does not count, RFC 2181 §5',
      set('A', ['192.0.2.1', '192.0.2.2']),
      set('A', ['192.0.2.2', '192.0.2.1']),
    ],
    ['the cut of strings does not count', set('TXT', ['"ab" "c"']), set('TXT', ['"a" "bc"'])],
    ['bare or quoted does not count', set('TXT', ['abc']), set('TXT', ['"abc"'])],
    ['the case of names does not count', set('CNAME', ['A.example.']), set('CNAME', ['a.example.'])],
    ['the writing of IPv6 does not count', set('AAAA', ['2001:db8:0:0::1']), set('AAAA', ['2001:db8::1'])],
    ['nothing is nothing', null, null],
  ];
  test.each(same)('%s', (_, a, b) => {
    expect(sameRdata(a, b)).toBe(true);
    expect(sameRecordSet(a, b)).toBe(true);
  });

  const different: readonly [string, RecordSet | null, RecordSet | null][] = [
    ['another record', set('A', ['192.0.2.1']), set('A', ['192.0.2.2'])],
    ['one record more', set('A', ['192.0.2.1']), set('A', ['192.0.2.1', '192.0.2.2'])],
    ['another name', set('A', ['192.0.2.1']), { ...set('A', ['192.0.2.1']), name: 'example.com' }],
    ['another type', set('TXT', ['192.0.2.1']), set('A', ['192.0.2.1'])],
    ['the case of TXT counts', set('TXT', ['"id=A"']), set('TXT', ['"id=a"'])],
    ['blanks in TXT count', set('TXT', ['"a" "b"']), set('TXT', ['"a " "b"'])],
    [
      'the same text twice in different cuts is two records to a sender',
      set('TXT', ['"ab"']),
      set('TXT', ['"ab"', '"a" "b"']),
    ],
    ['nothing against something', null, set('A', ['192.0.2.1'])],
  ];
  test.each(different)('%s', (_, a, b) => {
    expect(sameRdata(a, b)).toBe(false);
    expect(sameRdata(b, a)).toBe(false);
    expect(diffRecordSets(a === null ? [] : [a], b === null ? [] : [b])).not.toEqual([]);
  });

  test('the TTL counts for the set, not for the rdata', () => {
    expect(sameRdata(set('A', ['192.0.2.1'], 1), set('A', ['192.0.2.1'], 2))).toBe(true);
    expect(sameRecordSet(set('A', ['192.0.2.1'], 1), set('A', ['192.0.2.1'], 2))).toBe(false);
  });
});

describe('txtSet', () => {
  test('cuts long values and quotes', () => {
    expect(txtSet(name, 60, ['a"b', 'x'.repeat(256)])).toEqual({
      name,
      type: 'TXT',
      ttlSeconds: 60,
      rdata: ['"a\\"b"', `"${'x'.repeat(255)}" "x"`],
    });
  });
});

describe('diffRecordSets', () => {
  test('gives creations, changes and deletions in the order of names', () => {
    const before = [
      { ...set('A', ['192.0.2.1']), name: 'c.example' },
      { ...set('A', ['192.0.2.1']), name: 'b.example' },
    ];
    const after = [
      { ...set('A', ['192.0.2.2']), name: 'b.example' },
      { ...set('TXT', ['"x"']), name: 'a.example' },
    ];
    expect(diffRecordSets(before, after)).toEqual([
      { name: 'a.example', type: 'TXT', before: null, after: after[1] },
      { name: 'b.example', type: 'A', before: before[1], after: after[0] },
      { name: 'c.example', type: 'A', before: before[0], after: null },
    ]);
  });

  test('of a set with itself, in any order, is empty', () => {
    fc.assert(
      fc.property(zone, (sets) => {
        expect(diffRecordSets(sets, sets.toReversed().map(shuffled))).toEqual([]);
      }),
      runs(100),
    );
  });

  test('applied to a gives b', () => {
    fc.assert(
      fc.property(zone, zone, (a, b) => {
        const result = apply(a, diffRecordSets(a, b));
        expect(diffRecordSets(result, b)).toEqual([]);
        expect(result.map(recordKey).toSorted()).toEqual(b.map(recordKey).toSorted());
      }),
      runs(100),
    );
  });
});

const text = fc.stringMatching(/^[a-c ;"\\]{0,4}$/);
const recordSet: fc.Arbitrary<RecordSet> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('a.example', 'b.example'),
      fc.constantFrom(60, 300),
      fc.uniqueArray(text, { minLength: 1, maxLength: 3 }),
    )
    .map(([owner, ttl, values]) => txtSet(owner, ttl, values)),
  fc.record({
    name: fc.constantFrom('a.example', 'b.example'),
    type: fc.constant<RecordType>('A'),
    ttlSeconds: fc.constantFrom(60, 300),
    rdata: fc.uniqueArray(fc.ipV4(), { minLength: 1, maxLength: 3 }),
  }),
);
const zone = fc.uniqueArray(recordSet, { selector: recordKey, maxLength: 4 });

function shuffled(one: RecordSet): RecordSet {
  return { ...one, rdata: one.rdata.toReversed() };
}

function apply(sets: readonly RecordSet[], changes: readonly RecordChange[]): readonly RecordSet[] {
  const found = new Map(sets.map((one) => [recordKey(one), one]));
  for (const change of changes) {
    expect(found.get(recordKey(change)) ?? null).toEqual(change.before);
    if (change.after === null) found.delete(recordKey(change));
    else found.set(recordKey(change), change.after);
  }
  return [...found.values()];
}
