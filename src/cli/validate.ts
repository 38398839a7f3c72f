/** Floor 4. `stsync validate`: faults on stdout, so that they can be piped to where they are read. */
import { formatFault } from '../core/config/fault.ts';
import { print } from './output.ts';
import type { ConfigOptions } from './program.ts';
import { load } from './load.ts';

export async function runValidate(options: ConfigOptions): Promise<number> {
  const loaded = load(options);
  if (!loaded.ok) {
    await print(loaded.faults.map((fault) => `${formatFault(fault)}\n`).join(''));
    return 1;
  }
  const count = loaded.config.domains.length;
  await print(`ok: ${count} ${count === 1 ? 'domain' : 'domains'}\n`);
  return 0;
}
