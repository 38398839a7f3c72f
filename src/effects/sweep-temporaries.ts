/** Floor 2. Removes temp files that a killed stsync left: the name of one says whose it is (`writeAtomic` in files.ts). */
import { createHash } from 'node:crypto';
import { readdir, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isAlive } from './file-lock.ts';

/** Tells this host from others that share a directory; short, since names of files have an end. */
const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
/** Directories that this process looked through: whatever has its pid there now is its own. */
const swept = new Map<string, Promise<void>>();
let counter = 0;

/** The name of a temp file beside `name`, of this process alone: `.NAME.stsync-HOST-PID-N`. */
export function temporaryName(name: string): string {
  return `.${name}.stsync-${HOST}-${process.pid}-${(counter += 1)}`;
}

/** Removes those of processes of this host that are gone. Once a directory, before this process writes there. */
export function sweepTemporaries(directory: string): Promise<void> {
  const known = swept.get(directory) ?? sweep(directory);
  swept.set(directory, known);
  return known;
}

async function sweep(directory: string): Promise<void> {
  try {
    for (const name of await readdir(directory)) {
      const [, host, pid] = /^\..+\.stsync-([0-9a-f]{8})-(\d+)-\d+$/.exec(name) ?? [];
      if (host !== HOST || (Number(pid) !== process.pid && isAlive(Number(pid)))) continue;
      await unlink(join(directory, name));
    }
  } catch {
    // Nobody reads them; what keeps us from removing them shows at the write itself, or does not matter.
  }
}
