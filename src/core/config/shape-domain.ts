/** Floor 0. The keys of a domain, of a profile and of the defaults: one set of fields, with what each place refuses. */
import { guards, type GuardName } from '../guard-names.ts';
import { parsePattern } from '../mx.ts';
import { byCodePoint } from '../names.ts';
import { MAX_MAX_AGE_SECONDS } from '../policy.ts';
import { parsed } from '../result.ts';
import { parseRua } from '../txt-records.ts';
import { parseOwnerName } from './config-names.ts';
import { textOf } from './reading.ts';
import { choice, duration, flag, parsedText, type Reader, text, transform } from './readers.ts';
import { someNames } from './provider-names.ts';
import { byKind, type Field, mapOf, named, object, plainList, type Values } from './readers-composed.ts';
import { delegationReader } from './shape-delegation.ts';
import { parseContact } from './shape-reports-weekly.ts';
import { publisherReader } from './shape-publisher.ts';
import type { Located } from './source-text.ts';
import { suggest } from './suggest.ts';

/** The labels of the records that stsync writes for a domain. */
export const recordLabels = ['_mta-sts', 'mta-sts', '_smtp._tls'] as const;
export type RecordLabel = (typeof recordLabels)[number];

/** `provider:` as written: for all records, or by record label. */
type ProviderNames =
  | { readonly kind: 'all'; readonly names: readonly Located<string>[] }
  | { readonly kind: 'by-record'; readonly byRecord: ReadonlyMap<RecordLabel, readonly Located<string>[]> };

const YEAR = 31_536_000;
const MAX_TTL_SECONDS = 2_147_483_647;

const forAll = transform(someNames, (names): ProviderNames => ({ kind: 'all', names }));
const byRecord = transform(
  object(
    {
      '_mta-sts': { reader: someNames, about: 'Where the TXT record with the id is written.' },
      'mta-sts': { reader: someNames, about: 'Where the record of the policy host is written.' },
      '_smtp._tls': { reader: someNames, about: 'Where the TXT record for TLS reports is written.' },
    },
    { what: 'a map from record to provider' },
  ),
  (values): ProviderNames => ({
    kind: 'by-record',
    byRecord: new Map(
      recordLabels.flatMap((label) => {
        const names = values[label]?.value;
        return names === undefined ? [] : [[label, names] as const];
      }),
    ),
  }),
);

/** Rule 3: a set, sorted by code point, whatever the YAML's order. */
const mxList = transform(
  plainList('a list of MX patterns, or live', parsedText('an MX pattern', parsePattern)),
  (patterns): readonly string[] => [...new Set(patterns)].toSorted(byCodePoint),
);

const live = choice(['live']);
const mxReader = byKind<readonly string[] | 'live'>('a list of MX patterns, or live', {
  text: {
    read(node, label, reading) {
      if (textOf(node) === 'live') return 'live';
      const hint = `write ${label}: ["${textOf(node)?.slice(0, 60)}"]`;
      return reading.wrongType(node, label, 'a list of MX patterns, or live', hint);
    },
    schema: (definitions) => live.schema(definitions),
  },
  list: mxList,
});

/** Guards that `allow:` frees. The others are freed by what the hint says. */
const guardHints: Readonly<Partial<Record<GuardName, string>>> = {
  'shared-id-record': 'give each domain an `idRecord` of its own',
  'max-changed-domains': 'use --allow for one run, or `limits:`',
  'no-foreign-overwrite': 'write `adopt: true`',
  'no-delete-without-absent': 'write `absent: true`, or `released: true` where a delegated domain moves out',
  'served-before-id': 'a publisher with `proof: file` says how else it is proved',
  'plan-is-current': 'make a new plan',
};
const isGuard = (name: string): name is GuardName => Object.hasOwn(guards, name);
const freedNames = Object.keys(guards)
  .filter(isGuard)
  .filter((name) => guards[name]);

const guard: Reader<GuardName> = {
  read(node, label, reading) {
    const name = text('the name of a guard').read(node, label, reading);
    if (name === undefined) return undefined;
    if (!isGuard(name)) {
      return reading.fault(
        node,
        'UNKNOWN_GUARD',
        `"${name.slice(0, 60)}" is not a guard`,
        suggest(name, Object.keys(guards)),
      );
    }
    if (guards[name]) return name;
    return reading.fault(node, 'GUARD_NOT_FREED', `\`allow\` does not free the guard ${name}`, guardHints[name]);
  },
  schema: () => ({ enum: freedNames }),
};

