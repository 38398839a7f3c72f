/** The changes that every provider has to make, as data: what stands there before, what is wanted, and the name of the trap. */
import { txtSet, type RecordSet, type RecordType } from '../../src/core/record-set.ts';

/** Record sets of one zone before and after; the keys of both together are what the change is about. */
export interface Case {
  readonly title: string;
  readonly before: readonly RecordSet[];
  readonly after: readonly RecordSet[];
}

const TTL = 300;

/** A TXT value of `length` bytes in which a wrong cut, a lost byte or a swap shows. */
function pattern(length: number): string {
  return Array.from({ length }, (_, at) => String.fromCharCode(97 + ((at * 7 + Math.floor(at / 26)) % 26))).join('');
}

/** Values that services and zone-file writers are known to spoil. Byte strings: one character a byte. */
const tortureValues: readonly (readonly [string, string])[] = [
  ...[0, 1, 254, 255, 256, 509, 510, 511, 765].map((length) => [`${length} bytes`, pattern(length)] as const),
  ['a policy id', 'v=STSv1; id=20261124120000ab12cd34ef56ab12;'],
  ['a semicolon alone', ';'],
  ['a quote', 'say "hi"'],
  ['only quotes', '""'],
  ['a backslash', 'C:\\temp'],
  ['a backslash at the end', 'end\\'],
  ['a backslash before digits', '\\065'],
  ['a backslash before a quote', '\\"'],
  ['blanks in front and behind', '  both  '],
  ['one blank', ' '],
  ['two blanks inside', 'a  b'],
  ['a tab', 'a\tb'],
  ['a line break', 'a\r\nb'],
  ['a zero byte', 'a\u0000b'],
  ['bytes over 127', '\u0080\u00ff\u00fc'],
  ['brackets and an at sign', '( @ $ORIGIN ) $TTL'],
  ['a quote at the cut of two strings', `${'x'.repeat(254)}""${'y'.repeat(20)}`],
  ['a comma and an equals sign', 'a,b=c'],
];

function set(zone: string, label: string, type: RecordType, rdata: readonly string[], ttlSeconds = TTL): RecordSet {
  return { name: label === '' ? zone : `${label}.${zone}`, type, ttlSeconds, rdata };
}

function txt(zone: string, label: string, ...values: string[]): RecordSet {
  return txtSet(`${label}.${zone}`, TTL, values);
}

/** TXT torture: each value written where nothing was, and taken away again. */
export function tortureCases(zone: string): readonly Case[] {
  return tortureValues.map(([title, value]) => ({
    title: `TXT of ${title}`,
    before: [],
    after: [txt(zone, '_mta-sts', value)],
  }));
}

