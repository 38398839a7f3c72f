/** Floor 0. What holds for one domain: its own keys, then its profile's, then the defaults, then what is built in. */
import { formatPolicy, MAX_WRITTEN_BODY_BYTES } from '../policy.ts';
import { makeFault } from './fault.ts';
import type { ConfigFault, DomainConfig, ProviderChoice, PublisherConfig } from './model.ts';
import type { DomainEntry } from './read-file.ts';
import { type DomainValues, type RecordLabel, recordLabels } from './shape-domain.ts';
import { type Located, placeOf } from './source-text.ts';

const DAY = 86_400;

export const builtIn = {
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
}

/** A domain as far as it could be made out. `isLacking`: what no level says; the caller reports it once for all domains. */
export interface Resolved {
  readonly config: DomainConfig | null;
  readonly faults: readonly ConfigFault[];
  readonly isLacking: { readonly publisher: boolean; readonly provider: boolean };
}

/** Codes: `MX_MISSING`, `POLICY_TOO_LARGE`, `PUBLISHER_IS_POLICY_HOST`. A key that is faulty already causes no second fault. */
export function resolveDomain({ key: domain, located }: DomainEntry, fallbacks: Fallbacks): Resolved {
  const faults: ConfigFault[] = [];
  const nothing = { publisher: false, provider: false };
  const own = located.value;
  if (own === undefined) return { config: null, faults, isLacking: nothing };
  const profile = own.profile?.value === undefined ? undefined : fallbacks.profiles.get(own.profile.value);
  // An unknown or faulty profile may have said anything, so nothing counts as missing.
  const isProfileKnown = own.profile === undefined || profile !== undefined;
  const levels = profile === undefined ? [own, fallbacks.defaults] : [own, profile, fallbacks.defaults];
  const pick = <K extends keyof DomainValues>(key: K): DomainValues[K] => pickFrom(levels, key);

  const mode = pick('mode');
  const mx = pick('mx');
  const maxAge = pick('maxAge');
  const absent = pick('absent');
  const publisher = pick('publisher') ?? fallbacks.publisher;
  const choice = chooseProviders(levels, fallbacks.providerNames, pick('tlsReports') !== undefined);

  const modeValue = mode === undefined ? builtIn.mode : mode.value;
  const maxAgeSeconds = maxAge === undefined ? builtIn.maxAgeSeconds : maxAge.value;
  if (modeValue !== undefined && modeValue !== 'none' && isProfileKnown && isEmptyMx(mx) && absent?.value !== true) {
    faults.push(missingMx(domain, modeValue, mx ?? located));
  }
  if (mx !== undefined && isTooLarge(mx.value)) {
    const limit = `a policy has at most ${MAX_WRITTEN_BODY_BYTES} bytes`;
    faults.push(makeFault(placeOf(mx), 'POLICY_TOO_LARGE', `the policy of ${domain} is too large: ${limit}`, 'use wildcards'));
  }
  const target = publisher?.value?.target;
  if (publisher !== undefined && target?.kind === 'hostname' && target.hostname === `mta-sts.${domain}`) {
    const message = `mta-sts.${domain} would be a CNAME to itself`;
    const hint = 'the publisher needs a host name of its own, or `addresses:`';
    faults.push(makeFault(placeOf(publisher), 'PUBLISHER_IS_POLICY_HOST', message, hint));
  }

  const isLacking = {
    publisher: isProfileKnown && publisher === undefined,
    provider: isProfileKnown && choice === null,
  };
  const isWhole = publisher?.value !== undefined && choice !== null && modeValue !== undefined && maxAgeSeconds !== undefined;
  if (faults.length > 0 || !isWhole || publisher?.value === undefined) return { config: null, faults, isLacking };
  return {
    faults,
    isLacking,
    config: {
      domain,
      place: placeOf(located),
      providers: choice,
      publisher: publisher.value,
      mode: modeValue,
      maxAgeSeconds,
      mx: mx?.value ?? [],
      ttlSeconds: pick('ttl')?.value ?? builtIn.ttlSeconds,
      tlsReports: pick('tlsReports')?.value ?? null,
      allow: new Set(pick('allow')?.value),
      adopt: pick('adopt')?.value ?? false,
      absent: absent?.value ?? false,
      observe: pick('observe')?.value ?? builtIn.observe,
      testingForSeconds: pick('testingFor')?.value ?? builtIn.testingForSeconds,
      idRecord: pick('idRecord')?.value ?? null,
    },
  };
}

function pickFrom<K extends keyof DomainValues>(levels: readonly DomainValues[], key: K): DomainValues[K] {
  return levels.find((level) => level[key] !== undefined)?.[key];
}

/** Nothing is given, or an empty list; a faulty value is something. */
function isEmptyMx(mx: DomainValues['mx']): boolean {
  return mx === undefined || (Array.isArray(mx.value) && mx.value.length === 0);
}

function missingMx(domain: string, mode: string, where: Pick<Located<unknown>, 'source' | 'offset'>): ConfigFault {
  const message = `${domain} has mode ${mode} and no MX pattern; senders would refuse the policy`;
  return makeFault(placeOf(where), 'MX_MISSING', message, 'list the MX hosts under `mx:`, or write `mx: live`');
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
 * report record needs one only where there is such a record. Null: a record has no provider, or a name is faulty.
 */
function chooseProviders(
  levels: readonly DomainValues[],
  providerNames: readonly string[],
  hasReports: boolean,
): ProviderChoice | null {
  const forLabel = (label: RecordLabel): readonly string[] | null => {
    for (const level of levels) {
      const choice = level.provider;
      if (choice === undefined) continue;
      const names = choice.value?.kind === 'by-record' ? choice.value.byRecord.get(label) : choice.value?.names;
      if (names !== undefined) return names.flatMap(({ value }) => (value === undefined ? [] : [value]));
      if (choice.value === undefined) return null;
    }
    return providerNames.length === 1 ? providerNames : null;
  };
  const isByRecord = levels.some((level) => level.provider?.value?.kind === 'by-record');
  if (!isByRecord) {
    const names = forLabel('_mta-sts');
    return names === null ? null : { kind: 'all', names };
  }
  const byRecord = new Map<string, readonly string[]>();
  for (const label of recordLabels) {
    const names = forLabel(label);
    if (names !== null) byRecord.set(label, names);
    else if (label !== '_smtp._tls' || hasReports) return null;
  }
  return { kind: 'by-record', byRecord };
}
