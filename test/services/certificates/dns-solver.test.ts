/** DNS-01: the record of a challenge beside what others have at the name, also behind a CNAME, at a table and at BIND. */
import { describe, expect, onTestFinished, test } from 'vitest';

import { StsyncError } from '../../../src/core/error.ts';
import { type HostName, parseHostName } from '../../../src/core/names.ts';
import { type RecordSet, recordKey, sameRdata } from '../../../src/core/record-set.ts';
import { type Challenge, dnsValue } from '../../../src/effects/acme/client.ts';
import { systemClock } from '../../../src/effects/clock.ts';
import { openResolver } from '../../../src/effects/dns/resolver.ts';
import type { Provider } from '../../../src/provider.ts';
import { dnsSolver } from '../../../src/services/certificates/dns-solver.ts';
import { providerOf } from '../../providers/rfc2136/rig.ts';
import { describeWith } from '../../servers/programs.ts';
import { flavours } from '../../servers/updatable.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { TableNetwork } from '../../support/table-network.ts';

function hostName(text: string): HostName {
  const name = parseHostName(text);
  if (!name.ok) throw new Error(text);
  return name.value;
}

const HOST = 'mta-sts.example.com';
const NAME = `_acme-challenge.${HOST}`;
const { signal } = new AbortController();
const challenge = (keyAuthorization: string): Challenge => ({
  host: HOST,
  type: 'dns-01',
  url: 'u',
  token: 't',
  authorizationUrl: 'a',
  isAsked: false,
  keyAuthorization,
});
const value = (keyAuthorization: string): string => `"${dnsValue(keyAuthorization)}"`;

class Zone {
  readonly sets = new Map<string, RecordSet>();
  /** Before each write. */
  meanwhile: () => void = () => undefined;
  readonly provider: Provider = {
    capabilities: { isAtomic: true, hasCompareAndSwap: true, isReadLocal: false, canReadMx: false },
    read: (keys) => Promise.resolve(keys.flatMap((key) => this.sets.get(recordKey(key)) ?? [])),
    apply: async (changes) => {
      for (const { before, after, ...key } of changes) {
        this.meanwhile();
        const now = this.sets.get(recordKey(key)) ?? null;
        if (!sameRdata(now, before)) throw new StsyncError('CHANGED_SINCE_READ', 'it moved');
        if (after === null) this.sets.delete(recordKey(key));
        else this.sets.set(recordKey(key), after);
      }
    },
    adjust: (set) => set,
    close: () => Promise.resolve(),
  };

  put(name: string, type: RecordSet['type'], rdata: readonly string[], ttlSeconds = 300): void {
    this.sets.set(`${name} ${type}`, { name, type, ttlSeconds, rdata });
  }

  texts(name = NAME): readonly string[] | undefined {
    return this.sets.get(`${name} TXT`)?.rdata;
  }

  solver(more: Partial<Parameters<typeof dnsSolver>[0]> = {}): ReturnType<typeof dnsSolver> {
    const { network } = new TableNetwork(this.sets, () => []);
    return dnsSolver({
      providerOf: () => this.provider,
      openResolver: network.freshResolver,
      clock: systemClock,
      ...more,
    });
  }
}

