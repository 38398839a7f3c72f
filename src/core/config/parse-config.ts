/** Floor 0. YAML files to the config, or every fault of them at once (DESIGN section 4). */
import { byCodePoint, type HostName } from '../names.ts';
import { configReader } from './config-shape.ts';
import type { ProviderDescriptor } from './descriptor.ts';
import { makeFault, sortFaults } from './fault.ts';
import { mergeFiles, type MergedConfig } from './merge-files.ts';
import type { Config, ConfigFault, DomainConfig, ProviderConfig } from './model.ts';
import { readFile } from './read-file.ts';
import type { ReadContext } from './reading.ts';
import { checkReferences } from './references.ts';
import { type Fallbacks, resolveDomain, type Resolved } from './resolve-domain.ts';
import { defaultLimits, defaultSchedule, defaultWorld } from './shape-world.ts';
import { type ConfigFile, placeOf } from './source-text.ts';

export interface ParseContext extends ReadContext {
  readonly descriptors: readonly ProviderDescriptor[];
  /** Domains that are parsed at a time; for tests. */
  readonly blockSize?: number;
}

export type ParsedConfig =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly ConfigFault[] }
  | { readonly ok: false; readonly faults: readonly ConfigFault[] };

/**
 * Reads one file, or all files of a folder as one config. Never throws on what a file says. Faults come all together, sorted by file, line
 * and column; the codes are `configCodes`. Secrets are resolved here and never stand in a fault.
 */
export function parseConfig(files: readonly ConfigFile[], context: ParseContext): ParsedConfig {
  const reader = configReader(context.descriptors);
  const sorted = files.toSorted((a, b) => byCodePoint(a.file, b.file));
  const contents = sorted.map((file) => readFile(file, reader, context, context.blockSize));
  const merged = mergeFiles(contents);
  const references = checkReferences(merged);
  const fallbacks = fallbacksOf(merged);
  const resolved = merged.domains.map((entry) => resolveDomain(entry, fallbacks));
  const faults = [
    ...merged.faults,
    ...references.faults,
    ...resolved.flatMap((one) => one.faults),
    ...lackingFaults(merged, resolved, fallbacks),
  ];
  if (faults.length > 0) return { ok: false, faults: sortFaults(faults) };
  const stateDefault = context.resolvePath(sorted[0]?.directory ?? '/', 'stsync.db');
  const domains = resolved.flatMap(({ config }) => (config === null ? [] : [config]));
  return { ok: true, config: makeConfig(merged, domains, stateDefault), warnings: sortFaults(references.warnings) };
}

function fallbacksOf({ values, isWhole }: MergedConfig): Fallbacks {
  const profiles = values.profiles?.value ?? [];
  const known = profiles.flatMap(({ key, located }) =>
    located.value === undefined ? [] : [[key, located.value] as const],
  );
  return {
    profiles: new Map(known),
    defaults: values.defaults?.value ?? {},
    publisher: values.publisher,
    providerNames: (values.providers?.value ?? []).map(({ key }) => key),
    isWhole,
  };
}

/** One fault for all domains without a provider, one for all without a publisher: the cure is one line. */
function lackingFaults(
  { domains, values }: MergedConfig,
  resolved: readonly Resolved[],
  { providerNames }: Fallbacks,
): readonly ConfigFault[] {
  const faults: ConfigFault[] = [];
  for (const what of ['publisher', 'provider'] as const) {
    // The map of providers is faulty as a whole: that has been reported.
    if (what === 'provider' && values.providers !== undefined && values.providers.value === undefined) continue;
    const lacking = domains.filter((_entry, index) => resolved[index]?.isLacking[what] === true);
    const [first] = lacking;
    if (first === undefined) continue;
    const others = lacking.length === 1 ? '' : ` (and ${lacking.length - 1} more)`;
    const hint =
      what === 'publisher'
        ? 'add a top-level `publisher:`'
        : providerNames.length === 0
          ? 'add one under `providers:`'
          : `write \`provider:\` under \`defaults:\`; there are ${providerNames.join(', ')}`;
    const code = what === 'publisher' ? 'NO_PUBLISHER' : 'NO_PROVIDER';
    faults.push(makeFault(placeOf(first.located), code, `${first.key} has no ${what}${others}`, hint));
  }
  return faults;
}

function makeConfig({ values }: MergedConfig, domains: readonly DomainConfig[], stateDefault: string): Config {
  const providers = (values.providers?.value ?? []).flatMap(({ key, located }): [string, ProviderConfig][] =>
    located.value === undefined ? [] : [[key, { name: key, ...located.value, place: placeOf(located) }]],
  );
  return {
    providers: new Map(providers),
    state: values.state?.value ?? { kind: 'file', path: stateDefault },
    world: values.world?.value ?? defaultWorld,
    schedule: values.schedule?.value ?? defaultSchedule,
    limits: values.limits?.value ?? defaultLimits,
    domains: domains.toSorted((a, b) => byCodePoint(a.domain, b.domain)),
    publisherHostnames: publisherHostnames(values, domains),
  };
}

/** Of every publisher in the YAML, also one that no domain uses now: a record that points there is ours. */
function publisherHostnames(values: MergedConfig['values'], domains: readonly DomainConfig[]): readonly HostName[] {
  const profiles = (values.profiles?.value ?? []).map(({ located }) => located.value?.publisher?.value);
  const shared = [values.publisher?.value, values.defaults?.value?.publisher?.value, ...profiles];
  const names = new Set<HostName>();
  for (const publisher of [...shared, ...domains.map((domain) => domain.publisher)]) {
    if (publisher?.target.kind === 'hostname') names.add(publisher.target.hostname);
  }
  return [...names].toSorted(byCodePoint);
}
