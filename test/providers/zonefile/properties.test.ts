/** Properties of the zone-file parser and editor over random zones, changes and bytes; and what BIND says to the same files. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { editZone, type WantedSet } from '../../../providers/zonefile/edit-zone.ts';
import { lexEntry } from '../../../providers/zonefile/lexer.ts';
import { readSerial, readSet } from '../../../providers/zonefile/rdata.ts';
import { isNewer } from '../../../providers/zonefile/serial.ts';
import type { Zone, ZoneRecord } from '../../../providers/zonefile/zone.ts';
import { StsyncError } from '../../../src/core/error.ts';
import { rdataTexts, sameRecordSet, type RecordSet, type RecordType } from '../../../src/core/record-set.ts';
import { tempDirectory } from '../../effects/temp-directory.ts';
import { runs } from '../../property-runs.ts';
import { describeWith, findProgram } from '../../servers/programs.ts';
import { wantedSets, zoneText } from './random-zones.ts';
import { zoneOf } from './zones.ts';

const NOW = new Date('2026-11-24T12:00:00Z');
const types: readonly RecordType[] = ['TXT', 'A', 'AAAA', 'CNAME', 'MX'];

function edit(zone: Zone, wanted: readonly WantedSet[]): Zone {
  return editZone(zone, wanted, NOW, () => null);
}

function isTouched(record: ZoneRecord, wanted: readonly WantedSet[]): boolean {
  return wanted.some(({ name, type }) => name === record.owner && type === record.type);
}

/** The text without the touched records and the serial; `heads: cut` also without what stands in front of the data of the others. */
function rest(zone: Zone, wanted: readonly WantedSet[], heads: 'kept' | 'cut'): string {
  const { text } = zone.source;
  const { token } = readSerial(zone.soa);
  const cuts = zone.records.map((record) => {
    if (isTouched(record, wanted)) return [record.start, record.end] as const;
    const first = lexEntry(record.source, record.start).tokens[record.dataToken];
    return heads === 'cut' && first !== undefined ? ([record.start, first.start] as const) : null;
  });
  const all = [...cuts.filter((cut) => cut !== null), [token.start, token.end] as const].toSorted(
    (a, b) => a[0] - b[0],
  );
  let at = 0;
  let left = '';
  for (const [start, end] of all) {
    left += text.slice(at, Math.max(at, start));
    at = Math.max(at, end);
  }
  // A new last record may have given the last line its line break.
  return (left + text.slice(at)).replace(/\r?\n$/, '');
}

/** Owner, type, TTL and words of every record that is not touched, but for the SOA. */
function others(zone: Zone, wanted: readonly WantedSet[]): readonly string[] {
  return zone.records
    .filter((record) => !isTouched(record, wanted) && record.type !== 'SOA')
    .map((record) => {
      const { tokens } = lexEntry(record.source, record.start);
      const data = tokens.slice(record.dataToken).map(({ start, end }) => record.source.text.slice(start, end));
      return [record.owner, record.type, record.ttlSeconds, record.origin, ...data].join(' ');
    });
}

/** `after` has the wanted sets, everything else of `before`, and a newer serial. */
function expectEdited(before: Zone, after: Zone, wanted: readonly WantedSet[]): void {
  const got = wanted.map(({ name, type }) => show(readSet(after, name, type)));
  expect(got).toEqual(wanted.map((set) => show(set.after)));
  expect(others(after, wanted)).toEqual(others(before, wanted));
  expect(isNewer(readSerial(after.soa).value, readSerial(before.soa).value)).toBe(true);
}

/** TTL and texts, each once. */
function show(set: RecordSet | null): string {
  return set === null ? 'nothing' : `${set.ttlSeconds} ${[...new Set(rdataTexts(set))].join(' | ')}`;
}

/** Runs `work`; an error of ours counts as null. */
function orFault<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof StsyncError) return null;
    throw error;
  }
}

describe('for random zones and changes', () => {
  it('an edit gives the wanted sets, and every byte outside them and the serial survives', () => {
    fc.assert(
      fc.property(zoneText('plain'), wantedSets, (text, wanted) => {
        const before = zoneOf(text);
        const after = edit(before, wanted);
        expectEdited(before, after, wanted);
        expect(rest(after, wanted, 'kept')).toBe(rest(before, wanted, 'kept'));
      }),
      runs(300),
    );
  });

  it('records that lean on others keep their meaning, and their text but for owner and TTL', () => {
    fc.assert(
      fc.property(zoneText('leaning'), wantedSets, (text, wanted) => {
        const before = zoneOf(text);
        const after = edit(before, wanted);
        expectEdited(before, after, wanted);
        expect(rest(after, wanted, 'cut')).toBe(rest(before, wanted, 'cut'));
      }),
      runs(300),
    );
  });

  it('an edit there and back gives the sets that were there', () => {
    fc.assert(
      fc.property(zoneText('leaning'), wantedSets, (text, wanted) => {
        const before = zoneOf(text);
        const back = wanted.map(({ name, type }) => ({ name, type, after: readSet(before, name, type) }));
        const after = edit(edit(before, wanted), back);
        for (const set of back) expect(sameRecordSet(readSet(after, set.name, set.type), set.after)).toBe(true);
        expect(others(after, wanted)).toEqual(others(before, wanted));
      }),
      runs(200),
    );
  });
});