/** Every kind of change that a plan can hold. */
export function changeCases(zone: string): readonly Case[] {
  const id1 = 'v=STSv1; id=1;';
  const id2 = 'v=STSv1; id=2;';
  const cname = set(zone, 'mta-sts', 'CNAME', ['policies.example.net.']);
  const a = set(zone, 'mta-sts', 'A', ['192.0.2.1', '192.0.2.2']);
  const aaaa = set(zone, 'mta-sts', 'AAAA', ['2001:db8::1']);
  const one = [txt(zone, '_mta-sts', id1)];
  return [
    { title: 'a first TXT', before: [], after: one },
    { title: 'a TXT replaced', before: one, after: [txt(zone, '_mta-sts', id2)] },
    { title: 'a TXT deleted', before: one, after: [] },
    {
      title: 'one of several TXT strings replaced',
      before: [txt(zone, '_mta-sts', id1, 'other', 'third')],
      after: [txt(zone, '_mta-sts', 'other', id2, 'third')],
    },
    {
      title: 'one of several TXT strings removed',
      before: [txt(zone, '_mta-sts', 'first', id1, 'last')],
      after: [txt(zone, '_mta-sts', 'first', 'last')],
    },
    {
      title: 'a TXT string beside others',
      before: [txt(zone, '_mta-sts', 'other')],
      after: [txt(zone, '_mta-sts', id1, 'other')],
    },
    {
      title: 'several ids made one',
      before: [txt(zone, '_mta-sts', id1, id2, 'other')],
      after: [txt(zone, '_mta-sts', id2, 'other')],
    },
    {
      title: 'TXT strings that differ in case only',
      before: [txt(zone, '_mta-sts', 'Case')],
      after: [txt(zone, '_mta-sts', 'case')],
    },
    {
      title: 'a long TXT replaced by a long TXT',
      before: [txt(zone, '_smtp._tls', pattern(600))],
      after: [txt(zone, '_smtp._tls', pattern(601))],
    },
    { title: 'a first CNAME', before: [], after: [cname] },
    { title: 'a CNAME with another target', before: [cname], after: [{ ...cname, rdata: ['mta-sts.example.org.'] }] },
    { title: 'a CNAME to a name in the zone', before: [], after: [{ ...cname, rdata: [`policies.${zone}.`] }] },
    { title: 'a CNAME deleted', before: [cname], after: [] },
    { title: 'a CNAME that becomes A and AAAA', before: [cname], after: [a, aaaa] },
    { title: 'A and AAAA that become a CNAME', before: [a, aaaa], after: [cname] },
    { title: 'an address more', before: [a], after: [{ ...a, rdata: [...a.rdata, '192.0.2.3'] }] },
    { title: 'an address less, a family more', before: [a], after: [{ ...a, rdata: ['192.0.2.2'] }, aaaa] },
    {
      title: 'addresses of one family, beside the other',
      before: [a, aaaa],
      after: [{ ...a, rdata: ['192.0.2.9'] }, aaaa],
    },
    {
      title: 'a TXT at the apex, beside MX and address',
      before: [set(zone, '', 'TXT', ['"v=spf1 -all"'])],
      after: [set(zone, '', 'TXT', ['"v=spf1 ~all"'])],
    },
    { title: 'only the TTL', before: one, after: [{ ...txt(zone, '_mta-sts', id1), ttlSeconds: 900 }] },
    {
      title: 'only the TTL of several strings',
      before: [txt(zone, '_mta-sts', id1, 'other')],
      after: [{ ...txt(zone, '_mta-sts', id1, 'other'), ttlSeconds: 900 }],
    },
    { title: 'value and TTL', before: one, after: [{ ...txt(zone, '_mta-sts', id2), ttlSeconds: 900 }] },
    {
      title: 'records at several names in one call',
      before: one,
      after: [txt(zone, '_mta-sts', id2), txt(zone, '_smtp._tls', 'v=TLSRPTv1; rua=mailto:a@example.net'), cname],
    },
    { title: 'a deeper name', before: [], after: [txt(zone, '_mta-sts.a.b', id1)] },
    {
      title: 'everything taken away in one call',
      before: [...one, cname, txt(zone, '_smtp._tls', 'v=TLSRPTv1')],
      after: [],
    },
  ];
}

/** What stands around and has to stay: other types at the names of the cases, names beside, above and below, and the like-sounding. */
export function neighbours(zone: string): readonly RecordSet[] {
  return [
    set(zone, '', 'MX', [`10 mx1.${zone}.`, '20 mx2.example.net.'], 3600),
    set(zone, '', 'A', ['192.0.2.80'], 3600),
    set(zone, 'x._mta-sts', 'TXT', ['"below"'], 60),
    set(zone, '_mta-sts2', 'TXT', ['"beside"'], 60),
    set(zone, '_tls', 'TXT', ['"above"'], 60),
    set(zone, '_mta-sts.other', 'TXT', ['"v=STSv1; id=1;" "cut in two"'], 60),
    set(zone, 'mta-sts.other', 'CNAME', ['policies.example.net.'], 60),
    set(zone, 'www', 'AAAA', ['2001:db8::80'], 60),
  ];
}
