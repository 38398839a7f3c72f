/** A fake CA of its own for each test of a `describe`, and clients at it whose waits take no time. */
import { afterEach, beforeEach } from 'vitest';

import type { Acme, AcmeOptions } from '../../../src/effects/acme/client.ts';
import { type FakeAcme, type FakeAcmeOptions, startFakeAcme } from '../../fakes/acme-server.ts';
import type { HttpFault } from '../../fakes/fake-server.ts';
import type { Ca } from '../../support/ca.ts';
import { openAt, QuickClock } from './rig.ts';

export interface FakeRig {
  readonly fake: () => FakeAcme;
  /** Another fake CA in place of that one. */
  readonly start: (options: FakeAcmeOptions) => Promise<void>;
  readonly open: (more?: Partial<AcmeOptions>) => Acme;
  /** What was waited, in milliseconds. */
  readonly waits: () => number[];
  /** The next requests to a path that begins so go wrong. */
  readonly fail: (path: string, fault: HttpFault, times?: number) => void;
  /** How many signed requests there were to a path. */
  readonly posts: (path: string) => number;
}

export function fakeRig(ca: Omit<Ca, typeof Symbol.asyncDispose>): FakeRig {
  let running: FakeAcme | null = null;
  let clock = new QuickClock();
  const fake = (): FakeAcme => {
    if (running === null) throw new Error('the fake CA does not run');
    return running;
  };
  const stop = async (): Promise<void> => running?.[Symbol.asyncDispose]();
  beforeEach(async () => {
    clock = new QuickClock();
    running = await startFakeAcme(ca);
  });
  afterEach(stop);
  return {
    fake,
    start: async (options) => {
      await stop();
      running = await startFakeAcme(ca, options);
    },
    open: (more = {}) => openAt({ directoryUrl: fake().directoryUrl, caFile: ca.file }, { clock, ...more }),
    waits: () => clock.waits,
    fail: (path, fault, times = 1) => fake().server.fail(fault, (request) => request.path.startsWith(path), times),
    posts: (path) => fake().server.requests.filter((one) => one.method === 'POST' && one.path === path).length,
  };
}
