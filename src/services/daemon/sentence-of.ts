/** Floor 3. An error as one sentence for the log and the state; a fault of ours with its stack, so that it can be found. */
import { StsyncError } from '../../core/error.ts';

export function sentenceOf(error: unknown): string {
  if (error instanceof StsyncError) return `${error.code} ${error.message}`;
  return `INTERNAL ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
