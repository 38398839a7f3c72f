/** Floor 4. How a command ends that could do nothing: one line what, one line the cure, exit code 1. */
import { CommanderError } from 'commander';
import { StsyncError } from '../core/error.ts';
import type { Finding } from '../core/plan/model.ts';

/** Prints on stderr what was found out about a domain, where that is why there is no answer. */
export function reportFinding({ code, message, hint }: Finding): void {
  process.stderr.write(`stsync: ${code} ${message}\n`);
  if (hint !== null) process.stderr.write(`  ${hint}\n`);
}

/** Prints the error on stderr and gives the exit code. What is a fault of ours says so, with its stack. */
export function reportFailure(error: unknown): number {
  // Commander has printed its own message already; help and version come as "errors" with exit code 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 1;
  if (error instanceof StsyncError) {
    const where = error.where === undefined || error.message.includes(error.where) ? '' : `${error.where}: `;
    process.stderr.write(`stsync: ${error.code} ${where}${error.message}\n`);
    if (error.hint !== undefined) process.stderr.write(`  ${error.hint}\n`);
    return 1;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(
    `stsync: INTERNAL ${text}\n  this is a fault of stsync itself; please report it with these lines\n`,
  );
  return 1;
}
