/** The reference provider passes the suite. */
import { openMemory } from '../../providers/memory/provider.ts';
import { recordKey, type RecordSet } from '../../src/core/record-set.ts';
import { describeProvider } from './suite.ts';

const all = { isAtomic: true, hasCompareAndSwap: true, isReadLocal: true, canReadMx: true };

describeProvider('memory', all, async (records) => {
  const sets = new Map<string, RecordSet>();
  return {
    provider: openMemory(['zone.test'], records('zone.test'), sets),
    zone: 'zone.test',
    nameOutside: '_mta-sts.elsewhere.test',
    put: async (key, set) => {
      sets.delete(recordKey(key));
      // Memory stores sets as the contract has them; a service that keeps the case would undo it when it reads.
      if (set !== null)
        sets.set(recordKey(key), {
          ...set,
          ...key,
          rdata: set.type === 'TXT' ? set.rdata : set.rdata.map((one) => one.toLowerCase().replace(/^0+(?=\d)/, '')),
        });
    },
    snapshot: async () => JSON.stringify([...sets]),
    close: async () => {},
  };
});