const sharedFields = {
  provider: {
    reader: named(
      'provider',
      byKind<ProviderNames>('the name of a provider, a list of names, or a map from record to provider', {
        text: forAll,
        list: forAll,
        map: byRecord,
      }),
    ),
    about: 'Where the DNS records are written: a name of `providers:`, a list, or a map from record label to provider.',
  },
  publisher: { reader: publisherReader, about: 'Where the policy is served from, instead of the top-level publisher.' },
  mode: { reader: choice(['enforce', 'testing', 'none']), about: 'The mode of the policy (default testing).' },
  maxAge: {
    reader: duration(1, MAX_MAX_AGE_SECONDS, 'MAX_AGE_RANGE'),
    about: 'How long senders keep the policy, max_age (default 1d).',
  },
  ttl: { reader: duration(1, MAX_TTL_SECONDS), about: 'TTL of the records (default 5m).' },
  mx: {
    reader: mxReader,
    about: 'MX patterns: host names, or "*." and a name; or live, which follows the MX records.',
  },
  tlsReports: {
    reader: plainList('a list of mailto: and https: URIs', parsedText('a mailto: or https: URI', parseRua)),
    about: 'Where TLS reports go. An empty list deletes the record; without the key it is left alone.',
  },
  contacts: {
    reader: plainList('a list of mailto: addresses', parsedText('a mailto: address', parseContact)),
    about: 'Who owns the domain: each address gets the weekly summary (`reports.weekly`).',
  },
  observe: {
    reader: choice(['dns', 'provider']),
    about: 'Where the live records are read: dns (default), or provider, which asks no DNS.',
  },
  testingFor: { reader: duration(0, YEAR), about: 'How long testing is served before enforce (default 14d).' },
  idRecord: {
    reader: parsedText('an owner name', parseOwnerName),
    about: 'The name that holds the id where _mta-sts.DOMAIN is a CNAME to it.',
  },
  delegation: {
    reader: delegationReader,
    about: 'The customer sets CNAMEs to names in a zone of yours, and records are written there only; or off.',
  },
} as const satisfies Record<string, Field<unknown>>;

const personalFields = {
  allow: { reader: plainList('a list of guards', guard), about: 'Guards that shall not hold this domain back.' },
  adopt: { reader: flag(), about: 'Take over records that somebody else wrote.' },
  stepBack: {
    reader: flag(),
    about: 'Serve testing again when signed reports of several reporters show many failures at a live MX.',
  },
  absent: { reader: flag(), about: 'Take the policy away, in the order that loses no mail.' },
  released: {
    reader: flag(),
    about: 'The delegated domain moves out: all stays as it is until no CNAME leads here, then what is ours goes.',
  },
} as const satisfies Record<string, Field<unknown>>;

const domainFields = {
  ...sharedFields,
  ...personalFields,
  profile: { reader: text('the name of a profile'), about: 'A named set of defaults, from `profiles:`.' },
} as const satisfies Record<string, Field<unknown>>;

/** What one level (domain, profile or defaults) says. */
export type DomainValues = Values<typeof domainFields>;

const onDomainOrProfile = 'put it on the domain or in a profile';

/** The value of one entry of `domains:`; it may be empty. */
export const domainReader: Reader<DomainValues> = named(
  'domain',
  object(domainFields, { what: 'a domain', canBeEmpty: true }),
);

/** The value of one entry of `profiles:`. */
const profileReader: Reader<DomainValues> = named(
  'profile',
  object(
    { ...sharedFields, ...personalFields },
    { what: 'a profile', canBeEmpty: true, elsewhere: { profile: 'profiles have one level: write the keys out' } },
  ),
);

/** `defaults:`. */
export const defaultsReader: Reader<DomainValues> = named(
  'defaults',
  object(sharedFields, {
    what: 'the defaults',
    canBeEmpty: true,
    elsewhere: {
      allow: onDomainOrProfile,
      adopt: onDomainOrProfile,
      stepBack: onDomainOrProfile,
      absent: onDomainOrProfile,
      released: onDomainOrProfile,
      profile: 'put it on the domain',
    },
  }),
);

/** `profiles:`, by name. */
export const profilesReader = mapOf((name) => parsed(name), profileReader, {
  what: 'a map of profiles by name',
  duplicates: 'refused',
});
