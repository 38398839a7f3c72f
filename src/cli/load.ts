/** Floor 4. The config for a command. Alone in its file: `validate` needs no more of stsync than this, and starts quicker so. */
import { descriptors } from '../../providers/registry.ts';
import { formatFault } from '../core/config/fault.ts';
import type { Config } from '../core/config/model.ts';
import { loadConfig } from '../effects/load-config.ts';
import type { ConfigOptions } from './program.ts';

/** The config, or null after its faults were printed on stderr. */
export async function loadOrReport(options: ConfigOptions): Promise<Config | null> {
  const loaded = await load(options);
  if (loaded.ok) return loaded.config;
  for (const fault of loaded.faults) process.stderr.write(`${formatFault(fault)}\n`);
  process.stderr.write(
    `stsync: BAD_CONFIG ${loaded.faults.length} ${loaded.faults.length === 1 ? 'fault' : 'faults'}; nothing was done\n`,
  );
  return null;
}

export function load(options: ConfigOptions): ReturnType<typeof loadConfig> {
  return loadConfig({ path: options.config, descriptors, environment: process.env, workingDirectory: process.cwd() });
}
