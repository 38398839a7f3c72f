/** The provider `zonefile` passes the suite, on files in a temporary directory. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { open } from '../../providers/zonefile/provider.ts';
import { recordKey, type RecordSet } from '../../src/core/record-set.ts';
import { tempDirectory } from '../effects/temp-directory.ts';
import { testContext } from '../providers/context.ts';
import { describeProvider } from './suite.ts';

describeProvider('zonefile', async (records) => {
  const directory = tempDirectory();
  const file = join(directory, 'zone.test.zone');
  const sets = new Map(records('zone.test').map((set) => [recordKey(set), set]));
  await writeFile(file, zoneText([...sets.values()]));
  const provider = await open({ directory: directory }, testContext());
  return {
    provider,
    zone: 'zone.test',
    nameOutside: '_mta-sts.elsewhere.test',
    put: async (key, set) => {
      const keys = [...sets.values()].filter((one) => recordKey(one) !== recordKey(key));
      const others = await provider.read(keys, new AbortController().signal);
      if (set === null) sets.delete(recordKey(key));
      else sets.set(recordKey(key), { ...set, ...key });
      await writeFile(file, zoneText(set === null ? others : [...others, set]));
    },
    snapshot: () => readFile(file, 'latin1'),
    close: async () => {},
  };
});

function zoneText(sets: readonly RecordSet[]): string {
  const lines = sets.flatMap((set) => set.rdata.map((one) => `${set.name}. ${set.ttlSeconds} IN ${set.type} ${one}`));
  return `$TTL 1h\n@ SOA ns hostmaster 2026112400 1h 15m 1w 5m\n@ NS ns.example.net.\n${lines.join('\n')}\n`;
}
