/** Floor 0. What holds for one domain: its own keys, then its profile's, then the defaults, then what is built in. */
import { formatPolicy, MAX_WRITTEN_BODY_BYTES } from '../policy.ts';
import { makeFault } from './fault.ts';
import type { ConfigFault, DomainConfig, ProviderChoice, PublisherConfig } from './model.ts';
import { ownerBase } from '../owner-base.ts';
import type { DomainEntry } from './read-file.ts';
import { delegationFaults, type DelegationKeys, delegationOf } from './resolve-delegation.ts';
import { type DomainValues, type RecordLabel, recordLabels } from './shape-domain.ts';
import { type Located, placeOf } from './source-text.ts';

const DAY = 86_400;

const builtIn = {
  mode: 'testing',
  maxAgeSeconds: DAY,
  ttlSeconds: 300,
  observe: 'dns',
  testingForSeconds: 14 * DAY,
} as const;

/** What a domain falls back to. */
export interface Fallbacks {
  readonly profiles: ReadonlyMap<string, DomainValues>;
  readonly defaults: DomainValues;
  readonly publisher: Located<PublisherConfig> | undefined;
  /** The names in `providers:`; the only one serves every domain that names none. */
  readonly providerNames: readonly string[];
  /** False: a file could not be read at all, so what seems to be missing may stand in it. */
  readonly isWhole: boolean;
}

/** A domain as far as it could be made out. `isLacking`: what no level says; the caller reports it once for all domains. */
export interface Resolved {
  readonly config: DomainConfig | null;
  readonly faults: readonly ConfigFault[];
  readonly isLacking: { readonly publisher: boolean; readonly provider: boolean };
}

/** Codes: `MX_MISSING`, `POLICY_TOO_LARGE`, `PUBLISHER_IS_POLICY_HOST`, and those of the delegation. A key that is faulty already causes no second fault. */
export function resolveDomain(entry: DomainEntry, fallbacks: Fallbacks): Resolved {
  const own = entry.located.value;
  if (own === undefined) return { config: null, faults: [], isLacking: { publisher: false, provider: false } };
  const profile = own.profile?.value === undefined ? undefined : fallbacks.profiles.get(own.profile.value);
  // An unknown or faulty profile, or a file that cannot be read, may have said anything: then nothing counts as missing.
  const isAllKnown = fallbacks.isWhole && (own.profile === undefined || profile !== undefined);
  const levels = profile === undefined ? [own, fallbacks.defaults] : [own, profile, fallbacks.defaults];
  const publisher = pick(levels, 'publisher') ?? fallbacks.publisher;
  const providers = chooseProviders(levels, fallbacks.providerNames);
  const keys = delegationKeys(levels);
  const base = ownerBase({ domain: entry.key, delegation: delegationOf(keys.delegation) });
  const faults = [
    ...mxFaults(entry, levels, isAllKnown),
    ...publisherFaults(base, publisher),
    ...delegationFaults(entry.key, placeOf(entry.located), keys, isAllKnown),
  ];
  const isLacking = {
    publisher: isAllKnown && publisher === undefined,
    provider: isAllKnown && providers === 'none',
  };
  if (faults.length > 0 || publisher?.value === undefined || typeof providers === 'string') {
    return { config: null, faults, isLacking };
  }
  return { config: makeDomain(entry, levels, providers, publisher.value), faults, isLacking };
}

function makeDomain(
  { key: domain, located }: DomainEntry,
  levels: readonly DomainValues[],
  providers: ProviderChoice,
  publisher: PublisherConfig,
): DomainConfig {
  return {
    domain,
    place: placeOf(located),
    providers,
    publisher,
    mode: pick(levels, 'mode')?.value ?? builtIn.mode,
    maxAgeSeconds: pick(levels, 'maxAge')?.value ?? builtIn.maxAgeSeconds,
    mx: pick(levels, 'mx')?.value ?? [],
    ttlSeconds: pick(levels, 'ttl')?.value ?? builtIn.ttlSeconds,
    tlsReports: pick(levels, 'tlsReports')?.value ?? null,
    allow: new Set(pick(levels, 'allow')?.value),
    adopt: pick(levels, 'adopt')?.value ?? false,
    absent: pick(levels, 'absent')?.value ?? false,
    observe: pick(levels, 'observe')?.value ?? builtIn.observe,
    testingForSeconds: pick(levels, 'testingFor')?.value ?? builtIn.testingForSeconds,
    stepBack: pick(levels, 'stepBack')?.value ?? false,
    idRecord: pick(levels, 'idRecord')?.value ?? null,
    delegation: zoneOf(levels),
    released: pick(levels, 'released')?.value ?? false,
    contacts: [...new Set(pick(levels, 'contacts')?.value)],
  };
}

function delegationKeys(levels: readonly DomainValues[]): DelegationKeys {
  return {
    delegation: pick(levels, 'delegation'),
    released: pick(levels, 'released'),
    absent: pick(levels, 'absent'),
    idRecord: pick(levels, 'idRecord'),
    observe: pick(levels, 'observe'),
    tlsReports: pick(levels, 'tlsReports'),
  };
}

