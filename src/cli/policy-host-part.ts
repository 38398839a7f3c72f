/** Floor 4. The policy host as a part of the daemon: every listener that a publisher of type server names, over the policies in the state. */
import type { ServerPublisher } from '../core/config/model.ts';
import type { StsyncError } from '../core/error.ts';
import { certificateDirectory } from '../effects/certificate-directory.ts';
import { systemClock } from '../effects/clock.ts';
import { openPolicyListener, type PolicyListener } from '../effects/policy-listener.ts';
import { openServedPolicies } from '../effects/store-sqlite-served.ts';
import { answerPolicy } from '../services/policy-host/answer-policy.ts';
import type { DaemonPart, DaemonView } from './daemon-parts.ts';

/** A config that comes into force is seen this much later: well within the time that a proof waits. */
const LOOK_MS = 500;

/**
 * A listener once opened stays to the end of the daemon, whatever a later config says: orphans are still served (rule 5), and a config that
 * is refused changes nothing. So do the certificate directories. Each listener serves every policy in the state.
 */
export async function policyHostPart({ config: first, state, log }: DaemonView): Promise<DaemonPart> {
  // `unbuilt` refuses a database URL for each domain.
  if (first.state.kind !== 'file') return { close: async () => undefined };
  const tell = ({ code, message, hint }: StsyncError): void => log.warn({ hint }, `${code} ${message}`);
  const policies = openServedPolicies(first.state.path, tell);
  const directories = new Set<string>();
  const addresses = new Set<string>();
  const certificates = certificateDirectory({ directories: () => [...directories], onTrouble: tell });
  const listeners = new Map<string, PolicyListener>();
  const open = (listen: string, { isBehindProxy }: ServerPublisher): void => {
    log.info({ listen, tls: isBehindProxy ? 'behind-proxy' : 'own' }, 'policy host');
    const listener = openPolicyListener({
      listen,
      isIpv6Only: listen.startsWith('[::]:') && addresses.has(listen.replace('[::]', '0.0.0.0')),
      certificates: isBehindProxy ? null : certificates,
      answer: (request) => answerPolicy(request, (host) => policies.body(host)),
      clock: systemClock,
      onTrouble: tell,
      onHandshakeFailure: (reason, peer) => log.debug({ reason, peer }, 'no TLS handshake'),
    });
    listeners.set(listen, listener);
  };
  const follow = (servers: readonly ServerPublisher[]): void => {
    const usable = servers.filter(({ isBehindProxy, certificates: own }) => isBehindProxy || own !== null);
    for (const { certificates: own, listen } of usable) {
      if (own !== null) directories.add(own);
      for (const one of listen) addresses.add(one);
    }
    for (const publisher of usable)
      for (const listen of publisher.listen) if (!listeners.has(listen)) open(listen, publisher);
  };
  follow(first.policyServers);
  let seen = first;
  const look = (): void => {
    const now = state().inForce?.config;
    if (now !== undefined && now !== seen) follow(now.policyServers);
    seen = now ?? seen;
    cancel = systemClock.after(LOOK_MS, look);
  };
  let cancel = systemClock.after(LOOK_MS, look);
  return {
    close: async () => {
      cancel();
      await Promise.all([...listeners.values()].map((listener) => listener.close()));
      policies.close();
    },
  };
}
