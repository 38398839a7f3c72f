/** Floor 4. Puts the effects behind the services: the only place where both are known. */
import { descriptors, isBuiltType, openers } from '../../providers/registry.ts';
import type { Config, DomainConfig, ProviderConfig, WorldConfig } from '../core/config/model.ts';
import { suggest } from '../core/config/suggest.ts';
import { StsyncError } from '../core/error.ts';
import { parseHostName } from '../core/names.ts';
import { allProviders } from '../core/plan/record-names.ts';
import { openFiles } from '../effects/files.ts';
import { realPause } from '../effects/pause.ts';
import { directoryPublisher } from '../effects/publish-directory.ts';
import { statePublisher, stateReader } from '../effects/publish-state.ts';
import { type PolicyReader, type Publisher, readOnlyPublisher } from '../effects/publisher.ts';
import { requestBudgets } from '../effects/request-budget.ts';
import { withRetries } from '../effects/retry.ts';
import { runCommand } from '../effects/run-command.ts';
import type { Store, StoreReader } from '../effects/store.ts';
import { type Provider, type ProviderContext, readOnly } from '../provider.ts';
import { openTurns } from '../services/certificates/turns.ts';
import { openCallCounter } from '../services/count-calls.ts';
import type { PlanningWorld } from '../services/look.ts';
import type { Network } from '../services/world.ts';
import { openNetwork } from './network.ts';

/** Ctrl-C stops between two steps: what runs is finished or known to be unknown, and the next run goes on from there. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = (): void =>
    controller.abort(
      new StsyncError('INTERRUPTED', 'interrupted', { hint: 'run again: it goes on from what is there' }),
    );
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  return controller.signal;
}

/** One for the process: a daemon opens its providers again and again, and the service counts on. */
const requestBudget = requestBudgets(realPause);

/** What this process asked of providers, for the metrics. */
export const providerCalls = openCallCounter();

/** Providers and publishers of a config, opened once. */
export class Outside {
  readonly #files = openFiles();
  readonly #providers = new Map<string, Provider>();
  readonly #publishers = new Map<string, Publisher>();
  readonly network: Network;

  private constructor(world: WorldConfig) {
    this.network = openNetwork(world);
  }

  /** Opens the providers that these domains use; one that cannot be opened fails its domains, not the run (rule 9). */
  static async open(config: Config, domains: readonly DomainConfig[]): Promise<Outside> {
    const outside = new Outside(config.world);
    const context: ProviderContext = { files: outside.#files, runCommand, now: () => new Date(), requestBudget };
    for (const name of new Set(domains.flatMap(allProviders))) {
      const provider = config.providers.get(name);
      if (provider !== undefined) outside.#providers.set(name, await openProvider(provider, context));
    }
    return outside;
  }

  get providers(): ReadonlyMap<string, Provider> {
    return this.#providers;
  }

  publisher(wanted: DomainConfig, store: Store): Publisher {
    return wanted.publisher.type === 'server' ? statePublisher(store) : this.#directory(wanted);
  }

  #directory(wanted: DomainConfig): Publisher {
    if (wanted.publisher.type !== 'directory')
      throw new StsyncError('INTERNAL', `a publisher of type ${wanted.publisher.type} was asked for a policy`);
    const { directory } = wanted.publisher;
    const known = this.#publishers.get(directory) ?? directoryPublisher(directory, this.#files);
    this.#publishers.set(directory, known);
    return known;
  }

  /** What a dry run gets: nothing in it can write. */
  reading(store: StoreReader | null, signal: AbortSignal): PlanningWorld {
    return {
      readers: new Map([...this.#providers].map(([name, provider]) => [name, readOnly(provider)])),
      policies: (wanted: DomainConfig): PolicyReader =>
        wanted.publisher.type === 'server' ? stateReader(store) : readOnlyPublisher(this.#directory(wanted)),
      network: this.network,
      signal,
      store,
      now: () => new Date(),
      after: (ms, ring) => {
        const timer = setTimeout(ring, ms);
        return () => clearTimeout(timer);
      },
      descriptors,
      turnOf: openTurns(store),
    };
  }

  async close(): Promise<void> {
    for (const provider of this.#providers.values()) await provider.close();
    await this.network.resolver.close();
  }
}

/** The path of the state; a database URL is for a later release (`unbuilt` says so for each domain). */
export function statePathOf({ state }: Pick<Config, 'state'>): string {
  if (state.kind === 'file') return state.path;
  throw new StsyncError('NOT_BUILT_YET', 'a database URL as `state` is not there yet', {
    hint: 'name a file: `state: ./stsync.db`',
  });
}

/** A host name of the command line, in A-labels. Throws `USAGE`. */
export function hostArgument(text: string): string {
  const host = parseHostName(text);
  if (host.ok) return host.value;
  const [issue] = host.issues;
  throw new StsyncError(
    'USAGE',
    issue?.message ?? 'not a host name',
    issue?.hint === undefined ? {} : { hint: issue.hint },
  );
}

/** The domain of the config that the command line names, in any spelling. Throws `USAGE` for one that the YAML does not have. */
export function selectDomain(config: Config, name: string): DomainConfig {
  const parsed = parseHostName(name);
  const found = parsed.ok ? config.domains.find((one) => one.domain === parsed.value) : undefined;
  if (found !== undefined) return found;
  const close = suggest(
    name,
    config.domains.map((one) => one.domain),
  );
  throw new StsyncError('USAGE', `${name} is not in the config`, {
    hint: close ?? 'the config names the domains to manage',
  });
}

async function openProvider({ name, type, options }: ProviderConfig, context: ProviderContext): Promise<Provider> {
  // A type that is not built is refused for each domain by `unbuilt`, in words.
  if (!isBuiltType(type)) return unusable(new StsyncError('NOT_BUILT_YET', `provider type ${type} is not there yet`));
  try {
    const { open } = await openers[type]();
    return withRetries(providerCalls.counted(name, await open(options, context)), {
      ...realPause,
      random: Math.random,
    });
  } catch (error) {
    if (error instanceof StsyncError) return unusable(error);
    throw error;
  }
}

/** A provider whose every call says why it could not be opened. */
function unusable(error: StsyncError): Provider {
  return {
    capabilities: { isAtomic: false, hasCompareAndSwap: false, isReadLocal: false, canReadMx: true },
    read: () => Promise.reject(error),
    exists: () => Promise.reject(error),
    apply: () => Promise.reject(error),
    adjust: (set) => set,
    close: () => Promise.resolve(),
  };
}
