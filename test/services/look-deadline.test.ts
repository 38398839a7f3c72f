/** `world.deadline`: how long a run may look, what becomes of the domains that were late, and of those that were not. Clock and network by hand. */
import { describe, expect, it } from 'vitest';
import { StsyncError } from '../../src/core/error.ts';
import { exitCodeOf, type RunReport } from '../../src/core/plan/report.ts';
import type { DomainPlan } from '../../src/core/plan/model.ts';
import { recordKey, type RecordKey } from '../../src/core/record-set.ts';
import type { Lookup, Resolver } from '../../src/effects/dns/resolver.ts';
import { type After, withinDomain, withinRun } from '../../src/services/look-deadline.ts';
import { noNetwork } from '../support/no-network.ts';
import { mxSet, wantedDomain, World } from '../support/world.ts';

/** Timers that ring when a test says so. */
class Timers {
  /** Those that run, in the order of their start: the one of the run first. */
  readonly running: { readonly ms: number; readonly ring: () => void }[] = [];
  readonly after: After = (ms, ring) => {
    const timer = { ms, ring };
    this.running.push(timer);
    return () => void this.running.splice(this.running.indexOf(timer), 1);
  };

  ring(ms: number): void {
    for (const timer of this.running.filter((one) => one.ms === ms)) timer.ring();
  }
}

const RUN = 600_000;
const ONE_DOMAIN = 120_000;
type Silence = 'ends with its signal' | 'takes no notice of its signal';
const silences: readonly Silence[] = ['ends with its signal', 'takes no notice of its signal'];

function never(silence: Silence, signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (silence === 'ends with its signal') signal.addEventListener('abort', () => reject(signal.reason));
  });
}

/** DNS that shows the records of the world, and is silent about every name of `dead` domains. */
class SlowWorld extends World {
  readonly timers = new Timers();
  readonly asked: string[] = [];
  dead: (name: string) => boolean = () => false;
  silence: Silence = 'ends with its signal';

  constructor(domains: readonly string[]) {
    super(domains.map((domain) => mxSet(domain, [`mx1.${domain}`])));
    this.after = this.timers.after;
    const resolver: Resolver = {
      lookup: async (name, type, signal) => {
        this.asked.push(name);
        return this.dead(name) ? never(this.silence, signal) : this.#answer(name, type);
      },
      addresses: () => Promise.resolve({ kind: 'addresses', addresses: [], chain: [] }),
      close: () => Promise.resolve(),
    };
    this.network = { ...noNetwork, resolver, freshResolver: () => resolver };
  }

  #answer(name: string, type: Lookup['type']): Lookup {
    const known = this.sets.get(recordKey({ name, type: type === 'MX' ? 'MX' : type === 'CNAME' ? 'CNAME' : 'TXT' }));
    const set = known?.type === type ? { ...known, type } : null;
    const outcome = { kind: 'answer', rcode: 'NOERROR', set, chain: [], isAuthoritative: true } as const;
    const server = { server: 'ns1.example.net', address: '192.0.2.1:53', outcome };
    return { name, type, zone: name, servers: [server], isAuthoritative: true };
  }
}

function inDns(domain: string): ReturnType<typeof wantedDomain> {
  return wantedDomain(domain, { observe: 'dns' });
}

function planOf(report: RunReport, domain: string): DomainPlan {
  const plan = report.domains.find((one) => one.domain === domain);
  if (plan === undefined) throw new Error(`no result for ${domain}`);
  return plan;
}

function errorsOf(plan: DomainPlan): readonly string[] {
  return plan.findings.filter((one) => one.severity === 'error').map((one) => one.code);
}

