/** Floor 4. The config for a command. Alone in its file: `validate` needs no more of stsync than this, and starts quicker so. */
import { descriptors } from '../../providers/registry.ts';
import { formatFault } from '../core/config/fault.ts';
import type { Config, ConfigFault } from '../core/config/model.ts';
import type { ParsedConfig } from '../core/config/parse-config.ts';
import { loadCheckedConfig, loadConfig, type LoadOptions } from '../effects/load-config.ts';
import type { ConfigOptions } from './program.ts';

/** The config, or null after its faults were printed on stderr. */
export function loadOrReport(options: ConfigOptions): Config | null {
  const loaded = load(options);
  if (loaded.ok) return loaded.config;
  reportFaults(loaded.faults);
  return null;
}

/** Each with its place and its cure. */
export function reportFaults(faults: readonly ConfigFault[]): void {
  for (const fault of faults) process.stderr.write(`${formatFault(fault)}\n`);
  const { length: count } = faults;
  process.stderr.write(`stsync: BAD_CONFIG ${count} ${count === 1 ? 'fault' : 'faults'}; nothing was done\n`);
}

/** The config or its faults; warnings go to stderr in any case. */
function load(options: ConfigOptions): ParsedConfig {
  return warn(loadConfig(loadOptions(options)));
}

/** As {@link load}, with the faults of `schedule:`, which matters to the daemon alone. */
export async function loadChecked(options: ConfigOptions): Promise<ParsedConfig> {
  return warn(await loadCheckedConfig(loadOptions(options)));
}

function loadOptions({ config: path }: ConfigOptions): LoadOptions {
  return { path, descriptors, environment: process.env, workingDirectory: process.cwd() };
}

function warn(loaded: ParsedConfig): ParsedConfig {
  for (const warning of loaded.ok ? loaded.warnings : []) process.stderr.write(`warning: ${formatFault(warning)}\n`);
  return loaded;
}
