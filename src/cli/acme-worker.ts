/** Floor 4. The worker for one CA, with all that it needs of the outside. */
import type { CertificateFailure, WantedCertificate } from '../core/certificates/model.ts';
import type { AcmeConfig, Config, DomainConfig } from '../core/config/model.ts';
import type { StsyncError } from '../core/error.ts';
import { policyHostOf, providersOf } from '../core/plan/record-names.ts';
import { type Acme, openAcme } from '../effects/acme/client.ts';
import type { CertificateStore } from '../effects/certificate-store.ts';
import type { ChallengeBoard } from '../effects/challenge-board.ts';
import { systemClock } from '../effects/clock.ts';
import { openResolver } from '../effects/dns/resolver.ts';
import { tokenFetcher } from '../effects/fetch-token.ts';
import { loadTrust } from '../effects/trust.ts';
import type { Provider } from '../provider.ts';
import { accountKey, learnAccountUrl } from '../services/certificates/account.ts';
import type { OrderBucket } from '../services/certificates/certificate-authority.ts';
import { type ChallengeSolver, httpSolver, tlsAlpnSolver } from '../services/certificates/challenge-solver.ts';
import { dnsSolver } from '../services/certificates/dns-solver.ts';
import { openPreflight } from '../services/certificates/preflight.ts';
import { type CertificateWorker, openCertificateWorker } from '../services/certificates/worker.ts';
import { Outside } from './wiring.ts';

export interface AcmeWorkerWorld {
  readonly acme: AcmeConfig;
  readonly config: Config;
  readonly store: CertificateStore;
  readonly board: ChallengeBoard;
  /** What the account at this CA may still order. */
  readonly bucket: OrderBucket;
  readonly version: string;
  readonly wanted: () => readonly WantedCertificate[];
  readonly onNews: (host: string) => void;
  readonly onFailure: (host: string, failure: CertificateFailure) => void;
  readonly onTrouble: (error: StsyncError) => void;
}

/** Begins at once. Throws what the state throws, and `CA_FILE_UNREADABLE`. */
export function openAcmeWorker(world: AcmeWorkerWorld): CertificateWorker {
  const { acme, config, store, board } = world;
  const { directoryUrl, contact, externalAccount } = acme;
  const stop = new AbortController();
  const client = openAcme({
    directoryUrl,
    ca: loadTrust(acme.caFile),
    accountKeyPem: accountKey(store, directoryUrl),
    contact,
    externalAccount:
      externalAccount === null ? null : { ...externalAccount, hmacKey: externalAccount.hmacKey.reveal() },
    clock: systemClock,
    signal: stop.signal,
    version: world.version,
  });
  const zones = openZones(config);
  const worker = openCertificateWorker({
    acme: client,
    directoryUrl,
    profile: acme.profile,
    solvers: (host) => [solverFor(host, acme, board, config, zones)],
    preflight: preflightOf(client, world),
    onNews: world.onNews,
    onFailure: world.onFailure,
    onTrouble: world.onTrouble,
    random: Math.random,
    store,
    clock: systemClock,
    signal: stop.signal,
    wanted: world.wanted,
    limits: acme.orders,
    bucket: world.bucket,
  });
  return {
    ...worker,
    close: async () => {
      await worker.close();
      stop.abort(new Error('the daemon ends'));
      await zones.close();
    },
  };
}

function preflightOf(client: Acme, { acme, config, board, store }: AcmeWorkerWorld): ReturnType<typeof openPreflight> {
  let accountUrl: string | null = null;
  return openPreflight({
    challenge: acme.challenge,
    fetcher: tokenFetcher(config.world),
    openResolver: () => openResolver(config.world),
    presentToken: (host, token, body) => board.presentHttp(host, token, body),
    caaIdentities: async () => {
      accountUrl = await learnAccountUrl(client, store, acme.directoryUrl);
      return (await client.directory()).caaIdentities;
    },
    accountUrl: () => accountUrl,
  });
}

interface Zones {
  /** Who writes the records of the host's domain; null: it is not in the YAML any more. */
  providerOf(host: string): Promise<Provider | null>;
  close(): Promise<void>;
}

/** The providers are opened when the first challenge needs one. */
function openZones(config: Config): Zones {
  const domains = new Map<string, DomainConfig>(config.domains.map((one) => [policyHostOf(one.domain), one]));
  let opened: Promise<Outside> | null = null;
  return {
    providerOf: async (host) => {
      const wanted = domains.get(host);
      const [name] = wanted === undefined ? [] : providersOf(wanted, 'mta-sts');
      if (name === undefined) return null;
      opened ??= Outside.open(config, config.domains);
      return (await opened).providers.get(name) ?? null;
    },
    close: async () => (await opened)?.close(),
  };
}

function solverFor(
  host: string,
  { challenge }: AcmeConfig,
  board: ChallengeBoard,
  { world }: Config,
  zones: Zones,
): ChallengeSolver {
  switch (challenge) {
    case 'http-01':
      return httpSolver((name, token, body) => board.presentHttp(name, token, body));
    case 'tls-alpn-01':
      return tlsAlpnSolver((name, pair) => board.presentAlpn(name, pair));
    case 'dns-01':
      return {
        type: 'dns-01',
        present: async (name, shown, signal) => {
          const provider = await zones.providerOf(host);
          const solver = dnsSolver({
            providerOf: () => provider,
            openResolver: () => openResolver(world),
            clock: systemClock,
          });
          return solver.present(name, shown, signal);
        },
      };
  }
}
