/** Floor 4. `stsync schema`. */
import { descriptors } from '../../providers/registry.ts';
import { configJsonSchema } from '../core/config/config-shape.ts';
import { print } from './output.ts';

export async function runSchema(): Promise<number> {
  await print(`${JSON.stringify(configJsonSchema(descriptors), null, 2)}\n`);
  return 0;
}