describe('any bytes give a zone or an error of ours', () => {
  const soup = fc.string({
    unit: fc.constantFrom(
      ...Array.from('ab \t\n\r;"\\()@$.0123456789\u0000\u00ff'),
      '\n@ ',
      ' TXT ',
      '$TTL ',
      '$ORIGIN ',
      '$INCLUDE ',
      '$GENERATE ',
      ' SOA a b 1 2 3 4 5\n',
    ),
    maxLength: 60,
  });
  const noise = fc.tuple(zoneText('leaning'), fc.nat(), soup).map(([text, at, more]) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + more + text.slice(place + (at % 3));
  });

  it.each([
    ['soup', soup.map((text) => `$TTL 1\n@ SOA a b 1 2 3 4 5\n${text}`)],
    ['bytes', fc.uint8Array({ maxLength: 200 }).map((all) => Buffer.from(all).toString('latin1'))],
    ['a zone with noise', noise],
  ])('%s', (_, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, wantedSets, (text, wanted) => {
        const zone = orFault(() => zoneOf(text));
        if (zone === null) return;
        for (const name of zone.byOwner.keys()) for (const type of types) orFault(() => readSet(zone, name, type));
        const after = orFault(() => edit(zone, wanted)) ?? zone;
        expect(others(after, wanted)).toEqual(others(zone, wanted));
      }),
      runs(500),
    );
  });
});

/** The zone as named-compilezone prints it: one record a line, all names absolute. */
function compile(directory: string, text: string): Zone {
  const [file, out] = [join(directory, 'zone'), join(directory, 'out')];
  // BIND wants a line break at the end of a directive.
  writeFileSync(file, `${text}\n`, 'latin1');
  const options = ['-q', '-i', 'none', '-k', 'ignore', '-n', 'ignore', '-r', 'ignore', '-s', 'full', '-o', out];
  execFileSync(findProgram('named-compilezone') ?? '', [...options, 'example.com', file], { stdio: 'pipe' });
  return zoneOf(readFileSync(out, 'latin1'));
}

/** Every set that we read, by key. BIND gives all records of a set the TTL of the first, we the lowest: only equal ones are compared. */
function sets(zone: Zone, uniform: ReadonlySet<string>): ReadonlyMap<string, string> {
  const keys = zone.records.filter(({ type }) => types.some((one) => one === type));
  return new Map(
    keys.map(({ owner, type }) => {
      const set = readSet(zone, owner, types.find((one) => one === type) ?? 'TXT');
      const ttl = uniform.has(`${owner} ${type}`) ? set?.ttlSeconds : 'some TTL';
      return [`${owner} ${type}`, `${ttl} ${set?.rdata.toSorted().join(' | ')}`];
    }),
  );
}

function uniformKeys(zone: Zone): ReadonlySet<string> {
  const ttls = Map.groupBy(zone.records, ({ owner, type }) => `${owner} ${type}`);
  return new Set(
    [...ttls].filter(([, all]) => new Set(all.map((one) => one.ttlSeconds)).size === 1).map(([key]) => key),
  );
}

describeWith(['named-compilezone'], 'BIND reads a zone as we do', () => {
  it('before and after an edit', () => {
    const directory = tempDirectory();
    fc.assert(
      fc.property(zoneText('plain'), wantedSets, (text, wanted) => {
        const before = zoneOf(text);
        for (const zone of [before, edit(before, wanted)]) {
          const uniform = uniformKeys(zone);
          expect(sets(zone, uniform)).toEqual(sets(compile(directory, zone.source.text), uniform));
        }
      }),
      runs(40),
    );
  });

  it('where owners are left out', () => {
    const directory = tempDirectory();
    fc.assert(
      fc.property(zoneText('leaning'), wantedSets, (text, wanted) => {
        const withTtl = `$TTL 3600\n${text}`;
        for (const zone of [zoneOf(withTtl), edit(zoneOf(withTtl), wanted)]) {
          const uniform = uniformKeys(zone);
          expect(sets(zone, uniform)).toEqual(sets(compile(directory, zone.source.text), uniform));
        }
      }),
      runs(40),
    );
  });
});