describe('the challenge by DNS', () => {
  test('stands at its name while the CA looks, and at no other time', async () => {
    const zone = new Zone();
    const hide = await zone.solver().present(HOST, challenge('one'), signal);
    expect(zone.texts()).toEqual([value('one')]);
    await hide();
    await hide();
    expect(zone.texts()).toBeUndefined();
  });

  test('leaves what others have there, cut as they cut it, with their TTL', async () => {
    const zone = new Zone();
    const theirs = ['"of" "others"', '"more"'];
    zone.put(NAME, 'TXT', theirs, 77);
    const hide = await zone.solver().present(HOST, challenge('one'), signal);
    expect(zone.sets.get(`${NAME} TXT`)).toMatchObject({ rdata: [...theirs, value('one')], ttlSeconds: 77 });
    await hide();
    expect(zone.texts()).toEqual(theirs);
  });

  test('is written where a CNAME leads, by whoever holds that zone', async () => {
    const zone = new Zone();
    const end = 'example-com.acme.test';
    zone.put(NAME, 'CNAME', ['middle.acme.test.']);
    zone.put('middle.acme.test', 'CNAME', [`${end}.`]);
    const asked: string[] = [];
    const providerAt = (name: string): Provider => {
      asked.push(name);
      return zone.provider;
    };
    const hide = await zone.solver({ providerOf: providerAt }).present(HOST, challenge('one'), signal);
    expect([zone.texts(end), zone.texts(), asked]).toEqual([[value('one')], undefined, [end]]);
    await hide();
    expect(zone.texts(end)).toBeUndefined();
  });

  test('is refused where no provider of ours holds the name, and nothing is written', async () => {
    const zone = new Zone();
    zone.put(NAME, 'CNAME', ['elsewhere.test.']);
    const present = zone.solver({ providerOf: () => null }).present(HOST, challenge('one'), signal);
    await expect(present).rejects.toMatchObject({
      code: 'ZONE_NOT_FOUND',
      message: expect.stringContaining('elsewhere.test'),
    });
    expect(zone.sets.size).toBe(1);
  });

  test('of several orders at one name stand side by side, and each takes away its own', async () => {
    const zone = new Zone();
    const names = ['one', 'two', 'three', 'four'];
    const hides = await Promise.all(names.map((name) => zone.solver().present(HOST, challenge(name), signal)));
    expect(zone.texts()?.toSorted()).toEqual(names.map(value).toSorted());
    await Promise.all(hides.slice(1).map((hide) => hide()));
    expect(zone.texts()).toEqual([value('one')]);
  });

  test('is written beside what somebody else writes at the same moment', async () => {
    const zone = new Zone();
    zone.meanwhile = () => {
      zone.meanwhile = () => undefined;
      zone.put(NAME, 'TXT', ['"quick"']);
    };
    await zone.solver().present(HOST, challenge('one'), signal);
    expect(zone.texts()).toEqual(['"quick"', value('one')]);
  });

  test('that the name servers never show is taken away again, and may be tried later', async () => {
    const zone = new Zone();
    const clock = new FakeClock('2026-11-25T12:00:00Z');
    const { network } = new TableNetwork(new Map(), () => []);
    const present = zone.solver({ clock, openResolver: network.freshResolver }).present(HOST, challenge('one'), signal);
    const outcome = present.catch((error: unknown) => error);
    await clock.pass(119_000);
    expect(zone.texts()).toEqual([value('one')]);
    await clock.pass(2_000);
    expect(await outcome).toMatchObject({ code: 'DNS_DIFFERS', retryable: true });
    expect(zone.texts()).toBeUndefined();
  });
});

const [bind] = flavours;
describeWith(bind?.programs ?? [], 'the challenge by DNS at BIND', () => {
  test('is there for whoever asks the name servers, through the CNAME of a customer, and then gone', async () => {
    if (bind === undefined) throw new Error('no BIND');
    const end = 'example-com.acme.test';
    const server = await bind.start(
      ['example.com', 'acme.test'],
      ['_acme-challenge.mta-sts CNAME example-com.acme.test.', 'other TXT "there"'],
    );
    onTestFinished(() => server.stop());
    const provider = providerOf({ server }, server.admin);
    onTestFinished(() => provider.close());
    const authorities = new Map(['example.com', 'acme.test'].map((zone) => [hostName(zone), [server.address]]));
    const open = (): ReturnType<typeof openResolver> =>
      openResolver({ resolvers: [server.address], authorities, concurrency: 8 });
    const texts = async (): Promise<readonly string[] | undefined> => {
      const resolver = open();
      const { servers } = await resolver.lookup(NAME, 'TXT', signal);
      await resolver.close();
      return servers.flatMap(({ outcome }) => (outcome.kind === 'answer' ? (outcome.set?.rdata ?? []) : []));
    };
    const solver = dnsSolver({
      providerOf: (name) => (name === end ? provider : null),
      openResolver: open,
      clock: systemClock,
    });
    const hide = await solver.present(HOST, challenge('one'), signal);
    expect(await texts()).toEqual([value('one')]);
    await hide();
    expect(await texts()).toEqual([]);
    expect(await provider.read([{ name: 'other.acme.test', type: 'TXT' }], signal)).toHaveLength(1);
  });
});
