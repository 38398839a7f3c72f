/** Floor 4. What the commands about one domain share: the config, the domain in it, and a world that can only be read. */
import type { Config, DomainConfig } from '../core/config/model.ts';
import { openStoreReadOnly } from '../effects/store-sqlite.ts';
import type { PlanningWorld } from '../services/look.ts';
import { loadOrReport } from './load.ts';
import type { ConfigOptions } from './program.ts';
import { interruptSignal, Outside, selectDomain, statePathOf } from './wiring.ts';

/** Runs `work` for the domain and closes what was opened; 1 where the config has faults, which were printed. */
export async function withDomain(
  name: string,
  options: ConfigOptions,
  work: (config: Config, wanted: DomainConfig, world: PlanningWorld) => Promise<number>,
): Promise<number> {
  const config = loadOrReport(options);
  if (config === null) return 1;
  const wanted = selectDomain(config, name);
  const outside = await Outside.open(config, [wanted]);
  const store = openStoreReadOnly(statePathOf(config));
  try {
    return await work(config, wanted, outside.reading(store, interruptSignal()));
  } finally {
    store?.close();
    await outside.close();
  }
}
