/** A zone hosted twice: `provider: [a, b]`, and the map form (DESIGN section 4). One id at both, whatever happens at one of them. */
import { describe, expect, it } from 'vitest';
import { openMemory } from '../../providers/memory/provider.ts';
import type { DomainConfig } from '../../src/core/config/model.ts';
import { StsyncError } from '../../src/core/error.ts';
import { rdataText, type RecordSet } from '../../src/core/record-set.ts';
import type { Provider } from '../../src/provider.ts';
import { mxSet, theDomain, wantedDomain, World } from '../support/world.ts';

const D = 'example.com';
const ID_NAME = `_mta-sts.${D}`;
const both = { kind: 'all', names: ['main', 'second'] } as const;

function wanted(rest: Partial<DomainConfig> = {}): DomainConfig {
  return wantedDomain(D, { providers: both, ...rest });
}

/** What goes wrong at the second provider when the id is written. */
type Trouble = 'none' | 'refused' | 'lost answer' | 'unknown' | 'unreachable';

/** The provider `second`: a memory that fails as it is told to. */
class Second {
  readonly sets = new Map<string, RecordSet>();
  /** Every id that was written here. */
  readonly ids = new Set<string | undefined>();
  trouble: Trouble = 'none';
  #isDark = false;
  readonly provider: Provider;

