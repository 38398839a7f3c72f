/** The reference provider passes the suite. */
import { openMemory } from '../../providers/memory/provider.ts';
import { recordKey, type RecordSet } from '../../src/core/record-set.ts';
import { describeProvider } from './suite.ts';

describeProvider('memory', async (records) => {
  const sets = new Map<string, RecordSet>();
  return {
    provider: openMemory(['zone.test'], records('zone.test'), sets),
    zone: 'zone.test',
    nameOutside: '_mta-sts.elsewhere.test',
    put: async (key, set) => {
      sets.delete(recordKey(key));
      // Memory holds sets as the contract has them; a service that keeps the case has to undo it when it reads.
      if (set !== null)
        sets.set(recordKey(key), {
          ...set,
          ...key,
          rdata: set.rdata.map((one) => (set.type === 'TXT' ? one : one.toLowerCase())),
        });
    },
    snapshot: async () => JSON.stringify([...sets]),
    close: async () => {},
  };
});