describe('the deadline of a run', () => {
  it.each(silences)('fails what is late and does the rest, where the late one %s', async (silence) => {
    const world = new SlowWorld(['slow.example', 'good.example']);
    world.dead = (name) => name.endsWith('slow.example');
    world.silence = silence;
    const wanted = [inDns('slow.example'), inDns('good.example')];
    const report = await world.sync(wanted, { onProgress: () => world.timers.ring(RUN) });
    const slow = planOf(report, 'slow.example');
    expect(slow).toMatchObject({ status: 'failed', steps: [], mx: { live: null } });
    expect(errorsOf(slow)).toEqual(['LOOK_DEADLINE']);
    expect(slow.findings[0]?.message).toContain('may look for 10m');
    expect(planOf(report, 'good.example').status).toBe('changed');
    expect(world.writes.filter((write) => write.includes('slow.example'))).toEqual([]);
    expect(exitCodeOf(report)).toBe(3);
    expect(world.timers.running).toEqual([]);
  });

  it('gives every domain a result and asks nothing of those not begun, rule 9', async () => {
    const names = Array.from({ length: 40 }, (_, at) => `d${at}.example`);
    const world = new SlowWorld(names);
    // Sixteen are looked at at once; when two of them have answered the time is over, and at most two more were begun.
    world.dead = (name) => !name.endsWith('d0.example') && !name.endsWith('d1.example');
    const onProgress = (done: number): void => {
      if (done === 2) world.timers.ring(RUN);
    };
    const report = await world.dryRun(names.map(inDns), { onProgress });
    expect(report.domains.map((one) => one.domain)).toEqual(names);
    expect(report.domains.map((one) => one.status)).toEqual(names.map((_, at) => (at < 2 ? 'drift' : 'failed')));
    expect(exitCodeOf(report)).toBe(2);
    const begun = new Set(world.asked.map((name) => name.split('.').at(-2)));
    expect(begun.size).toBeLessThanOrEqual(18);
    expect(world.writes).toEqual([]);
    expect(world.timers.running).toEqual([]);
  });

  it('never takes a late look for an empty one: nothing is deleted, narrowed or rotated, rule 1', async () => {
    const world = new SlowWorld(['example.com']);
    await world.sync([inDns('example.com')]);
    const id = world.id('example.com');
    const { length } = world.writes;
    world.dead = () => true;
    for (const rest of [{ absent: true }, { maxAgeSeconds: 3600 }, { mode: 'enforce' }, { tlsReports: [] }] as const) {
      const run = world.later(40 * 86_400).sync([{ ...inDns('example.com'), ...rest }], { isRotationAsked: true });
      world.timers.ring(RUN);
      expect(errorsOf(planOf(await run, 'example.com'))).toEqual(['LOOK_DEADLINE']);
    }
    expect(world.writes).toHaveLength(length);
    world.dead = () => false;
    expect(planOf(await world.dryRun([inDns('example.com')]), 'example.com').status).toBe('in sync');
    expect(world.id('example.com')).toBe(id);
  });

  it('runs no more when the first write begins', async () => {
    const world = new SlowWorld(['example.com']);
    const running: number[] = [];
    world.fault = () => void running.push(world.timers.running.length);
    await world.sync([inDns('example.com')]);
    expect(running.length).toBeGreaterThan(0);
    expect(new Set(running)).toEqual(new Set([0]));
  });
});

describe('the deadline of one domain', () => {
  it('fails that domain alone', async () => {
    const world = new SlowWorld(['slow.example', 'good.example']);
    world.dead = (name) => name.endsWith('slow.example');
    const report = await world.sync([inDns('slow.example'), inDns('good.example')], {
      onProgress: () => world.timers.ring(ONE_DOMAIN),
    });
    const slow = planOf(report, 'slow.example');
    expect(errorsOf(slow)).toEqual(['LOOK_DEADLINE']);
    expect(slow.findings[0]?.message).toBe('this domain was not looked at within 2m');
    expect(planOf(report, 'good.example').status).toBe('changed');
  });

  it.each([
    [600, 120],
    [3600, 720],
    [30, 30],
  ])('is, of %i s, %i s', async (deadlineSeconds, seconds) => {
    const timers = new Timers();
    const world = { signal: new AbortController().signal, after: timers.after };
    const running = await withinRun({ deadlineSeconds }, world, (bounded) =>
      withinDomain({ deadlineSeconds }, bounded, () => Promise.resolve(timers.running.map(({ ms }) => ms / 1000))),
    );
    expect(running).toEqual([deadlineSeconds, seconds]);
    expect(timers.running).toEqual([]);
  });

  it('leaves an interruption what it is: the end of the run', async () => {
    const interrupted = new AbortController();
    const timers = new Timers();
    const world = { signal: interrupted.signal, after: timers.after };
    const reason = new StsyncError('INTERRUPTED', 'interrupted');
    const look = withinDomain({ deadlineSeconds: 600 }, world, ({ signal }) =>
      never('takes no notice of its signal', signal),
    );
    interrupted.abort(reason);
    await expect(look).rejects.toBe(reason);
    expect(timers.running).toEqual([]);
  });
});

describe('the deadline of asking the providers', () => {
  it.each(silences)('is one of its own: who was looked at in time is done, where a provider %s', async (silence) => {
    const world = new SlowWorld(['slow.example', 'good.example', 'same.example']);
    await world.sync([inDns('same.example')]);
    const { provider } = world;
    const whole = { ...provider };
    Object.assign(provider, {
      read: (keys: readonly RecordKey[], signal: AbortSignal) => {
        if (!keys.some(({ name }) => name.endsWith('slow.example'))) return whole.read(keys, signal);
        // A turn of the event loop later, so that the others have been asked too.
        setImmediate(() => world.timers.ring(RUN));
        return never(silence, signal);
      },
    });
    const report = await world.sync([inDns('slow.example'), inDns('good.example'), inDns('same.example')]);
    expect(errorsOf(planOf(report, 'slow.example'))).toEqual(['LOOK_DEADLINE']);
    expect(planOf(report, 'good.example').status).toBe('changed');
    expect(planOf(report, 'same.example').status).toBe('in sync');
    expect(world.txt('_mta-sts.slow.example')).toEqual([]);
    expect(world.timers.running).toEqual([]);
  });
});
