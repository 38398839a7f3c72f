/** Whatever the CA does and whenever the worker ends: no host has two orders at once, the CA gets no more than its limit, and all come to certificates. */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { AcmeScope } from '../../../src/effects/acme/scope.ts';
import { problem } from '../../fakes/acme-memory.ts';
import { runs } from '../../property-runs.ts';
import { DAY, HOUR, MINUTE, Rig } from './rig.ts';

const HOSTS = Array.from({ length: 6 }, (_, index) => `mta-sts.${index}.test`);
const LIMITS = { count: 4, perSeconds: 1_800 };
const LIVE = ['pending', 'ready', 'processing'];

const event = fc.record({
  minutes: fc.integer({ min: 1, max: 90 }),
  /** Of this scope is what the CA answers meanwhile to this call; null: it works. */
  scope: fc.option(fc.constantFrom<AcmeScope>('network', 'queue', 'account'), { nil: null }),
  call: fc.constantFrom('newOrder', 'readOrder', 'challenges', 'answer', 'finalize', 'certificate', 'renewalInfo'),
  refused: fc.subarray(HOSTS),
  processingMinutes: fc.constantFrom(0, 0, 1, 20),
  isRestarted: fc.boolean(),
});

test('a story of faults, refusals and restarts', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 8 }), async (events) => {
      const rig = await Rig.open(HOSTS);
      rig.limits = LIMITS;
      const doubles: string[] = [];
      rig.ca.after = (call) => {
        const made = call === 'newOrder' ? rig.ca.orders.at(-1) : undefined;
        const before = rig.ca.orders.filter((order) => order.host === made?.host && order !== made);
        if (before.some(({ status }) => LIVE.includes(status))) doubles.push(made?.host ?? '');
        return Promise.resolve();
      };
      rig.start();
      for (const { minutes, scope, call, refused, processingMinutes, isRestarted } of events) {
        rig.ca.fault = (asked) => (scope !== null && asked === call ? problem('fault', scope, 'no', null, 500) : null);
        rig.ca.refused.clear();
        for (const host of refused) rig.ca.refused.add(host);
        rig.ca.processingMs = processingMinutes * MINUTE;
        await rig.pass(minutes * MINUTE, 5 * MINUTE);
        if (!isRestarted) continue;
        await rig.stop();
        rig.start();
      }
      rig.ca.fault = null;
      rig.ca.refused.clear();
      rig.ca.processingMs = 0;
      await rig.pass(2 * DAY, HOUR);
      const counted = rig.ca.orders.filter(({ replaces }) => replaces === undefined).map(({ at }) => at.getTime());
      const gapMs = (LIMITS.perSeconds * 1_000) / LIMITS.count;
      for (const [first, from] of counted.entries())
        for (const [last, to] of counted.entries())
          if (last >= first) expect(last - first + 1).toBeLessThanOrEqual(LIMITS.count + (to - from) / gapMs + 1e-3);
      expect(doubles).toEqual([]);
      expect(HOSTS.filter((host) => rig.record(host).certificate === null)).toEqual([]);
      expect(rig.troubles.filter((trouble) => trouble.startsWith('INTERNAL'))).toEqual([]);
      await rig.stop();
    }),
    runs(8),
  );
}, 600_000);
