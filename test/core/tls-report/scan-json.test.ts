import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { scanJson } from '../../../src/core/tls-report/scan-json.ts';
import { runs } from '../../property-runs.ts';

const duplicates: readonly [string, string | null, string][] = [
  ['{"a":1,"b":1}', null, 'different keys'],
  ['{"a":1,"a":1}', 'a', 'equal ones'],
  ['{"a":1 , "a" \n:1}', 'a', 'blanks between'],
  ['{"a":{"a":[{"a":1}]}}', null, 'in objects inside each other'],
  ['{"a":{},"b":[],"a":0}', 'a', 'with objects in between'],
  [String.raw`{"a\"":1,"a":"\\","b":"\\\"","a\"":1}`, 'a"', 'quotes and backslashes inside'],
  [String.raw`{"a":"\\","a":1}`, 'a', 'a text that ends in a backslash'],
  [String.raw`{"a":"\",\"a\":","b":1}`, null, 'a key that is only told of in a text'],
  ['{"__proto__":1,"__proto__":2}', '__proto__', 'an odd name'],
  ['{"a":1,"a', null, 'a text that ends in a key'],
];

describe('scanJson', () => {
  test.each(duplicates)('%s: first doubled key is %s', (text, key) =>
    expect(scanJson(text, 9).duplicate?.key ?? null).toBe(key),
  );

  test('counts each further one', () =>
    expect(scanJson('{"a":1,"a":1,"a":1,"b":{"c":1,"c":1}}', 9).duplicate).toEqual({ key: 'a', offset: 7, count: 3 }));

  test('finds where it becomes too deep, and no bracket in a text', () => {
    expect(scanJson('[[1],[{"a":2}]]', 3).tooDeepAt).toBeNull();
    expect(scanJson('[[1],[{"a":2}]]', 2).tooDeepAt).toBe(6);
    expect(scanJson('["[[[["]', 1).tooDeepAt).toBeNull();
  });

  test('agrees with the parse: JSON that was written from a value has no doubled key', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(scanJson(text, 1000).duplicate).toBeNull();
      }),
      runs(300),
    );
  });

  test('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('"', '\\', '{', '}', '[', ']', ':', 'a', ' ') }), (text) => {
        scanJson(text, 4);
      }),
      runs(1000),
    );
  });

  test('takes linear time over backslashes and quotes', () => {
    const text = `{"a":"${'\\\\'.repeat(2_000_000)}${'\\"'.repeat(1_000_000)}"}`;
    const before = performance.now();
    expect(scanJson(text, 4).duplicate).toBeNull();
    expect(performance.now() - before).toBeLessThan(5_000);
  });
});
