/** Floor 0. YAML files to the config, or every fault of them at once (DESIGN section 4). */
import { byCodePoint, type HostName } from '../names.ts';
import { configReader, type ConfigValues, repositoryReader } from './config-shape.ts';
import type { ProviderDescriptor } from './descriptor.ts';
import { makeFault, sortFaults } from './fault.ts';
import { mergeFiles, type MergedConfig } from './merge-files.ts';
import type {
  Config,
  ConfigFault,
  DomainConfig,
  Place,
  ProviderConfig,
  PublisherConfig,
  SourceConfig,
  StateConfig,
} from './model.ts';
import { type FileContent, readFile } from './read-file.ts';
import type { ReadContext } from './reading.ts';
import type { Reader } from './readers.ts';
import { checkReferences } from './references.ts';
import { delegationCollisions } from './resolve-delegation.ts';
import { contactFaults } from './contact-faults.ts';
import { type Fallbacks, resolveDomain, type Resolved } from './resolve-domain.ts';
import { defaultDaemon } from './shape-daemon.ts';
import { defaultReports } from './shape-reports.ts';
import { defaultLimits, defaultSchedule, defaultWorld } from './shape-world.ts';
import { type ConfigFile, placeOf } from './source-text.ts';

export interface ParseContext extends ReadContext {
  readonly descriptors: readonly ProviderDescriptor[];
  /** Domains that are parsed at a time; for tests. */
  readonly blockSize?: number;
  /**
   * What the clone of the repository that `source:` names holds; may throw where there is no clone. Without this function the files of the
   * repository count as unread.
   */
  readonly readRepository?: (source: SourceConfig) => RepositoryFiles;
}

/** The YAML of one commit. The files count as more files of the folder of the local one. */
export interface RepositoryFiles {
  readonly commit: string;
  readonly files: readonly ConfigFile[];
  /** Files that could not be taken. */
  readonly faults: readonly ConfigFault[];
}

export type ParsedConfig = {
  /** What the YAML says itself, and where: only its shape is known to be good. Null: nothing, or nothing of that shape. */
  readonly schedule: WrittenSchedule | null;
} & (
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly ConfigFault[] }
  | { readonly ok: false; readonly faults: readonly ConfigFault[] }
);

export interface WrittenSchedule {
  readonly line: string;
  readonly place: Place;
}

/**
 * Reads one file, or all files of a folder as one config. Never throws on what a file says. Faults come all together, sorted by file, line
 * and column; the codes are `configCodes`. Secrets are resolved here and never stand in a fault.
 */
export function parseConfig(files: readonly ConfigFile[], context: ParseContext): ParsedConfig {
  const local = readFiles(files, configReader(context.descriptors), context);
  const source = findSource(local, context);
  const repository = source === null ? null : openRepository(source, local, context);
  const merged = mergeAll(local, repository, source, context);
  const references = checkReferences(merged);
  const fallbacks = fallbacksOf(merged);
  const resolved = merged.domains.map((entry) => resolveDomain(entry, fallbacks));
  const domains = resolved.flatMap(({ config }) => (config === null ? [] : [config]));
  const faults = [
    ...merged.faults,
    ...references.faults,
    ...resolved.flatMap((one) => one.faults),
    ...lackingFaults(merged, resolved, fallbacks),
    ...delegationCollisions(domains),
    ...contactFaults(merged),
  ];
  const schedule = writtenSchedule(merged);
  if (faults.length > 0) return { ok: false, faults: sortFaults(faults), schedule };
  const outside = { source, sourceCommit: repository?.commit ?? null, state: stateOf(local, context) };
  return {
    ok: true,
    config: { ...makeConfig(merged, domains), ...outside },
    warnings: sortFaults(references.warnings),
    schedule,
  };
}

function writtenSchedule({ values: { schedule } }: MergedConfig): WrittenSchedule | null {
  return schedule?.value === undefined ? null : { line: schedule.value, place: placeOf(schedule) };
}

export type ParsedSource =
  | { readonly ok: true; readonly source: SourceConfig | null; readonly state: StateConfig }
  | { readonly ok: false; readonly faults: readonly ConfigFault[] };

