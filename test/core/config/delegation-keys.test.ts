/** `delegation` and `released` (DESIGN section 4): who writes where, and that no two domains ever get one name. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHostName } from '../../../src/core/names.ts';
import { ownName } from '../../../src/core/plan/record-names.ts';
import { runs } from '../../property-runs.ts';
import { codes, good, HEAD, onlyDomain } from './load.ts';

const TWO = HEAD.replace('providers: {', 'providers: { other: { type: zonefile, directory: ./other },');

function domain(keys: string): string {
  return `domains: { example.com: { mx: live, ${keys} } }\n`;
}

describe('delegation', () => {
  it('takes the provider of the zone, and without one the provider of the domain', () => {
    const [a] = good(
      `${TWO}${domain('provider: main, delegation: { zone: STS.Example.NET., provider: [other, main] }')}`,
    ).domains;
    expect(a).toMatchObject({
      delegation: { zone: 'sts.example.net' },
      providers: { kind: 'all', names: ['other', 'main'] },
      released: false,
    });
    expect(onlyDomain(domain('delegation: { zone: sts.example.net }')).providers).toEqual({
      kind: 'all',
      names: ['main'],
    });
  });

  it('is one for all in the defaults, and off for one', () => {
    const text = `${HEAD}defaults: { mx: live, delegation: { zone: sts.example.net } }
domains: { a.example: , b.example: { delegation: off }, c.example: { released: true } }\n`;
    expect(good(text).domains.map((one) => [one.delegation?.zone ?? null, one.released])).toEqual([
      ['sts.example.net', false],
      [null, false],
      ['sts.example.net', true],
    ]);
  });

  it('names providers that have to be there', () => {
    expect(codes(HEAD + domain('delegation: { zone: sts.example.net, provider: nobody }'))).toEqual([
      'UNKNOWN_PROVIDER',
    ]);
  });

  it('measures the longest name that is written, to the character', () => {
    const label = 'a'.repeat(63);
    const zone = 'sts.example.net';
    // `_mta-sts.` and a dot before the zone leave so much to the domain.
    const longest = `${label}.${label}.${label}.${'b'.repeat(253 - 10 - zone.length - 3 * 64)}`;
    const text = (name: string, keys = ''): string =>
      `${HEAD}defaults: { mx: live, delegation: { zone: ${zone} }${keys} }\ndomains: { ${name}: }\n`;
    expect(codes(text(longest))).toEqual([]);
    expect(codes(text(`${longest}b`))).toEqual(['BAD_NAME']);
    expect(codes(text(longest, ', tlsReports: []'))).toEqual(['BAD_NAME']);
  });
});

it('in one zone no two domains have one name, whatever their labels', () => {
  const label = fc.constantFrom('a', 'b', 'mta-sts', 'tls', 'sts', 'example', 'net');
  const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'));
  const zone = parseHostName('sts.example.net');
  if (!zone.ok) throw new Error('a zone');
  const labels = ['_mta-sts', 'mta-sts', '_smtp._tls'] as const;
  fc.assert(
    fc.property(name, name, (a, b) => {
      const [ofA, ofB] = [a, b].map((one) =>
        labels.map((each) => ownName(each, { domain: one, delegation: { zone: zone.value } })),
      );
      const shared = (ofA ?? []).filter((one) => ofB?.includes(one));
      expect(shared).toHaveLength(a === b ? 3 : 0);
    }),
    runs(200),
  );
});
