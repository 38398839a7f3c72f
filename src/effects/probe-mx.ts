/**
 * Floor 2. What an MX host offers a sender that holds to a policy: STARTTLS, and a certificate valid for its name (RFC 8461 §4.2), at each of its
 * addresses. No mail is sent.
 */
import type { WorldConfig } from '../core/config/model.ts';
import { limiter } from './net/limiter.ts';
import { oncePerKey } from './net/once-per-key.ts';
import { type Target, targetsOf } from './reach.ts';
import { type MxOutcome, talkStarttls } from './talk-starttls.ts';
import { loadTrust } from './trust.ts';

const SMTP_PORT = 25;
const DEFAULT_TIMEOUT_MS = 10_000;

export interface MxAddressProbe {
  readonly address: string;
  readonly outcome: MxOutcome;
}

export interface MxProbe {
  /**
   * Looks at `host` (A-labels, lower case) at each of `addresses`, or at the one that `world.connectTo` names for `host:25`; the answers in the same
   * order. Each address of a host is asked once in the life of the probe. It throws only the signal's reason, or what this machine lacks (EMFILE).
   */
  probe(host: string, addresses: readonly string[], signal: AbortSignal): Promise<readonly MxAddressProbe[]>;
}

/**
 * A probe for one run. At most `world.concurrency` connections at once; `timeoutMs` (10 s) is the whole time of one address, its turn apart.
 * `heloName`: what EHLO says, the name of this machine unless given. Throws `CA_FILE_UNREADABLE`.
 */
export function mxProbe(
  world: Pick<WorldConfig, 'connectTo' | 'caFile' | 'allowPrivateAddresses' | 'concurrency'>,
  options: { readonly timeoutMs?: number; readonly heloName?: string } = {},
): MxProbe {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, heloName } = options;
  const shared = { trust: loadTrust(world.caFile), timeoutMs, heloName };
  const limited = limiter(world.concurrency);
  const once = oncePerKey<MxOutcome>();
  const probeOne = async (host: string, target: Target, signal: AbortSignal): Promise<MxAddressProbe> => {
    const { address, port, refusal } = target;
    if (refusal !== null)
      return {
        address,
        outcome: { kind: 'failed', code: 'ADDRESS_REFUSED', message: `the address is ${refusal}, and not asked` },
      };
    const work = (): Promise<MxOutcome> => limited(() => talkStarttls(target, host, shared, signal));
    return { address, outcome: await once(`${host} ${address} ${port}`, signal, work) };
  };
  return {
    probe: (host, addresses, signal) =>
      Promise.all(targetsOf(host, SMTP_PORT, addresses, world).map((target) => probeOne(host, target, signal))),
  };
}
