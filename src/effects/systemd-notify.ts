/**
 * Floor 2. Tells systemd how the daemon stands (`Type=notify`, `NotifyAccess=all`). Node has no AF_UNIX datagrams, so systemd's own
 * `systemd-notify` sends it.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const LIMIT_MS = 5000;

/**
 * Sends assignments of sd_notify(3): `READY=1`, `STATUS=...`. Does nothing where systemd does not listen. Gives what went wrong, as a
 * sentence, or null: no service shall fail for it.
 */
export async function notifySystemd(assignments: readonly string[]): Promise<string | null> {
  if (process.env['NOTIFY_SOCKET'] === undefined) return null;
  try {
    await promisify(execFile)('systemd-notify', assignments, { timeout: LIMIT_MS });
    return null;
  } catch (error) {
    return `systemd-notify: ${error instanceof Error ? error.message : String(error)}`;
  }
}
