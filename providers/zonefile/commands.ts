/** The user's `check` and `reload` commands. Both get STSYNC_ZONE and STSYNC_FILE. */
import { StsyncError } from '../../src/core/error.ts';
import type { ProviderContext } from '../../src/provider.ts';
import type { ZonePlace } from './zone-directory.ts';

export interface ZoneCommands {
  /** Throws `ZONE_CHECK_FAILED` when the command does not take the text in `temporary`. */
  check(place: ZonePlace, temporary: string, signal: AbortSignal): Promise<void>;
  /** Throws `ZONE_RELOAD_FAILED`; the zone file is written by then. */
  reload(place: ZonePlace, signal: AbortSignal): Promise<void>;
}

/** Null: no such command, which succeeds. */
export function zoneCommands(
  context: Pick<ProviderContext, 'runCommand'>,
  check: string | null,
  reload: string | null,
): ZoneCommands {
  return {
    async check({ zone, path }, temporary, signal) {
      if (check === null) return;
      const { exitCode, output } = await context.runCommand(
        check,
        { STSYNC_ZONE: zone, STSYNC_FILE: temporary },
        signal,
      );
      if (exitCode === 0) return;
      const told = tail(output.replaceAll(temporary, path));
      throw new StsyncError(
        'ZONE_CHECK_FAILED',
        `\`check\` of ${zone} failed (exit ${exitCode}): ${told}; nothing was changed`,
        {
          hint: 'the text that was checked is the zone file with the change in it: correct the zone file or the command',
          where: path,
        },
      );
    },
    async reload({ zone, path }, signal) {
      if (reload === null) return;
      const failed = (reason: string, cause?: unknown): StsyncError =>
        new StsyncError('ZONE_RELOAD_FAILED', `${path} is written, but \`reload\` of ${zone} failed: ${reason}`, {
          hint: 'correct the command: the next run does it again, and until then the name server goes on with the old zone',
          where: path,
          retryable: true,
          cause,
        });
      const result = await context
        .runCommand(reload, { STSYNC_ZONE: zone, STSYNC_FILE: path }, signal)
        .catch((error: unknown) => {
          throw failed(error instanceof Error ? error.message : String(error), error);
        });
      if (result.exitCode !== 0) throw failed(`exit ${result.exitCode}: ${tail(result.output)}`);
    },
  };
}

/** The last lines of what a command said, on one line. */
function tail(output: string): string {
  const lines = output
    .trim()
    .split(/\s*\r?\n\s*/)
    .slice(-5);
  const text = lines.join(' / ').slice(-500);
  return text === '' ? 'it said nothing' : text;
}
