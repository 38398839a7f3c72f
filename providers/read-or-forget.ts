/** Reads in a zone that is remembered from before. */
import { StsyncError } from '../src/core/error.ts';

/** What `work` gives. A zone that went away while the process ran is looked for again the next time. */
export async function readOrForget<T>(zones: { forget(): void }, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StsyncError && error.code === 'ZONE_NOT_FOUND') zones.forget();
    throw error;
  }
}
