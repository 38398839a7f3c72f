/** What the file system refuses, said about a zone: a sentence and the cure. */
import { StsyncError } from '../../src/core/error.ts';

const REASONS: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  EACCES: ['permission denied', 'give the user of stsync the rights to the zone file and its directory'],
  EPERM: [
    'not permitted',
    'give the user of stsync the rights to the zone file, and put it into the group of the file',
  ],
  EROFS: ['the file system is read-only', 'make it writable, or name another directory'],
  ENOSPC: ['no space left on the disk', 'free some space and run again: the old zone file is still there'],
  EDQUOT: ['the disk quota is used up', 'free some space and run again: the old zone file is still there'],
  EISDIR: ['a directory stands where a zone file belongs', 'move it away'],
  ENOTDIR: ['a file stands where a directory belongs', 'let `directory` name a directory'],
  ENOENT: ['it is not there', 'create it, mount it, or correct `directory`'],
  ELOOP: ['a symbolic link leads to itself', 'remove the link'],
  EIO: ['an input/output error', 'look at the disk, then run again'],
};

/** Runs `work`; a refusal of the file system becomes `code` with reason and cure, an error of ours stays as it is. */
export async function withZoneFaults<T>(
  code: 'ZONE_UNREADABLE' | 'ZONE_UNWRITABLE',
  path: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StsyncError || !(error instanceof Error)) throw error;
    // An abort has a number there.
    if (!('code' in error) || typeof error.code !== 'string') throw error;
    const [reason, hint] = REASONS[error.code] ?? [error.message, 'look at the file, then run again'];
    const verb = code === 'ZONE_UNREADABLE' ? 'read' : 'written';
    throw new StsyncError(code, `${path} cannot be ${verb}: ${reason}`, { hint, where: path, cause: error });
  }
}
