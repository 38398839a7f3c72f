/** Calls to a provider are repeated in one place: reads when it may help, writes only when a read has shown that nothing landed. No test waits. */
import { describe, expect, it } from 'vitest';

import { openMemory } from '../../providers/memory/provider.ts';
import { StsyncError, type ErrorDetails } from '../../src/core/error.ts';
import { txtSet, type RecordChange } from '../../src/core/record-set.ts';
import { withRetries } from '../../src/effects/retry.ts';
import type { Provider } from '../../src/provider.ts';

const { signal } = new AbortController();
const set = txtSet('_mta-sts.zone.test', 300, ['v=STSv1; id=1;']);
const change: RecordChange = { name: set.name, type: 'TXT', before: null, after: set };

function lost(details: ErrorDetails = { retryable: true }): StsyncError {
  return new StsyncError('PROVIDER_TIMEOUT', 'no answer', details);
}

function fail(errors: StsyncError[]): void {
  const error = errors.shift();
  if (error !== undefined) throw error;
}

function busy(retryAfterSeconds: number): StsyncError {
  return lost({ retryable: true, retryAfterSeconds });
}

/** A provider over the network whose calls fail as the test says, and a clock that only sleeping moves. */
function rig(random = 1): {
  provider: Provider;
  inner: Provider;
  calls: string[];
  waits: number[];
  failures: { read: StsyncError[]; before: StsyncError[]; after: StsyncError[] };
} {
  const memory = openMemory(['zone.test']);
  const calls: string[] = [];
  const waits: number[] = [];
  const failures: ReturnType<typeof rig>['failures'] = { read: [], before: [], after: [] };
  const inner: Provider = {
    ...memory,
    capabilities: { ...memory.capabilities, isReadLocal: false },
    read: async (keys, stop) => {
      calls.push('read');
      fail(failures.read);
      return memory.read(keys, stop);
    },
    apply: async (changes, stop) => {
      calls.push('apply');
      fail(failures.before);
      await memory.apply(changes, stop);
      fail(failures.after);
    },
  };
  let nowMs = 0;
  const sleep = async (ms: number): Promise<void> => {
    waits.push(ms);
    nowMs += ms;
  };
  const provider = withRetries(inner, { nowMs: () => nowMs, sleep, random: () => random });
  return { provider, inner, calls, waits, failures };
}

describe('a read', () => {
  it('is repeated, with waits that double, and then gives what is there', async () => {
    const { provider, calls, waits, failures } = rig();
    failures.read.push(lost(), lost(), lost());
    expect(await provider.read([set], signal)).toEqual([]);
    expect(calls).toEqual(['read', 'read', 'read', 'read']);
    expect(waits).toEqual([500, 1000, 2000]);
  });

  it('is given up after three more tries', async () => {
    const { provider, calls, failures } = rig();
    failures.read.push(lost(), lost(), lost(), lost(), lost());
    await expect(provider.read([set], signal)).rejects.toThrow('no answer');
    expect(calls.length).toBe(4);
  });

  it('waits anything up to the bound: full jitter', async () => {
    const { provider, waits, failures } = rig(0.1);
    failures.read.push(lost(), lost());
    await provider.read([set], signal);
    expect(waits).toEqual([50, 100]);
  });

  it('is not repeated when it cannot succeed', async () => {
    const { provider, calls, failures } = rig();
    failures.read.push(lost({ retryable: false }));
    await expect(provider.read([set], signal)).rejects.toThrow('no answer');
    expect(calls).toEqual(['read']);
  });

  it('waits as long as the service asks, up to a cap, within one deadline', async () => {
    const { provider, waits, calls, failures } = rig();
    failures.read.push(busy(7));
    await provider.read([set], signal);
    expect(waits).toEqual([7000]);
    failures.read.push(busy(86_400), busy(86_400), busy(86_400));
    await expect(provider.read([set], signal)).rejects.toThrow('no answer');
    // Two waits of 30 s fill the minute.
    expect(waits).toEqual([7000, 30_000, 30_000]);
    expect(calls.length).toBe(2 + 3);
  });

  it('is not repeated after an interruption', async () => {
    const { provider, calls, failures } = rig();
    const controller = new AbortController();
    failures.read.push(lost());
    controller.abort(new Error('interrupted'));
    await expect(provider.read([set], controller.signal)).rejects.toThrow('no answer');
    expect(calls).toEqual(['read']);
  });
});

describe('a write', () => {
  it('that did not land is looked for, and made again', async () => {
    const { provider, calls, failures } = rig();
    failures.before.push(lost());
    await provider.apply([change], signal);
    expect(calls).toEqual(['apply', 'read', 'apply']);
  });

  it('that landed is not made again: its error goes to the executor, which looks', async () => {
    const { provider, calls, failures } = rig();
    failures.after.push(lost());
    await expect(provider.apply([change], signal)).rejects.toThrow('no answer');
    expect(calls).toEqual(['apply', 'read']);
  });

  it('of which nobody knows is not made again', async () => {
    const { provider, calls, failures } = rig();
    failures.before.push(lost());
    failures.read.push(lost({ retryable: false }));
    await expect(provider.apply([change], signal)).rejects.toThrow('no answer');
    expect(calls).toEqual(['apply', 'read']);
  });

  it('of which a part landed is not made again', async () => {
    const { provider, inner, calls, failures } = rig();
    const other: RecordChange = {
      ...change,
      name: '_smtp._tls.zone.test',
      after: { ...set, name: '_smtp._tls.zone.test' },
    };
    await inner.apply([other], signal);
    calls.splice(0);
    failures.before.push(lost());
    await expect(provider.apply([change, other], signal)).rejects.toThrow('no answer');
    expect(calls).toEqual(['apply', 'read']);
  });
});

it('leaves a provider alone whose reads are local', () => {
  const local = openMemory(['zone.test']);
  expect(withRetries(local, { nowMs: () => 0, sleep: () => Promise.resolve(), random: () => 0 })).toBe(local);
});
