/** Floor 4. The policy host as a part of the daemon: its listeners over the policies in the state, and its certificates. */
import type { StsyncError } from '../core/error.ts';
import { certificateDirectory } from '../effects/certificate-directory.ts';
import { openChallengeBoard } from '../effects/challenge-board.ts';
import { systemClock } from '../effects/clock.ts';
import { storedCertificates } from '../effects/stored-certificates.ts';
import { openServedPolicies } from '../effects/store-sqlite-served.ts';
import { Certificates } from './certificates.ts';
import type { DaemonPart, DaemonView } from './daemon-parts.ts';
import { HostListeners } from './host-listeners.ts';

/** A config that comes into force, and a run that ended, are seen this much later: well within the time that a proof waits. */
const LOOK_MS = 500;

/**
 * A listener once opened stays to the end of the daemon, whatever a later config says: orphans are still served (rule 5), and a config that
 * is refused changes nothing. So do the certificate directories. Each listener serves every policy in the state.
 */
export async function policyHostPart(daemon: DaemonView): Promise<DaemonPart> {
  const { config: first, state, log } = daemon;
  // `unbuilt` refuses a database URL for each domain.
  if (first.state.kind !== 'file') return { close: async () => undefined };
  const { path } = first.state;
  const tell = ({ code, message, hint }: StsyncError): void => log.warn({ hint }, `${code} ${message}`);
  const policies = openServedPolicies(path, tell);
  const directories = new Set<string>();
  const own = certificateDirectory({ directories: () => [...directories], onTrouble: tell });
  const stored = storedCertificates({ path, onTrouble: tell });
  const board = openChallengeBoard();
  const listeners = new HostListeners({
    certificates: { context: (name) => own.context(name) ?? stored.context(name) },
    board,
    bodyOf: (host) => policies.body(host),
    uploads: daemon.uploads,
    log,
    tell,
  });
  const isServed = (host: string): boolean => policies.body(host) !== null;
  const certificates = new Certificates({ ...daemon, path, board, isServed, tell });
  let seen = first;
  const follow = (): void => {
    for (const { certificates: directory } of seen.policyServers) if (directory !== null) directories.add(directory);
    listeners.follow(seen.policyServers);
  };
  follow();
  const look = (): void => {
    const now = state().inForce?.config ?? seen;
    if (now !== seen) {
      seen = now;
      follow();
    }
    certificates.look();
    cancel = systemClock.after(LOOK_MS, look);
  };
  let cancel = systemClock.after(LOOK_MS, look);
  return {
    close: async () => {
      cancel();
      await certificates.close();
      await listeners.close();
      stored.close();
      policies.close();
    },
  };
}
