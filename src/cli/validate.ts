/** Floor 4. `stsync validate`: faults on stdout, so that they can be piped to where they are read. */
import { formatFault } from '../core/config/fault.ts';
import { print } from './output.ts';
import type { ConfigOptions } from './program.ts';
import { loadChecked } from './load.ts';

export async function runValidate(options: ConfigOptions): Promise<number> {
  const loaded = await loadChecked(options);
  if (!loaded.ok) {
    await print(loaded.faults.map((fault) => `${formatFault(fault)}\n`).join(''));
    return 1;
  }
  const { domains, sourceCommit } = loaded.config;
  const commit = sourceCommit === null ? '' : ` (source at ${sourceCommit.slice(0, 12)})`;
  await print(`ok: ${domains.length} ${domains.length === 1 ? 'domain' : 'domains'}${commit}\n`);
  return 0;
}
