/** Zones for the tests of `zonefile`: from text, without files. */
import type { Source } from '../../../providers/zonefile/lexer.ts';
import { parseZone } from '../../../providers/zonefile/parse-zone.ts';
import type { Zone } from '../../../providers/zonefile/zone.ts';
import { StsyncError } from '../../../src/core/error.ts';

/** What every test zone starts with; line 1 and 2. */
export const HEAD = '$TTL 3600\n@ IN SOA ns hostmaster 2026112400 3600 900 604800 300\n';

/** Parses `text` as the zone example.com; `files` are what `$INCLUDE` finds, by the name written there. */
export function zoneOf(text: string, files: Readonly<Record<string, string>> = {}): Zone {
  return parseZone('example.com', { path: 'example.com.zone', text }, includeFrom(files));
}

export function includeFrom(files: Readonly<Record<string, string>>): (name: string) => Source | null {
  return (name) => {
    const text = files[name];
    return text === undefined ? null : { path: name, text };
  };
}

/** `CODE message` of what `work` throws; anything but our error is thrown on. */
export function faultOf(work: () => unknown): string {
  try {
    work();
    return 'no error';
  } catch (error) {
    if (error instanceof StsyncError) return `${error.code} ${error.message}`;
    throw error;
  }
}
