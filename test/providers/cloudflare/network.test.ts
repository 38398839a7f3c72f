/** Everything that can happen to a request or an answer: what is known afterwards, and what the executor makes of it. */
import { afterEach, describe, expect, it } from 'vitest';

import { openCloudflare } from '../../../providers/cloudflare/provider.ts';
import { Secret } from '../../../src/core/secret.ts';
import { withRetries } from '../../../src/effects/retry.ts';
import { applyChanges, UnknownOutcome } from '../../../src/services/apply-records.ts';
import { FAKE_TOKEN } from '../../fakes/cloudflare.ts';
import type { HttpFault, SeenRequest } from '../../fakes/fake-server.ts';
import { ID_NAME, idChange, signal } from '../id-record.ts';
import { lostAnswers, lostReads } from '../lost-http.ts';
import { calls, errorOf, startRig, type Rig } from './rig.ts';

/** For what never comes; long enough for a busy machine to answer everything else. */
const TIMEOUT_MS = 1000;
const isRead = ({ path }: SeenRequest): boolean => path.endsWith('/dns_records');
const isWrite = ({ path }: SeenRequest): boolean => path.endsWith('/batch');
const key = { name: ID_NAME, type: 'TXT' } as const;
const OLD = 'v=STSv1; id=1;';
const NEW = 'v=STSv1; id=2;';

let rig: Rig | null = null;

/** The id record is there; the zone is known already. */
async function started(fault: HttpFault | null = null): Promise<Rig> {
  const records = [{ ...key, ttlSeconds: 300, rdata: [`"${OLD}"`] }];
  rig = await startRig(fault?.kind.startsWith('hang') === true ? { records, timeoutMs: TIMEOUT_MS } : { records });
  await rig.provider.read([key], signal);
  return rig;
}

/** No fault may be ordered that never came: such a test would show nothing. */
afterEach(() => {
  if ((rig?.fake.waitingFaults ?? 0) > 0) throw new Error('a fault was ordered and never came');
  rig = null;
});

const UNSUCCESSFUL = 'success: false on 200';
const UNSUCCESSFUL_READ = [UNSUCCESSFUL, { kind: 'unsuccessful', isDone: false }, 'PROVIDER_FAILED', true] as const;
const UNSUCCESSFUL_WRITE = [UNSUCCESSFUL, { kind: 'unsuccessful', isDone: true }] as const;

describe('a read that gets', () => {
  it.each([...lostReads, UNSUCCESSFUL_READ])(
    '%s is an error and never "nothing there"',
    async (_, fault, code, retryable) => {
      const { fake, provider } = await started(fault);
      fake.fail(fault, isRead);
      expect(await errorOf(provider.read([key], signal))).toMatchObject({ code, retryable });
      // A second one is as good as new.
      expect((await provider.read([key], signal))[0]?.rdata).toEqual([`"${OLD}"`]);
    },
  );

  it('Retry-After hands it on', async () => {
    const { fake, provider } = await started();
    fake.fail({ kind: 'busy', retryAfterSeconds: 42 }, isRead);
    expect(await errorOf(provider.read([key], signal))).toMatchObject({ retryAfterSeconds: 42 });
  });
});

it('every answer tells the budget how much is left, and 429 how long it is empty', async () => {
  const { fake } = await startRig();
  const learned: (readonly [number, number])[] = [];
  const provider = openCloudflare(
    { apiToken: new Secret(FAKE_TOKEN), baseUrl: fake.baseUrl },
    {
      now: () => new Date(0),
      requestBudget: () => ({ run: (_, work) => work(), learn: (left, seconds) => void learned.push([left, seconds]) }),
    },
  );
  await provider.read([key], signal);
  fake.fail({ kind: 'busy', retryAfterSeconds: 42 });
  await errorOf(provider.read([key], signal));
  expect(learned).toEqual([
    [1199, 300],
    [1198, 300],
    [0, 42],
  ]);
});

