/** Everything that can happen to a request or an answer: what is known afterwards, and what the executor makes of it. */
import { afterEach, describe, expect, it } from 'vitest';

import { applyChanges, UnknownOutcome } from '../../../src/services/apply-records.ts';
import type { HttpFault, SeenRequest } from '../../fakes/fake-server.ts';
import { ID_NAME, idChange, signal } from '../id-record.ts';
import { lostAnswers, lostReads } from '../lost-http.ts';
import { errorOf, startRig, type Rig } from './rig.ts';

const TIMEOUT_MS = 800;
const isRead = ({ path }: SeenRequest): boolean => path.endsWith('/rrsets');
const isWrite = ({ path, method }: SeenRequest): boolean => path.endsWith('/changes') && method === 'POST';
const key = { name: ID_NAME, type: 'TXT' } as const;
const OLD = 'v=STSv1; id=1;';
const NEW = 'v=STSv1; id=2;';

let rig: Rig | null = null;

/** The id record is there; the zone is known already. */
async function started(): Promise<Rig> {
  rig = await startRig([{ ...key, ttlSeconds: 300, rdata: [`"${OLD}"`] }], TIMEOUT_MS);
  await rig.provider.read([key], signal);
  return rig;
}

/** No fault may be ordered that never came: such a test would show nothing. */
afterEach(() => {
  if ((rig?.fake.waitingFaults ?? 0) > 0) throw new Error('a fault was ordered and never came');
  rig = null;
});

const UNSUCCESSFUL_READ = [
  'an error under a 200',
  { kind: 'unsuccessful', isDone: false },
  'PROVIDER_BAD_ANSWER',
  true,
] as const;

describe('a read that gets', () => {
  it.each([...lostReads, UNSUCCESSFUL_READ])(
    '%s is an error and never "nothing there"',
    async (_, fault, code, retryable) => {
      const { fake, provider } = await started();
      fake.fail(fault, isRead);
      expect(await errorOf(provider.read([key], signal))).toMatchObject({ code, retryable });
      // The library repeats nothing, and a second question is as good as new.
      expect(fake.requests.filter(isRead)).toHaveLength(2);
      expect((await provider.read([key], signal))[0]?.rdata).toEqual([`"${OLD}"`]);
    },
  );

  it('Retry-After hands it on', async () => {
    const { fake, provider } = await started();
    fake.fail({ kind: 'busy', retryAfterSeconds: 42 }, isRead);
    expect(await errorOf(provider.read([key], signal))).toMatchObject({ retryAfterSeconds: 42 });
  });

  it('the same page for ever ends', async () => {
    const { fake, zone, provider } = await started();
    zone.put([{ name: ID_NAME, type: 'A', ttlSeconds: 60, rdata: ['192.0.2.1'] }]);
    fake.settings.pageSize = 1;
    fake.fail({ kind: 'pages-repeat' }, isRead, 3);
    expect(await errorOf(provider.read([key], signal))).toMatchObject({ code: 'PROVIDER_BAD_ANSWER' });
    expect(fake.requests.filter(isRead).length).toBeLessThan(5);
    fake.settings.pageSize = 100;
    fake.forgetRequests();
    await provider.read([key], signal).catch(() => undefined);
  });
});

describe('a write that is carried out and answered with', () => {
  it.each(lostAnswers)('%s is looked at again and found done, once', async (_, fault) => {
    const { fake, zone, provider } = await started();
    fake.fail(fault, isWrite);
    expect(await applyChanges(provider, [idChange(OLD, NEW)], signal)).toMatch(
      /second look showed the change in place/,
    );
    expect(zone.records().map(({ rdata }) => rdata)).toEqual([`"${NEW}"`]);
    expect(zone.writes).toBe(1);
  });
});

describe('a write that did not land', () => {
  it.each<[string, HttpFault, string]>([
    ['the rate limit', { kind: 'busy', retryAfterSeconds: null }, 'PROVIDER_BUSY'],
    ['500', { kind: 'broken', status: 500, isDone: false }, 'PROVIDER_FAILED'],
    ['a reset', { kind: 'reset', isDone: false }, 'PROVIDER_UNREACHABLE'],
    ['silence', { kind: 'hang', isDone: false }, 'PROVIDER_TIMEOUT'],
  ])('because of %s is said, and the record is as it was', async (_, fault, code) => {
    const { fake, zone, provider } = await started();
    fake.fail(fault, isWrite);
    expect(await errorOf(applyChanges(provider, [idChange(OLD, NEW)], signal))).toMatchObject({
      code,
      retryable: true,
    });
    expect(zone.records().map(({ rdata }) => rdata)).toEqual([`"${OLD}"`]);
  });

  it('and cannot be looked at is of unknown outcome', async () => {
    const { fake, provider } = await started();
    fake.fail({ kind: 'reset', isDone: true }, isWrite);
    // The look before the write is good, that after it fails.
    let reads = 0;
    fake.fail({ kind: 'reset', isDone: false }, (request) => isRead(request) && ++reads > 2, 1);
    await expect(applyChanges(provider, [idChange(OLD, NEW)], signal)).rejects.toBeInstanceOf(UnknownOutcome);
  });

  it('because somebody else wrote between read and write is CHANGED_SINCE_READ: the service compares', async () => {
    const { fake, zone, provider } = await started();
    const act = (): void => zone.put([{ ...key, ttlSeconds: 300, rdata: ['"v=STSv1; id=theirs;"'] }]);
    fake.fail({ kind: 'meanwhile', act }, isWrite);
    expect(await errorOf(provider.apply([idChange(OLD, NEW)], signal))).toMatchObject({ code: 'CHANGED_SINCE_READ' });
    expect(zone.records().map(({ rdata }) => rdata)).toEqual(['"v=STSv1; id=theirs;"']);
  });

  it.each<[string, () => void]>([
    ['deleted it', () => rig?.zone.drop(key)],
    ['changed its TTL', () => rig?.zone.put([{ ...key, ttlSeconds: 77, rdata: [`"${OLD}"`] }])],
  ])('because somebody else %s is CHANGED_SINCE_READ', async (_, act) => {
    const { fake, provider } = await started();
    fake.fail({ kind: 'meanwhile', act }, isWrite);
    expect(await errorOf(provider.apply([idChange(OLD, NEW)], signal))).toMatchObject({ code: 'CHANGED_SINCE_READ' });
  });
});

describe('a change that is pending', () => {
  it('is waited for until all name servers have it', async () => {
    const { fake, zone, provider } = await started();
    fake.settings.pendingLooks = 2;
    await provider.apply([idChange(OLD, NEW)], signal);
    expect(fake.requests.filter(({ path }) => path.endsWith('/changes/1'))).toHaveLength(2);
    expect(zone.published().map(({ rdata }) => rdata)).toEqual([`"${NEW}"`]);
  });

  it('ends with the run that waits for it', async () => {
    const { fake, provider } = await started();
    fake.settings.pendingLooks = 1_000;
    const controller = new AbortController();
    const work = provider.apply([idChange(OLD, NEW)], controller.signal);
    await expect.poll(() => fake.requests.some(({ path }) => path.endsWith('/changes/1'))).toBe(true);
    controller.abort(new Error('enough'));
    await expect(work).rejects.toThrow(/enough|abort/);
  });
});
