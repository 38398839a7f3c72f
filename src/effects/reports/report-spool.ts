/**
 * Floor 2. Reports that a sender was told are received, and that are not in the state yet: a file each in a directory beside it. What was committed
 * outlives the process and a power cut. Bounded in files and bytes; several processes may use one directory.
 */
import { type FileHandle, mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';

import type { Clock } from '../clock.ts';
import { sweepTemporaries, temporaryName } from '../sweep-temporaries.ts';

export interface SpoolLimits {
  readonly files: number;
  readonly bytes: number;
}

export const spoolLimits: SpoolLimits = { files: 10_000, bytes: 256 * 1024 * 1024 };

/** Methods throw what the file system says. */
export interface ReportSpool {
  /** Null: it is full. `peer`: the address that it comes from; null: not known. */
  begin(peer: string | null): Promise<SpoolFile | null>;
  /** Names in the order of arrival. Temporary files of dead processes go. */
  list(): Promise<readonly string[]>;
  /** Null: another process was quicker. */
  read(name: string): Promise<{ readonly peer: string | null; readonly bytes: Uint8Array } | null>;
  remove(name: string): Promise<void>;
}

/** One that is coming in. Ends with `commit` or `discard`. */
export interface SpoolFile {
  /** False: the spool is full. */
  write(chunk: Uint8Array): Promise<boolean>;
  /** It is on the disk, whole, when this has come back. */
  commit(): Promise<void>;
  /** Never throws. */
  discard(): Promise<void>;
}

/** Time, a counter, the process; the address, `_` for `:`. */
const NAME = /^\d{14}-\d{8}-\d+-([\da-f._]*)$/i;

export function openReportSpool(directory: string, clock: Clock, limits: SpoolLimits = spoolLimits): ReportSpool {
  return new Spool(directory, clock, limits);
}

class Spool implements ReportSpool {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #limits: SpoolLimits;
  /** As of the last look, and what this process has done since. */
  readonly #kept = { files: 0, bytes: 0 };
  readonly #coming = { files: 0, bytes: 0 };
  #counter = 0;

  constructor(directory: string, clock: Clock, limits: SpoolLimits) {
    this.#directory = directory;
    this.#clock = clock;
    this.#limits = limits;
  }

  async begin(peer: string | null): Promise<SpoolFile | null> {
    if (this.#kept.files + this.#coming.files >= this.#limits.files || !this.#hasRoom(1)) return null;
    this.#coming.files += 1;
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      // Once for the process, and before its first file: later its own would go too.
      await sweepTemporaries(this.#directory);
      const name = this.#nameFor(peer);
      const temporary = join(this.#directory, temporaryName(name));
      const handle = await open(temporary, 'wx', 0o600);
      return this.#file(handle, temporary, name);
    } catch (error) {
      this.#coming.files -= 1;
      throw error;
    }
  }

  async list(): Promise<readonly string[]> {
    await sweepTemporaries(this.#directory);
    const names = (await orNull(() => readdir(this.#directory)))?.filter((name) => NAME.test(name)).toSorted() ?? [];
    let bytes = 0;
    for (const name of names) bytes += (await orNull(() => stat(join(this.#directory, name))))?.size ?? 0;
    Object.assign(this.#kept, { files: names.length, bytes });
    return names;
  }

  async read(name: string): Promise<{ readonly peer: string | null; readonly bytes: Uint8Array } | null> {
    const bytes = await orNull(() => readFile(join(this.#directory, name)));
    const peer = NAME.exec(name)?.[1]?.replaceAll('_', ':') ?? '';
    return bytes === null ? null : { peer: peer === '' ? null : peer, bytes };
  }

  async remove(name: string): Promise<void> {
    const path = join(this.#directory, name);
    const size = (await orNull(() => stat(path)))?.size;
    if (size === undefined) return;
    await orNull(() => unlink(path));
    this.#kept.files = Math.max(0, this.#kept.files - 1);
    this.#kept.bytes = Math.max(0, this.#kept.bytes - size);
  }

  #hasRoom(bytes: number): boolean {
    return this.#kept.bytes + this.#coming.bytes + bytes <= this.#limits.bytes;
  }

  #nameFor(peer: string | null): string {
    const time = String(this.#clock.now().getTime()).padStart(14, '0');
    const count = String((this.#counter += 1) % 100_000_000).padStart(8, '0');
    const address = /^[\da-f.:]{1,45}$/i.test(peer ?? '') ? (peer ?? '').replaceAll(':', '_') : '';
    return `${time}-${count}-${process.pid}-${address}`;
  }

  #file(handle: FileHandle, temporary: string, name: string): SpoolFile {
    let size = 0;
    let isOpen = true;
    const close = async (): Promise<void> => {
      if (!isOpen) return;
      isOpen = false;
      this.#coming.files -= 1;
      this.#coming.bytes -= size;
      await handle.close();
    };
    return {
      write: async (chunk) => {
        if (!this.#hasRoom(chunk.length)) return false;
        size += chunk.length;
        this.#coming.bytes += chunk.length;
        await handle.writeFile(chunk);
        return true;
      },
      commit: async () => {
        await handle.sync();
        await close();
        await rename(temporary, join(this.#directory, name));
        this.#kept.files += 1;
        this.#kept.bytes += size;
        await syncDirectory(this.#directory);
      },
      discard: async () => {
        await close().catch(() => undefined);
        await unlink(temporary).catch(() => undefined);
      },
    };
  }
}

/** So that the rename outlasts a power cut. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function orNull<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