/** Retries as the command has them, in no time. */
function patient({ provider }: Rig): Rig['provider'] {
  return withRetries(provider, { nowMs: () => 0, sleep: () => Promise.resolve(), random: () => 0 });
}

describe('a write that is carried out and answered by', () => {
  it.each([...lostAnswers, UNSUCCESSFUL_WRITE])(
    '%s is found in place by the executor, and is made once',
    async (_, fault) => {
      const { fake, zone, provider } = await started(fault);
      fake.fail(fault, isWrite);
      expect(await applyChanges(provider, [idChange(OLD, NEW)], signal)).toMatch(/second look/);
      expect(zone.writes).toBe(1);
    },
  );

  it.each([...lostAnswers, UNSUCCESSFUL_WRITE])('%s is not made again by retries', async (_, fault) => {
    const own = await started(fault);
    own.fake.fail(fault, isWrite);
    expect(await applyChanges(patient(own), [idChange(OLD, NEW)], signal)).toMatch(/second look/);
    expect(own.zone.writes).toBe(1);
    expect(own.fake.requests.filter(isWrite).length).toBe(1);
  });
});

describe('a write that is not carried out', () => {
  it.each<[string, HttpFault]>([
    ['429', { kind: 'busy', retryAfterSeconds: null }],
    ['500', { kind: 'broken', status: 500, isDone: false }],
    ['silence', { kind: 'hang', isDone: false }],
    ['a reset', { kind: 'reset', isDone: false }],
    ['success: false on 200', { kind: 'unsuccessful', isDone: false }],
  ])('because of %s fails without retries, and with them is looked for and made', async (_, fault) => {
    const own = await started(fault);
    own.fake.fail(fault, isWrite);
    await errorOf(applyChanges(own.provider, [idChange(OLD, NEW)], signal));
    expect(own.zone.writes).toBe(0);
    own.fake.fail(fault, isWrite);
    own.fake.forgetRequests();
    expect(await applyChanges(patient(own), [idChange(OLD, NEW)], signal)).toBe(null);
    expect(own.zone.writes).toBe(1);
    // Look, write in vain, look whether it landed, read and write, look.
    expect(calls(own.fake).map((call) => (call.includes('batch') ? 'write' : 'read'))).toEqual([
      'read',
      'read',
      'write',
      'read',
      'read',
      'write',
      'read',
    ]);
  });

  it('and cannot be looked for is an unknown outcome', async () => {
    const { fake, provider } = await started();
    const isAfterWrite = (request: SeenRequest): boolean => isRead(request) && fake.requests.some(isWrite);
    fake.fail({ kind: 'reset', isDone: true }, isWrite);
    fake.fail({ kind: 'broken', status: 500, isDone: false }, isAfterWrite);
    await expect(applyChanges(provider, [idChange(OLD, NEW)], signal)).rejects.toThrow(UnknownOutcome);
  });
});

it.each([
  ['other data', [{ content: '"v=STSv1; id=other;"' }]],
  ['another name', [{ name: 'other.zone.test' }]],
  ['nothing', []],
])('a write that is answered with %s is in doubt, whatever the envelope says', async (_, shown) => {
  const { fake, zone, provider } = await started();
  const [own] = zone.records();
  const record = { id: own?.id, name: ID_NAME, type: 'TXT', content: `"${NEW}"`, ttl: 300 };
  const result = { deletes: null, patches: shown.map((one) => ({ ...record, ...one })), puts: null, posts: null };
  fake.fail(
    { kind: 'says', reply: { status: 200, body: { success: true, errors: [], messages: [], result } } },
    isWrite,
  );
  expect(await errorOf(provider.apply([idChange(OLD, NEW)], signal))).toMatchObject({
    code: 'PROVIDER_BAD_ANSWER',
    retryable: true,
  });
});

