/** What real servers say to our messages (PROVIDERS 7.3, every row), and what the provider makes of it, in words. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { descriptor } from '../../../providers/rfc2136/descriptor.ts';
import { CLASSES, type OutRecord, TYPES } from '../../../providers/rfc2136/message.ts';
import { encodeRdata } from '../../../providers/rfc2136/rdata.ts';
import { type RecordType, txtSet } from '../../../src/core/record-set.ts';
import { startBind } from '../../servers/bind.ts';
import { tsigKey } from '../../servers/name-server.ts';
import { describeWith } from '../../servers/programs.ts';
import { zoneLines } from '../../servers/updatable.ts';
import { documentedRights, errorsSeen, outcome, providerOf, type Rig, rigs, shown, withSession } from './rig.ts';

const { signal } = new AbortController();

function add(name: string, type: RecordType, text: string, ttlSeconds = 300): OutRecord {
  const rdata = encodeRdata(type, text) ?? Buffer.alloc(0);
  return { name, type: TYPES[type], class: CLASSES.IN, ttlSeconds, rdata };
}

function bare(name: string, type: RecordType, recordClass: number): OutRecord {
  return { name, type: TYPES[type], class: recordClass, ttlSeconds: 0, rdata: Buffer.alloc(0) };
}

/** TTL and number of records after a second record came with TTL 60 to one with 300. */
const ttlOfServer = { BIND: [60, 2], Knot: [60, 2], PowerDNS: [60, 2] } as const;

describe('the rights that the page shows', () => {
  it.each(['bind', 'knot', 'powerdns'] as const)('are those of the descriptor: %s', (server) => {
    expect(descriptor.leastPrivilege).toContain(documentedRights(server));
  });
});

