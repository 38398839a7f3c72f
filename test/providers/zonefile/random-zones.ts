/** Random zone files and random changes for properties. What they hold is valid for BIND too, so it can be asked what they mean. */
import * as fc from 'fast-check';

import type { WantedSet } from '../../../providers/zonefile/edit-zone.ts';
import { formatTxt, splitTxt } from '../../../src/core/txt.ts';

/** `plain`: owners written out and a `$TTL`, so that no record leans on another. `leaning`: owners and TTLs left out at random. */
export type Style = 'plain' | 'leaning';

const labels = ['a', 'b.c', '_mta-sts', 'mta-sts', '_smtp._tls', 'x.sub', 'sub'];
const label = fc.constantFrom(...labels);
const address = fc.nat(255).map((last) => `192.0.2.${last}`);
const address6 = fc.integer({ min: 1, max: 255 }).map((last) => `2001:db8::${last.toString(16)}`);

/** A byte string, often with what zone files treat specially. */
const bytes = fc.oneof(
  fc.string({ unit: fc.constantFrom(...Array.from('ab;"\\() \t@$\u00fc\u0000')), maxLength: 12 }),
  fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)), maxLength: 300 }),
);
const txtData = bytes.map((value) => formatTxt(splitTxt(value)));

const blank = fc.constantFrom(' ', '\t', '   ');
const comment = fc.constantFrom('', ' ; c', ';"(', ' ; a ) b', ' ;\u00ff');

/** Type and data as it stands in a file. CNAMEs have an owner of their own and come last, so that nobody takes it over. */
const typeAndData = fc.oneof(
  fc.tuple(
    fc.constantFrom('TXT', 'txt', 'TYPE16'),
    fc.oneof(txtData, fc.constantFrom('bare', 'a\\;b "c d"', '"x""y"', '\\065')),
  ),
  fc.tuple(fc.constant('A'), address),
  fc.tuple(
    fc.constant('AAAA'),
    address6.map((text) => text.toUpperCase().replace('::', ':0::')),
  ),
  fc.tuple(fc.constant('MX'), fc.constantFrom('10 mx', '0 .', '20 MX.example.NET.')),
  fc.tuple(fc.constant('HINFO'), fc.constantFrom('x y', '"a;b" c')),
  fc.tuple(fc.constant('TYPE65400'), fc.constant('\\# 3 abcdef')),
);

const record = (style: Style): fc.Arbitrary<string> =>
  fc
    .record({
      label,
      isAbsolute: fc.boolean(),
      isLeftOut: fc.boolean(),
      isUpper: fc.boolean(),
      ttl: fc.constantFrom('', '60', '1h', '3600'),
      isClassFirst: fc.boolean(),
      hasClass: fc.boolean(),
      data: typeAndData,
      layout: fc.constantFrom('plain', 'around', 'lines', 'late'),
      blank,
      comment,
    })
    .map((one) => {
      const name = `${one.label}${one.isAbsolute ? '.example.com.' : ''}`;
      const owner = style === 'leaning' && one.isLeftOut ? '' : one.isUpper ? name.toUpperCase() : name;
      const inClass = one.hasClass ? ['IN'] : [];
      const ttl = one.ttl === '' ? [] : [one.ttl];
      const [type, data] = one.data;
      const head = [owner, ...(one.isClassFirst ? [...inClass, ...ttl] : [...ttl, ...inClass]), type].join(one.blank);
      if (one.layout === 'around') return `${head}${one.blank}(${data})${one.comment}`;
      if (one.layout === 'lines') return `${head}${one.blank}( ; open\n ${data}${one.comment}\n\n)${one.comment}`;
      if (one.layout === 'late') return `${head}(\n)${data}${one.comment}`;
      return `${head}${one.blank}${data}${one.comment}`;
    });

const cname = fc.tuple(fc.nat(9), fc.constantFrom('t', 'T.example.net.')).map(([n, target]) => `c${n} CNAME ${target}`);
const directive = fc.constantFrom('$ORIGIN example.com.', '$ORIGIN sub.example.com.', '$TTL 120', '$TTL 2h');
const filler = fc.constantFrom('', ' ', '; only a comment "(', '\t; indented');

/** The text of a zone example.com. */
export function zoneText(style: Style): fc.Arbitrary<string> {
  const line = fc.oneof(
    { weight: 8, arbitrary: record(style) },
    { weight: 1, arbitrary: directive },
    { weight: 1, arbitrary: filler },
  );
  return fc
    .record({
      lines: fc.array(line, { maxLength: 12 }),
      cnames: fc.uniqueArray(cname, { maxLength: 2, selector: (text) => text.slice(0, 2) }),
      serial: fc.constantFrom('7', '2026112400', '4294967295', '1795000000'),
      hasTtl: style === 'plain' ? fc.constant(true) : fc.boolean(),
      isCrlf: fc.boolean(),
      end: fc.constantFrom('\n', '', '\n; end'),
    })
    .map(({ lines, cnames, serial, hasTtl, isCrlf, end }) => {
      const soa = `@ 900 SOA ns host ( ${serial} ; serial\n 1h 2h 3h 4h )\n@ NS ns.example.net.`;
      const body = [...(hasTtl ? ['$TTL 3600'] : []), soa, ...lines, ...cnames].join('\n') + end;
      return isCrlf ? body.replaceAll('\n', '\r\n') : body;
    });
}

const wantedSet: fc.Arbitrary<WantedSet> = fc
  .record({
    label,
    type: fc.constantFrom('TXT' as const, 'A' as const, 'AAAA' as const),
    ttlSeconds: fc.constantFrom(60, 3600, 77),
    values: fc.array(fc.tuple(txtData, address, address6), { maxLength: 3 }),
  })
  .map(({ label: first, type, ttlSeconds, values }) => {
    const name = `${first}.example.com`;
    const rdata = values.map(([txt, a, aaaa]) => (type === 'TXT' ? txt : type === 'A' ? a : aaaa));
    return { name, type, after: rdata.length === 0 ? null : { name, type, ttlSeconds, rdata } };
  });

/** One to three sets, each of another key. */
export const wantedSets: fc.Arbitrary<readonly WantedSet[]> = fc.uniqueArray(wantedSet, {
  minLength: 1,
  maxLength: 3,
  selector: ({ name, type }) => `${name} ${type}`,
});
