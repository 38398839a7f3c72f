/** Floor 4. Every address that a publisher of type server names: policies by HTTPS or behind a proxy, challenges of CAs by HTTP. */
import type { ServerPublisher } from '../core/config/model.ts';
import type { StsyncError } from '../core/error.ts';
import type { CertificateSource } from '../effects/certificate-directory.ts';
import type { ChallengeBoard } from '../effects/challenge-board.ts';
import { openChallengeListener } from '../effects/challenge-listener.ts';
import { systemClock } from '../effects/clock.ts';
import { listenPlaces, parseInheritedSockets } from '../effects/inherited-sockets.ts';
import type { Log } from '../effects/log.ts';
import { oncePerTurn } from '../effects/once-per-turn.ts';
import { openPolicyListener } from '../effects/policy-listener.ts';
import type { UploadSlot } from '../effects/reports/upload-door.ts';
import type { StrangerListener, StrangerOptions } from '../effects/stranger-listener.ts';
import { answerChallenge } from '../services/policy-host/answer-challenge.ts';
import { answerPolicy } from '../services/policy-host/answer-policy.ts';

export interface HostListenersWorld {
  readonly certificates: CertificateSource;
  readonly board: ChallengeBoard;
  readonly bodyOf: (host: string) => string | null;
  readonly uploads: UploadSlot;
  readonly log: Log;
  readonly tell: (error: StsyncError) => void;
}

export class HostListeners {
  readonly #world: HostListenersWorld;
  readonly #bodyOf: (host: string) => string | null;
  readonly #inherited = parseInheritedSockets(process.env, process.pid);
  /** All that was ever asked for: `[::]` leaves IPv4 to a socket of its own. */
  readonly #addresses = new Set<string>();
  readonly #open = new Map<string, readonly StrangerListener[]>();

  constructor(world: HostListenersWorld) {
    this.#world = world;
    this.#bodyOf = oncePerTurn(world.bodyOf);
  }

  /** Opens what is new; what is open stays. */
  follow(servers: readonly ServerPublisher[]): void {
    for (const { listen, http } of servers) for (const one of [...listen, ...(http ?? [])]) this.#addresses.add(one);
    for (const server of servers) {
      for (const listen of server.listen) this.#listen(listen, (place) => this.#openPolicies(place, server), server);
      for (const listen of server.http ?? []) this.#listen(listen, (place) => this.#openChallenges(place), server);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values()].flat().map((listener) => listener.close()));
  }

  #listen(
    listen: string,
    open: (place: StrangerOptions) => StrangerListener,
    { proxyProtocol }: ServerPublisher,
  ): void {
    if (this.#open.has(listen)) return;
    const { log, tell } = this.#world;
    const listeners = listenPlaces(listen, this.#inherited).map((place) =>
      open({
        ...place,
        isIpv6Only: listen.startsWith('[::]:') && this.#addresses.has(listen.replace('[::]', '0.0.0.0')),
        proxyProtocol: proxyProtocol === null ? null : { from: proxyProtocol },
        clock: systemClock,
        onTrouble: tell,
        onHandshakeFailure: (reason, peer) => log.debug({ reason, peer }, 'no TLS handshake'),
      }),
    );
    this.#open.set(listen, listeners);
  }

  #openPolicies(place: StrangerOptions, { isBehindProxy }: ServerPublisher): StrangerListener {
    const { certificates, board, uploads, log } = this.#world;
    log.info({ listen: place.listen, tls: isBehindProxy ? 'behind-proxy' : 'own' }, 'policy host');
    return openPolicyListener({
      ...place,
      certificates: isBehindProxy ? null : certificates,
      challenges: board,
      uploads,
      answer: (request) => answerPolicy(request, this.#bodyOf),
    });
  }

  #openChallenges(place: StrangerOptions): StrangerListener {
    const { board, log } = this.#world;
    log.info({ listen: place.listen }, 'challenges of CAs');
    return openChallengeListener({
      ...place,
      answer: (request) => answerChallenge(request, (host, token) => board.keyAuthorization(host, token)),
    });
  }
}
