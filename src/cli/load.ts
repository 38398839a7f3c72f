/** Floor 4. The config for a command. Alone in its file: `validate` needs no more of stsync than this, and starts quicker so. */
import { descriptors } from '../../providers/registry.ts';
import { formatFault } from '../core/config/fault.ts';
import type { Config } from '../core/config/model.ts';
import type { ParsedConfig } from '../core/config/parse-config.ts';
import { loadConfig } from '../effects/load-config.ts';
import type { ConfigOptions } from './program.ts';

/** The config, or null after its faults were printed on stderr. */
export function loadOrReport(options: ConfigOptions): Config | null {
  const loaded = load(options);
  if (loaded.ok) return loaded.config;
  for (const fault of loaded.faults) process.stderr.write(`${formatFault(fault)}\n`);
  const count = loaded.faults.length;
  process.stderr.write(`stsync: BAD_CONFIG ${count} ${count === 1 ? 'fault' : 'faults'}; nothing was done\n`);
  return null;
}

/** The config or its faults; warnings go to stderr in any case. */
export function load(options: ConfigOptions): ParsedConfig {
  const { env: environment } = process;
  const loaded = loadConfig({ path: options.config, descriptors, environment, workingDirectory: process.cwd() });
  for (const warning of loaded.ok ? loaded.warnings : []) process.stderr.write(`warning: ${formatFault(warning)}\n`);
  return loaded;
}