/** Reads the local files alone, for a program that has to fetch the repository before it can read the config. */
export function parseSource(files: readonly ConfigFile[], context: ParseContext): ParsedSource {
  const local = readFiles(files, configReader(context.descriptors), context);
  const faults = local.flatMap((content) => content.faults);
  return faults.length > 0
    ? { ok: false, faults: sortFaults(faults) }
    : { ok: true, source: findSource(local, context), state: stateOf(local, context) };
}

function readFiles(
  files: readonly ConfigFile[],
  reader: Reader<ConfigValues>,
  context: ParseContext,
): readonly FileContent[] {
  const sorted = files.toSorted((a, b) => byCodePoint(a.file, b.file));
  return sorted.map((file) => readFile(file, reader, context, context.blockSize));
}

/** The clone lives beside the state, so both are known by the local files alone. */
function findSource(local: readonly FileContent[], context: ParseContext): SourceConfig | null {
  const found = local.flatMap(({ values }) => (values?.source?.value === undefined ? [] : [values.source.value]));
  const state = stateOf(local, context);
  const beside = state.kind === 'file' ? state.path : defaultStatePath(local, context);
  return found[0] === undefined ? null : { ...found[0], directory: `${beside}.source` };
}

function stateOf(local: readonly FileContent[], context: ParseContext): StateConfig {
  const found = local.flatMap(({ values }) => (values?.state?.value === undefined ? [] : [values.state.value]));
  return found[0] ?? { kind: 'file', path: defaultStatePath(local, context) };
}

function defaultStatePath(local: readonly FileContent[], context: ParseContext): string {
  return context.resolvePath(local[0]?.source.directory ?? '/', 'stsync.db');
}

/** Null where the clone cannot be read and the local files have faults, which then are what has to be put right first. */
function openRepository(
  source: SourceConfig,
  local: readonly FileContent[],
  context: ParseContext,
): RepositoryFiles | null {
  try {
    return context.readRepository?.(source) ?? null;
  } catch (error) {
    if (local.some((content) => content.faults.length > 0)) return null;
    throw error;
  }
}

function mergeAll(
  local: readonly FileContent[],
  repository: RepositoryFiles | null,
  source: SourceConfig | null,
  context: ParseContext,
): MergedConfig {
  const inner = readFiles(repository?.files ?? [], repositoryReader(context.descriptors), context);
  const all = [...local, ...inner].toSorted((a, b) => byCodePoint(a.source.file, b.source.file));
  const isRead = repository === null ? source === null : repository.faults.length === 0;
  const merged = mergeFiles(all, isRead);
  return { ...merged, faults: [...merged.faults, ...(repository?.faults ?? [])] };
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

function makeConfig(
  { values }: MergedConfig,
  domains: readonly DomainConfig[],
): Omit<Config, 'state' | 'source' | 'sourceCommit'> {
  const providers = (values.providers?.value ?? []).flatMap(({ key, located }): [string, ProviderConfig][] =>
    located.value === undefined ? [] : [[key, { name: key, ...located.value, place: placeOf(located) }]],
  );
  const publishers = publishersOf(values, domains);
  return {
    providers: new Map(providers),
    world: values.world?.value ?? defaultWorld,
    schedule: values.schedule?.value ?? defaultSchedule,
    limits: values.limits?.value ?? defaultLimits,
    daemon: values.daemon?.value ?? defaultDaemon,
    notifications: values.notifications?.value ?? [],
    reports: values.reports?.value ?? defaultReports,
    domains: domains.toSorted((a, b) => byCodePoint(a.domain, b.domain)),
    publisherHostnames: publisherHostnames(publishers),
    policyServers: publishers.filter((publisher) => publisher.type === 'server'),
  };
}

/** Every publisher in the YAML, each once, also one that no domain uses now. */
function publishersOf(values: MergedConfig['values'], domains: readonly DomainConfig[]): readonly PublisherConfig[] {
  const profiles = (values.profiles?.value ?? []).map(({ located }) => located.value?.publisher?.value);
  const shared = [values.publisher?.value, values.defaults?.value?.publisher?.value, ...profiles];
  const all = new Set([...shared, ...domains.map((domain) => domain.publisher)]);
  return [...all].filter((publisher) => publisher !== undefined);
}

/** A record that points there is ours. */
function publisherHostnames(publishers: readonly PublisherConfig[]): readonly HostName[] {
  const names = publishers.flatMap(({ target }) => (target.kind === 'hostname' ? [target.hostname] : []));
  return [...new Set(names)].toSorted(byCodePoint);
}