function zoneOf(levels: readonly DomainValues[]): DomainConfig['delegation'] {
  const delegation = delegationOf(pick(levels, 'delegation'));
  return delegation === null ? null : { zone: delegation.zone };
}

function mxFaults(
  { key: domain, located }: DomainEntry,
  levels: readonly DomainValues[],
  isAllKnown: boolean,
): readonly ConfigFault[] {
  const mx = pick(levels, 'mx');
  const given = pick(levels, 'mode');
  const mode = given === undefined ? builtIn.mode : given.value;
  const needsMx = mode !== undefined && mode !== 'none' && pick(levels, 'absent')?.value !== true;
  if (needsMx && isAllKnown && isEmptyMx(mx)) {
    const message = `${domain} has mode ${mode} and no MX pattern; senders would refuse the policy`;
    return [
      makeFault(placeOf(mx ?? located), 'MX_MISSING', message, 'list the MX hosts under `mx:`, or write `mx: live`'),
    ];
  }
  if (mx === undefined || !isTooLarge(mx.value)) return [];
  const message = `the policy of ${domain} would have more than ${MAX_WRITTEN_BODY_BYTES} bytes`;
  return [makeFault(placeOf(mx), 'POLICY_TOO_LARGE', message, 'name several hosts by one pattern: "*.mx.example.net"')];
}

/** `base`: under which the host record stands. */
function publisherFaults(base: string, publisher: Located<PublisherConfig> | undefined): readonly ConfigFault[] {
  const target = publisher?.value?.target;
  if (publisher === undefined || target?.kind !== 'hostname' || target.hostname !== `mta-sts.${base}`) return [];
  const message = `${target.hostname} would be a CNAME to itself`;
  const hint = 'the publisher needs a host name of its own, or `addresses:`';
  return [makeFault(placeOf(publisher), 'PUBLISHER_IS_POLICY_HOST', message, hint)];
}

/** The nearest level that has the key. */
function pick<K extends keyof DomainValues>(levels: readonly DomainValues[], key: K): DomainValues[K] | undefined {
  return levels.find((level) => level[key] !== undefined)?.[key];
}

/** Nothing is given, or an empty list; a faulty value is something. */
function isEmptyMx(mx: DomainValues['mx']): boolean {
  return mx === undefined || (Array.isArray(mx.value) && mx.value.length === 0);
}

/** Patterns are in canonical form already, so a short list need not be printed to be measured. */
function isTooLarge(mx: readonly string[] | 'live' | undefined): boolean {
  if (mx === undefined || mx === 'live') return false;
  const longest = mx.reduce((sum, pattern) => sum + pattern.length + 'mx: \r\n'.length, 100);
  if (longest <= MAX_WRITTEN_BODY_BYTES) return false;
  return formatPolicy({ mode: 'enforce', maxAgeSeconds: 31_557_600, mx }).length > MAX_WRITTEN_BODY_BYTES;
}

/**
 * Each record is written where the nearest level says that names a provider for it; a map may leave labels to the level below. The TLS
 * report record needs one only where there is such a record. A delegation may name its own. `none`: a record has no provider. `faulty`: reported already.
 */
function chooseProviders(
  levels: readonly DomainValues[],
  providerNames: readonly string[],
): ProviderChoice | 'none' | 'faulty' {
  if (levels.some(({ provider }) => provider !== undefined && provider.value === undefined)) return 'faulty';
  const delegation = pick(levels, 'delegation');
  if (delegation !== undefined && delegation.value === undefined) return 'faulty';
  const ofZone = delegationOf(delegation)?.providers;
  if (ofZone != null) return { kind: 'all', names: valuesOf(ofZone) };
  const namesOf = (label: RecordLabel): readonly string[] | null =>
    nearestNames(levels, label) ?? onlyName(providerNames);
  if (!levels.some(({ provider }) => provider?.value?.kind === 'by-record')) {
    const names = namesOf('_mta-sts');
    return names === null ? 'none' : { kind: 'all', names };
  }
  const byRecord = new Map<string, readonly string[]>();
  for (const label of recordLabels) {
    const names = namesOf(label);
    if (names !== null) byRecord.set(label, names);
    else if (label !== '_smtp._tls' || pick(levels, 'tlsReports') !== undefined) return 'none';
  }
  return { kind: 'by-record', byRecord };
}

function nearestNames(levels: readonly DomainValues[], label: RecordLabel): readonly string[] | null {
  for (const { provider } of levels) {
    const choice = provider?.value;
    const names = choice?.kind === 'by-record' ? choice.byRecord.get(label) : choice?.names;
    if (names !== undefined) return valuesOf(names);
  }
  return null;
}

function valuesOf(names: readonly Located<string>[]): readonly string[] {
  return names.flatMap(({ value }) => (value === undefined ? [] : [value]));
}

function onlyName(providerNames: readonly string[]): readonly string[] | null {
  return providerNames.length === 1 ? providerNames : null;
}
