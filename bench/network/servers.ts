/** What runs beside a bench: the HTTPS host on port 443 of its own network. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { type Ca } from '../../test/support/ca.ts';

/** Starts `https-host.ts` on 127.0.0.1:443 with certificates of `ca`. The caller kills it. */
export async function startHttpsHost(ca: Ca): Promise<ChildProcess> {
  const program = join(import.meta.dirname, 'https-host.ts');
  const child = spawn(process.execPath, [program, '127.0.0.1', '443', join(ca.directory, 'root.key')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.on('exit', () => child.kill());
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => Promise.reject(new Error('the HTTPS host did not start'))),
  ]);
  return child;
}