for (const { name, programs, start } of rigs) {
  describeWith(programs, `rfc2136 on ${name}`, () => {
    let rig: Rig;
    beforeAll(async () => {
      rig = await start();
    });
    afterAll(() => rig.server.stop());

    const raw = (zone: string, prerequisites: readonly OutRecord[], updates: readonly OutRecord[]): Promise<string> =>
      outcome(withSession(rig, rig.admin, ({ session }) => session.update(zone, prerequisites, updates, signal)));
    const see = (at: string, type: 'TXT' | 'CNAME' | 'A'): Promise<readonly string[] | null> =>
      withSession(rig, rig.admin, (source) => shown(source, at, type));
    const write = (label: string, zone: string, key = rig.key, skewSeconds = 0): Promise<string> => {
      const set = txtSet(`${label}.${zone}`, 300, ['v=STSv1; id=1;']);
      return outcome(providerOf(rig, key, skewSeconds).apply([{ ...set, before: null, after: set }], signal));
    };

    it('creates what must not exist, once', async () => {
      const create = [
        [bare('new.full.example', 'TXT', CLASSES.NONE)],
        [add('new.full.example', 'TXT', '"1"')],
      ] as const;
      expect(await raw('full.example', ...create)).toBe('done');
      expect(await raw('full.example', ...create)).toMatch(/^CHANGED_SINCE_READ: .*YXRRSET/);
    });

    it('replaces the old value that it was read with, and no other', async () => {
      const at = 'swap.full.example';
      expect(await raw('full.example', [], [add(at, 'TXT', '"old"')])).toBe('done');
      const swap = (old: string): Promise<string> =>
        raw('full.example', [add(at, 'TXT', old, 0)], [bare(at, 'TXT', CLASSES.ANY), add(at, 'TXT', '"new"')]);
      expect(await swap('"old"')).toBe('done');
      expect(await swap('"old"')).toMatch(/^CHANGED_SINCE_READ: .*NXRRSET/);
      expect(await see(at, 'TXT')).toEqual(['"new"']);
    });

    it('takes a CNAME onto a TXT and a TXT onto a CNAME for done and does nothing, or refuses; the provider refuses first', async () => {
      const [text, alias] = ['text.full.example', 'alias.full.example'];
      const answers = [
        await raw('full.example', [], [add(text, 'CNAME', 'x.example.net.')]),
        await raw('full.example', [], [add(alias, 'TXT', '"x"')]),
      ];
      for (const answer of answers)
        expect(answer).toMatch(name === 'PowerDNS' ? /^PROVIDER_DENIED: .*REFUSED/ : /^done$/);
      expect([await see(text, 'TXT'), await see(text, 'CNAME')]).toEqual([['"there"'], null]);
      expect([await see(alias, 'TXT'), await see(alias, 'CNAME')]).toEqual([null, ['target.example.net.']]);
      const provider = providerOf(rig, rig.admin);
      const cname = { name: text, type: 'CNAME', ttlSeconds: 300, rdata: ['x.example.net.'] } as const;
      expect(await outcome(provider.apply([{ ...cname, before: null, after: cname }], signal))).toMatch(
        /^PROVIDER_REFUSED: a CNAME at text.full.example cannot be written: TXT stands there/,
      );
      await provider.close();
    });

    it('reads back: a swap that would leave a record of an unknown type beside the CNAME is refused, or seen to be ignored', async () => {
      const at = 'odd.full.example';
      const odd = { name: at, type: 65_400, class: CLASSES.IN, ttlSeconds: 300, rdata: Buffer.from([1]) };
      expect(await raw('full.example', [], [add(at, 'A', '192.0.2.7'), odd])).toBe('done');
      const provider = providerOf(rig, rig.admin);
      const [a] = await provider.read([{ name: at, type: 'A' }], signal);
      const cname = { name: at, type: 'CNAME', ttlSeconds: 300, rdata: ['x.example.net.'] } as const;
      const changes = [
        { name: at, type: 'A', before: a ?? null, after: null },
        { ...cname, before: null, after: cname },
      ] as const;
      expect(await outcome(provider.apply(changes, signal))).toMatch(/^PROVIDER_REFUSED: .*(TYPE65400|shows nothing)/);
      await provider.close();
    });

    it('swaps a TXT for a CNAME in one message, and a second CNAME replaces the first', async () => {
      const at = 'both.full.example';
      expect(await raw('full.example', [], [add(at, 'TXT', '"x"')])).toBe('done');
      const swap = [bare(at, 'TXT', CLASSES.ANY), add(at, 'CNAME', 'one.example.net.')];
      expect(await raw('full.example', [], swap)).toBe('done');
      expect(await see(at, 'CNAME')).toEqual(['one.example.net.']);
      expect(await raw('full.example', [], [add(at, 'CNAME', 'two.example.net.')])).toBe('done');
      expect(await see(at, 'CNAME')).toEqual(['two.example.net.']);
    });

    it('has one TTL for a set: a record added with another one', async () => {
      const at = 'ttl.full.example';
      expect(await raw('full.example', [], [add(at, 'TXT', '"1"', 300)])).toBe('done');
      await raw('full.example', [], [add(at, 'TXT', '"2"', 60)]);
      const provider = providerOf(rig, rig.admin);
      const [set] = await provider.read([{ name: at, type: 'TXT' }], signal);
      await provider.close();
      expect([set?.ttlSeconds, set?.rdata.length]).toEqual(ttlOfServer[name]);
    });

    it('lets the key write its three names and no others', async () => {
      const provider = providerOf(rig, rig.key);
      const cname = { name: 'mta-sts.example.com', type: 'CNAME', ttlSeconds: 300, rdata: ['p.example.net.'] } as const;
      const sets = [txtSet('_mta-sts.example.com', 300, ['a']), txtSet('_smtp._tls.example.com', 300, ['b']), cname];
      expect(
        await outcome(
          provider.apply(
            sets.map((set) => ({ ...set, before: null, after: set })),
            signal,
          ),
        ),
      ).toBe('done');
      expect(
        await outcome(
          provider.apply(
            sets.map((set) => ({ ...set, before: set, after: null })),
            signal,
          ),
        ),
      ).toBe('done');
      expect(await write('other', 'example.com')).toMatch(
        {
          BIND: /^PROVIDER_DENIED: 127.0.0.1:\d+ refuses to change other.example.com with the key stsync \(REFUSED\) \(give the key/,
          Knot: /^PROVIDER_DENIED: .* does not know the key stsync with hmac-sha256, or does not let it change other.example.com \(BADKEY\) \(.*acl/,
          PowerDNS: /^done$/,
        }[name],
      );
      await provider.close();
    });

    const no = { BIND: 'BADKEY', Knot: 'BADKEY', PowerDNS: 'NOTAUTH' }[name];
    it('says that a key is unknown, or known with another algorithm', async () => {
      const said = new RegExp(`^PROVIDER_DENIED: .* the key \\S+ .*\\(${no}\\) \\(compare name`);
      expect(await write('_mta-sts', 'example.com', { ...rig.key, name: 'stranger' })).toMatch(said);
      expect(await write('_mta-sts', 'example.com', { ...rig.key, algorithm: 'hmac-sha512' })).toMatch(said);
    });

    it('says that the secret is another one', async () => {
      const secret = Buffer.alloc(32, 'wrong').toString('base64');
      const said = await write('_mta-sts', 'example.com', { ...rig.key, secret });
      expect(said).toMatch(
        name === 'PowerDNS' ? /^PROVIDER_DENIED: .*NOTAUTH.*secret/ : /^PROVIDER_DENIED: .*BADSIG.*another secret/,
      );
      expect(said).not.toContain(secret);
      expect(said).not.toContain(rig.key.secret);
    });

    it.each([-301, 301])('says that the clock is wrong, and by how much: %i s', async (skew) => {
      const said = await write('_mta-sts', 'example.com', rig.key, skew);
      const by = `${skew < 0 ? '30[0-2] s ahead of' : '30[0-2] s behind'} ours`;
      expect(said).toMatch(
        name === 'PowerDNS'
          ? /^PROVIDER_DENIED: .*NOTAUTH.*clocks/
          : new RegExp(`^PROVIDER_DENIED: .*${by} \\(BADTIME\\).*NTP`),
      );
    });

    it.each([-250, 250])('tolerates a clock that is %i s off', async (skew) => {
      expect(await write('_mta-sts', 'example.com', rig.key, skew)).toBe('done');
    });

    it('says what is no zone of its own, in answers to questions and to updates', async () => {
      expect(await raw('full.example', [], [add('x.elsewhere.example', 'TXT', '"x"')])).toMatch(
        /^ZONE_NOT_FOUND: .*NOTZONE/,
      );
      expect(await raw('elsewhere.example', [], [add('x.elsewhere.example', 'TXT', '"x"')])).toMatch(
        name === 'PowerDNS' ? /^PROVIDER_DENIED: .*REFUSED/ : /^ZONE_NOT_FOUND: .*NOTAUTH/,
      );
      expect(await write('_mta-sts', 'elsewhere.example')).toMatch(/^ZONE_NOT_FOUND: .*REFUSED.*primary server/);
      expect(await write('_mta-sts.sub', 'example.com')).toMatch(/^ZONE_NOT_FOUND: .*delegates sub.example.com/);
    });

    it('has no secret in any error of these tests, as Base64 or as bytes', () => {
      expect(errorsSeen.length).toBeGreaterThan(10);
      for (const { secret } of [rig.key, rig.admin]) {
        const forms = [secret, secret.slice(0, 10), Buffer.from(secret, 'base64').toString('hex')];
        expect(errorsSeen.filter((text) => forms.some((form) => text.includes(form)))).toEqual([]);
      }
    });

    it('deletes what is not there, and writes a TXT of 600 bytes', async () => {
      expect(await raw('full.example', [], [bare('gone.full.example', 'TXT', CLASSES.ANY)])).toBe('done');
      const long = txtSet('long.full.example', 300, ['x'.repeat(600)]);
      const provider = providerOf(rig, rig.admin);
      await provider.apply([{ ...long, before: null, after: long }], signal);
      expect(await provider.read([long], signal)).toEqual([long]);
      await provider.close();
    });
  });
}

describeWith(['named'], 'rfc2136 on a secondary', () => {
  it('reads there, and says that it is not the primary when it is to write', async () => {
    const key = tsigKey('stsync');
    const zone = { name: 'example.com', text: zoneLines('example.com', ['_mta-sts TXT "v=STSv1; id=1;"']) };
    await using primary = await startBind({ keys: [key], zones: [zone] });
    await using secondary = await startBind({ keys: [key], zones: [{ name: zone.name, primaryPort: primary.port }] });
    const provider = providerOf({ server: secondary }, key);
    const set = txtSet('_mta-sts.example.com', 300, ['v=STSv1; id=1;']);
    expect(await provider.read([set], signal)).toEqual([set]);
    const after = txtSet(set.name, 300, ['v=STSv1; id=2;']);
    expect(await outcome(provider.apply([{ ...set, before: set, after }], signal))).toMatch(
      /^PROVIDER_DENIED: .*REFUSED.*name the primary server|^PROVIDER_REFUSED: .*NOTIMP/,
    );
    await provider.close();
  });
});