describe('somebody else', () => {
  it('who changes the record before the provider reads it again is seen: CHANGED_SINCE_READ', async () => {
    const { fake, zone, provider } = await started();
    const change = idChange(OLD, NEW);
    const act = (): void => zone.put([{ ...key, ttlSeconds: 300, rdata: ['"v=STSv1; id=other;"'] }]);
    fake.fail({ kind: 'meanwhile', act }, isRead);
    expect(await errorOf(provider.apply([change], signal))).toMatchObject({ code: 'CHANGED_SINCE_READ' });
    expect(zone.writes).toBe(0);
  });

  it('who replaces the record between read and write: its id is gone, so nothing is written', async () => {
    const { fake, zone, provider } = await started();
    const act = (): void => zone.put([{ ...key, ttlSeconds: 300, rdata: ['"v=STSv1; id=other;"'] }]);
    fake.fail({ kind: 'meanwhile', act }, isWrite);
    expect(await errorOf(provider.apply([idChange(OLD, NEW)], signal))).toMatchObject({ code: 'CHANGED_SINCE_READ' });
    expect(zone.records().map(({ rdata }) => rdata)).toEqual(['"v=STSv1; id=other;"']);
  });

  it('who writes the same first: the second look finds it in place', async () => {
    const { fake, zone, provider } = await started();
    zone.drop(key);
    const act = (): void => zone.put([{ ...key, ttlSeconds: 300, rdata: [`"${NEW}"`] }]);
    fake.fail({ kind: 'meanwhile', act }, isWrite);
    expect(await applyChanges(provider, [idChange(null, NEW)], signal)).toMatch(/already.*second look/);
    expect(zone.records().length).toBe(1);
  });

  it('who adds a second id between read and write is found by the look after it', async () => {
    const { fake, zone, provider } = await started();
    const act = (): void => {
      const [own] = zone.records();
      if (own !== undefined) zone.commit([{ kind: 'add', record: { ...own, rdata: '"v=STSv1; id=other;"' } }]);
    };
    fake.fail({ kind: 'meanwhile', act }, isWrite);
    expect(await errorOf(applyChanges(provider, [idChange(OLD, NEW)], signal))).toMatchObject({
      code: 'PROVIDER_REFUSED',
    });
  });
});

describe('an API that shows what is over', () => {
  it('stale before a write: CHANGED_SINCE_READ or a refusal, and nothing is lost', async () => {
    const { fake, zone, provider } = await started();
    await provider.apply([idChange(OLD, NEW)], signal);
    fake.fail({ kind: 'stale' }, isRead);
    expect(await errorOf(provider.apply([idChange(NEW, 'v=STSv1; id=3;')], signal))).toMatchObject({
      code: 'CHANGED_SINCE_READ',
    });
    expect(zone.records().map(({ rdata }) => rdata)).toEqual([`"${NEW}"`]);
  });

  it('stale after a write: said as such, and the next run finds it', async () => {
    const { fake, provider } = await started();
    const isAfterWrite = (request: SeenRequest): boolean => isRead(request) && fake.requests.some(isWrite);
    fake.fail({ kind: 'stale' }, isAfterWrite);
    const error = await errorOf(applyChanges(provider, [idChange(OLD, NEW)], signal));
    expect(error).toMatchObject({ code: 'PROVIDER_REFUSED' });
    expect(await applyChanges(provider, [idChange(OLD, NEW)], signal)).toBe('it stood there already');
  });

  it('the same page again and again: an error, and not for ever', async () => {
    const many = Array.from({ length: 1001 }, (_one, at) => `"${at}"`);
    const { fake, provider } = await startRig({ records: [{ ...key, ttlSeconds: 300, rdata: many }] });
    expect((await provider.read([key], signal))[0]?.rdata.length).toBe(1001);
    fake.fail({ kind: 'pages-repeat' }, ({ query }) => query['page'] === '2');
    expect(await errorOf(provider.read([key], signal))).toMatchObject({ code: 'PROVIDER_BAD_ANSWER' });
  });
});
