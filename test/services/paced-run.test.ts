import { describe, expect, test } from 'vitest';
import { FakeClock } from '../support/fake-clock.ts';
import { mxSet, wantedDomain, World } from '../support/world.ts';

const names = Array.from({ length: 60 }, (_, index) => `d${String(index).padStart(2, '0')}.example`);

/** A world on a clock, and at which second of the run each domain was looked at. */
function worldOn(clock: FakeClock): { readonly world: World; readonly lookedAt: Map<string, number> } {
  const world = new World(names.map((name) => mxSet(name, [`mx1.${name}`])));
  world.after = clock.after;
  const lookedAt = new Map<string, number>();
  const inner = { ...world.publisher };
  const startMs = clock.now().getTime();
  Object.assign(world.publisher, {
    read: (host: string) => {
      const domain = host.replace(/^mta-sts\./, '');
      if (!lookedAt.has(domain)) lookedAt.set(domain, (clock.now().getTime() - startMs) / 1000);
      return inner.read(host);
    },
  });
  return { world, lookedAt };
}

describe('a run with paceMs', () => {
  test('begins its looks evenly over that time', async () => {
    const clock = new FakeClock('2026-11-24T12:00:00Z');
    const { world, lookedAt } = worldOn(clock);
    const run = world.dryRun(
      names.map((name) => wantedDomain(name)),
      { paceMs: 59_000 },
    );
    await clock.pass(60_000);
    expect((await run).domains).toHaveLength(60);
    for (const [index, name] of names.entries()) expect(lookedAt.get(name)).toBeCloseTo(index, 1);
  });

  test('may look for as long as it is spread, and `world.deadline` on top: none is late for being paced', async () => {
    const clock = new FakeClock('2026-11-24T12:00:00Z');
    const { world } = worldOn(clock);
    const run = world.dryRun(
      names.map((name) => wantedDomain(name)),
      { paceMs: 900_000 },
    );
    await clock.pass(901_000);
    const { domains } = await run;
    expect(domains.filter(({ status }) => status === 'failed')).toEqual([]);
  });

  test('is judged as a whole: max-changed-domains counts all of it', async () => {
    const clock = new FakeClock('2026-11-24T12:00:00Z');
    const { world } = worldOn(clock);
    const first = world.sync(
      names.map((name) => wantedDomain(name)),
      { paceMs: 1000 },
    );
    await clock.pass(2000);
    expect((await first).domains.every(({ status }) => status === 'changed')).toBe(true);
    const second = world.sync(
      names.map((name) => wantedDomain(name, { maxAgeSeconds: 90_000 })),
      { paceMs: 59_000 },
    );
    await clock.pass(60_000);
    expect((await second).domains.map(({ status }) => status)).toEqual(names.map(() => 'held'));
  });

  test('without it looks at all of them at once', async () => {
    const { world, lookedAt } = worldOn(new FakeClock('2026-11-24T12:00:00Z'));
    await world.dryRun(names.map((name) => wantedDomain(name)));
    expect(new Set(lookedAt.values())).toEqual(new Set([0]));
  });
});