  constructor() {
    const inner = openMemory(null, [mxSet(D, [`mx1.${D}`])], this.sets);
    this.provider = {
      ...inner,
      read: async (keys, signal) => {
        if (this.#isDark) throw unreachable();
        return inner.read(keys, signal);
      },
      apply: async (changes, signal) => {
        const isId = changes.some(({ name }) => name === ID_NAME);
        const trouble = isId ? this.trouble : 'none';
        if (trouble === 'refused') throw new StsyncError('PROVIDER_REFUSED', 'no more records');
        if (trouble === 'unreachable') {
          this.#isDark = true;
          throw unreachable();
        }
        await inner.apply(changes, signal);
        if (isId) this.ids.add(this.id());
        if (trouble === 'none') return;
        this.#isDark = trouble === 'unknown';
        throw new StsyncError('PROVIDER_TIMEOUT', 'no answer', { retryable: true });
      },
    };
  }

  /** All is well again. */
  heal(): void {
    this.trouble = 'none';
    this.#isDark = false;
  }

  id(): string | undefined {
    const texts = (this.sets.get(`${ID_NAME} TXT`)?.rdata ?? []).map((rdata) => rdataText('TXT', rdata));
    return /id=(\w+)/.exec(texts.join())?.[1];
  }
}

function unreachable(): StsyncError {
  return new StsyncError('PROVIDER_UNREACHABLE', 'no route', { retryable: true });
}

interface Published {
  readonly world: World;
  readonly second: Second;
  readonly id: string;
  /** Every id that was written at the first provider. */
  readonly ids: ReadonlySet<string | undefined>;
}

/** Published at both. */
async function published(): Promise<Published> {
  const ids = new Set<string | undefined>();
  const world = new World([mxSet(D, [`mx1.${D}`])]);
  const second = new Second();
  world.others.set('second', second.provider);
  world.fault = (write, when) => {
    if (write === `write ${ID_NAME} TXT` && when === 'after') ids.add(world.id(D));
  };
  expect(theDomain(await world.sync([wanted()])).status).toBe('changed');
  const id = world.id(D) ?? '';
  expect([id.length, second.id()]).toEqual([30, id]);
  return { world: world.later(600), second, id, ids };
}

describe('`provider: [a, b]`', () => {
  it('writes every record at both, under one id', async () => {
    const { world, second, ids } = await published();
    const names = [ID_NAME, `mta-sts.${D}`, `_smtp._tls.${D}`];
    for (const sets of [world.sets, second.sets])
      expect(names.every((name) => [...sets.values()].some((set) => set.name === name))).toBe(true);
    expect(theDomain(await world.sync([wanted()])).status).toBe('in sync');
    await world.later(600).sync([wanted({ maxAgeSeconds: 172_800 })]);
    expect(second.id()).toBe(world.id(D));
    expect([ids.size, second.ids]).toEqual([2, ids]);
  });

  it.each<[string, Trouble, string, boolean]>([
    ['refuses it', 'refused', 'failed', false],
    ['cannot be reached', 'unreachable', 'failed', false],
    ['takes it, says nothing, and cannot be looked at', 'unknown', 'failed', true],
    ['takes it and says nothing', 'lost answer', 'changed', true],
  ])('where b %s, finishes the same id there, and makes no other', async (_, trouble, status, isThere) => {
    const { world, second, id, ids } = await published();
    const next = wanted({ maxAgeSeconds: 172_800 });
    second.trouble = trouble;
    expect(theDomain(await world.sync([next])).status).toBe(status);
    const fresh = world.id(D);
    expect(fresh).not.toBe(id);
    expect(second.id()).toBe(isThere ? fresh : id);
    // While it lasts, no run makes another id.
    await world.later(600).sync([next]);
    expect(world.id(D)).toBe(fresh);
    // Nor is it forgotten that b is not done, also where b shows nothing.
    const unfinished = world.store.journal({ isUnfinished: true }).map(({ name }) => name);
    expect(unfinished).toEqual(status === 'failed' ? [ID_NAME] : []);

    second.heal();
    await world.later(600).sync([next]);
    expect([world.id(D), second.id()]).toEqual([fresh, fresh]);
    expect([ids, second.ids]).toEqual([new Set([id, fresh]), new Set([id, fresh])]);
    expect(theDomain(await world.later(600).sync([next])).status).toBe('in sync');
  });

  it.each<[string, Partial<DomainConfig>, boolean]>([
    ['another policy', { maxAgeSeconds: 259_200 }, false],
    ['the policy of before', {}, false],
    ['a new id on request', { maxAgeSeconds: 172_800 }, true],
    ['the removal', { absent: true }, false],
  ])('%s, wanted while b lags, waits for b: a does not rotate again', async (_, rest, isRotationAsked) => {
    const { world, second, id, ids } = await published();
    second.trouble = 'refused';
    await world.sync([wanted({ maxAgeSeconds: 172_800 })]);
    const fresh = world.id(D);
    const body = world.body(D);
    const last = wanted(rest);
    for (let run = 0; run < 2; run++) {
      const plan = theDomain(await world.later(600).sync([last], { isRotationAsked }));
      expect([plan.status, plan.id.next, world.id(D), second.id()]).toEqual(['failed', null, fresh, id]);
      expect(world.body(D)).toBe(body);
      expect(plan.steps.find((step) => step.kind === 'wait')?.reason).toContain('not at every provider yet');
    }

    second.heal();
    const plan = theDomain(await world.later(600).sync([last], { isRotationAsked }));
    expect([plan.status, world.id(D), second.id()]).toEqual(['waiting', fresh, fresh]);
    await world.later(600).sync([last], { isRotationAsked });
    expect([ids.size, second.ids, second.id()]).toEqual([3, ids, world.id(D)]);
    expect([id, fresh]).not.toContain(world.id(D));
  });

  it('is announced from when the last one has the id', async () => {
    const { world, second } = await published();
    const next = wanted({ maxAgeSeconds: 172_800 });
    second.trouble = 'refused';
    await world.sync([next]);
    await world.later(600).sync([next]);
    expect(world.memories.get(D)?.history.at(-1)).toMatchObject({ id: world.id(D), rotatedAt: null });
    second.heal();
    await world.later(600).sync([next]);
    expect(world.memories.get(D)?.history.at(-1)).toMatchObject({ id: world.id(D), rotatedAt: world.now });
  });

  it('goes on without what an earlier run remembered: the ids themselves say which is newer', async () => {
    const { world, second } = await published();
    second.trouble = 'refused';
    await world.sync([wanted({ maxAgeSeconds: 172_800 })]);
    const fresh = world.id(D);
    world.memories.clear();
    second.heal();
    await world.later(600).sync([wanted({ maxAgeSeconds: 259_200, adopt: true })]);
    expect([world.id(D), second.id()]).toEqual([fresh, fresh]);
  });

  it('that lost the record by hand gets it back under the same id', async () => {
    const { world, second, id, ids } = await published();
    second.sets.delete(`${ID_NAME} TXT`);
    expect(theDomain(await world.sync([wanted()])).status).toBe('changed');
    expect([world.id(D), second.id(), [...ids]]).toEqual([id, id, [id]]);
  });
});

describe('the map form of `provider`', () => {
  const byRecord = new Map([
    ['_mta-sts', ['main', 'second']],
    ['mta-sts', ['second']],
    ['_smtp._tls', ['main']],
  ] as const);

  it('writes each record where the map says, and one id at all of its providers', async () => {
    const world = new World([mxSet(D, [`mx1.${D}`])]);
    const second = new Second();
    world.others.set('second', second.provider);
    const mapped = wanted({ providers: { kind: 'by-record', byRecord } });
    expect(theDomain(await world.sync([mapped])).status).toBe('changed');
    expect([...world.sets.keys()].toSorted()).toEqual([`${ID_NAME} TXT`, `_smtp._tls.${D} TXT`, `${D} MX`]);
    expect([...second.sets.keys()].toSorted()).toEqual([`${ID_NAME} TXT`, `${D} MX`, `mta-sts.${D} CNAME`]);
    expect(second.id()).toBe(world.id(D));
    expect(theDomain(await world.later(600).sync([mapped])).status).toBe('in sync');
  });
});
