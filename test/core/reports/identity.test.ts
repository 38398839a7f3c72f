import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { type Copy, domainOfAddress, reporterOf, settle, slotOf } from '../../../src/core/reports/identity.ts';
import { runs } from '../../property-runs.ts';
import { keptReport, signedBy } from './kept-report.ts';

const base: Copy = { verdict: 'file', signer: null, hasContact: true, sessions: 5, digest: 'a' };
const copies = fc.array(
  fc.record({
    verdict: fc.constantFrom('dkim', 'file', 'unsigned', 'https'),
    signer: fc.constantFrom('a.example', 'b.example', null),
    hasContact: fc.constant(false),
    sessions: fc.nat({ max: 2 }),
    digest: fc.constantFrom('a', 'b'),
  } as const),
  { maxLength: 8 },
);

const of = (...given: readonly Partial<Copy>[]): readonly Copy[] => settle(given.map((one) => ({ ...base, ...one })));
const sorted = (some: readonly Copy[]): readonly string[] => some.map((one) => JSON.stringify(one)).toSorted();

describe('domainOfAddress', () => {
  test.each([
    ['tls@sender.example', 'sender.example'],
    ['mailto:tls@Sender.Example', 'sender.example'],
    ['TLS <tls@sender.example>', 'sender.example'],
    ['"a@b"@sender.example', 'sender.example'],
    ['tls@bücher.example', 'xn--bcher-kva.example'],
    ['sender.example', null],
    ['tls@', null],
    ['tls@192.0.2.1', null],
  ])('of %s is %s', (address, domain) => expect(domainOfAddress(address)).toBe(domain));
});

describe('slotOf', () => {
  const slot = slotOf(keptReport());

  test('is the same whatever way a report came and whatever it counts', () => {
    expect(slotOf(signedBy('sender.example', { source: 'other', policies: [], receivedAt: new Date(0) }))).toBe(slot);
    expect(slotOf(keptReport({ contactInfo: 'mailto:x@SENDER.example' }))).toBe(slot);
  });

  test('differs by reporter, id, range and domain: ids are used again', () => {
    const { start, end } = keptReport().dateRange;
    const others = [
      keptReport({ contactInfo: 'tls@other.example' }),
      keptReport({ reportId: 'r-2' }),
      keptReport({ dateRange: { start: new Date(start.getTime() - 1000), end } }),
      keptReport({ dateRange: { start, end: new Date(end.getTime() + 1000) } }),
      keptReport({ domain: 'example.org' }),
      keptReport({ contactInfo: null }),
      keptReport({ contactInfo: null, organizationName: 'Other' }),
    ].map(slotOf);
    expect(new Set([slot, ...others]).size).toBe(8);
  });
});

describe('settle', () => {
  test('a signed copy drives out the others, however much they count', () =>
    expect(of({ sessions: 900 }, { verdict: 'dkim', signer: 'a.example' }, { verdict: 'unsigned' })).toMatchObject([
      { verdict: 'dkim' },
    ]));

  test('without contact-info, too, a signed copy drives out those that nothing proves', () =>
    expect(
      of({ hasContact: false, sessions: 900 }, { hasContact: false, verdict: 'dkim', signer: 'a.example' }),
    ).toMatchObject([{ verdict: 'dkim' }]));

  test('a file counts before what is unsigned', () =>
    expect(of({ verdict: 'unsigned', sessions: 900 }, {})).toMatchObject([{ verdict: 'file' }]));

  test('what came by HTTPS, where anyone may send, keeps nothing else out', () =>
    expect(of({ verdict: 'https', sessions: 900 }, { verdict: 'unsigned' })).toMatchObject([{ verdict: 'unsigned' }]));

  test('of copies that differ the one with more sessions counts', () =>
    expect(of({ digest: 'z' }, { sessions: 6 })).toMatchObject([{ sessions: 6 }]));

  test('without contact-info each signer is a reporter of its own, so none keeps another out', () => {
    const two = [
      { verdict: 'dkim', signer: 'a.example', hasContact: false },
      { verdict: 'dkim', signer: 'b.example', hasContact: false },
    ] as const;
    expect(of(...two)).toHaveLength(2);
    expect(of(...two.map((one) => ({ ...one, hasContact: true })))).toHaveLength(1);
  });

  test('property: the same ones count in any order, one by one or all at once', () => {
    fc.assert(
      fc.property(copies, fc.func(fc.integer()), (some, key) => {
        const shuffled = some.toSorted((a, b) => key(a) - key(b));
        const byOne = shuffled.reduce<readonly Copy[]>((kept, one) => settle([...kept, one]), []);
        expect(sorted(byOne)).toEqual(sorted(settle(some)));
        expect(sorted(settle(settle(some)))).toEqual(sorted(settle(some)));
      }),
      runs(500),
    );
  });
});

describe('reporterOf', () => {
  test('is who signed, or in brackets who the report says it is from', () => {
    expect(reporterOf(signedBy('mail.sender.example'))).toBe('mail.sender.example');
    expect(reporterOf(keptReport())).toBe('(sender.example)');
    expect(reporterOf(keptReport({ contactInfo: null }))).toBe('(Sender)');
  });
});
