/** Floor 4. The certificates by ACME of the policy host: a worker for each CA that the config in force names, while this daemon leads. */
import { createHash } from 'node:crypto';

import { certificateNeeds, type CertificateNeeds } from '../core/certificates/wanted.ts';
import type { CertificateGlance, WantedCertificate } from '../core/certificates/model.ts';
import type { AcmeConfig, Config, DomainConfig } from '../core/config/model.ts';
import { StsyncError } from '../core/error.ts';
import { acmeOf } from '../core/plan/certificate-step.ts';
import { policyHostOf } from '../core/plan/record-names.ts';
import { openCertificateStore } from '../effects/store-sqlite-certificates.ts';
import type { CertificateStore } from '../effects/certificate-store.ts';
import type { ChallengeBoard } from '../effects/challenge-board.ts';
import { systemClock } from '../effects/clock.ts';
import { openCertificateCounter } from '../services/certificates/count-certificates.ts';
import { orderBucket, type OrderBucket } from '../services/certificates/certificate-authority.ts';
import type { CertificateWorker } from '../services/certificates/worker.ts';
import type { FleetState } from '../services/daemon/fleet-state.ts';
import { openAcmeWorker } from './acme-worker.ts';
import type { DaemonView } from './daemon-parts.ts';

export interface CertificatesWorld extends Pick<DaemonView, 'state' | 'trigger' | 'log' | 'version'> {
  readonly path: string;
  readonly board: ChallengeBoard;
  /** Is there a policy for this host in the state? */
  readonly isServed: (host: string) => boolean;
  readonly tell: (error: StsyncError) => void;
}

/** For the metrics. */
export const certificateCounts = openCertificateCounter();

/** One CA with one way to ask it. */
interface Office {
  readonly worker: CertificateWorker;
  readonly order: { wanted: readonly WantedCertificate[] };
}

type Seen = Pick<FleetState, 'inForce' | 'domains'>;

export class Certificates {
  readonly #world: CertificatesWorld;
  readonly #offices = new Map<string, Office>();
  /** By the directory of the CA: publishers with different challenges share its account. */
  readonly #buckets = new Map<string, OrderBucket>();
  #store: CertificateStore | null = null;
  #seen: Seen | null = null;
  /** Workers that end. Until they have, no other begins: it might order what they have just ordered. */
  readonly #leaving = new Set<Promise<void>>();

  constructor(world: CertificatesWorld) {
    this.#world = world;
  }

  /** To be called every moment: what the config and the last run want from now on. Never throws. */
  look(): void {
    const { inForce, domains, role } = this.#world.state();
    if (role !== 'leader' || inForce === null || this.#leaving.size > 0) return;
    const isReloaded = this.#seen?.inForce !== inForce;
    if (!isReloaded && this.#seen?.domains === domains) return;
    this.#seen = { inForce, domains };
    try {
      this.#follow(inForce.config, domains, isReloaded);
    } catch (error) {
      this.#world.tell(error instanceof StsyncError ? error : internal(error));
    }
  }

  async close(): Promise<void> {
    for (const key of this.#offices.keys()) this.#dismiss(key);
    await Promise.all(this.#leaving);
    this.#store?.close();
  }

  #follow(config: Config, domains: FleetState['domains'], isReloaded: boolean): void {
    const acmes = new Map(
      config.policyServers.flatMap(({ acme }) => (acme === null ? [] : [[keyOf(acme, config), acme]])),
    );
    for (const [key, { worker }] of this.#offices) {
      // A person has acted, perhaps: an account that was refused is tried again.
      if (!acmes.has(key) || (isReloaded && worker.state().trouble !== null)) this.#dismiss(key);
    }
    if (this.#leaving.size > 0) this.#seen = null;
    if (acmes.size === 0 || this.#leaving.size > 0) return;
    this.#store ??= openCertificateStore(this.#world.path, this.#world.tell);
    const known = this.#store.glances();
    const served = config.domains.filter((one) => acmeOf(one) !== null);
    const planOf = (domain: string) => domains.get(domain)?.plan;
    const needs = certificateNeeds({ domains: served, known, planOf, isServed: this.#world.isServed });
    for (const host of needs.needless) this.#store.remove(host);
    certificateCounts.look(needs.wanted, known, systemClock.now());
    const shares = shareOut(needs, served, known, config, acmes);
    for (const [key, acme] of acmes) this.#employ(key, acme, config, shares.get(key) ?? []);
  }

  #employ(key: string, acme: AcmeConfig, config: Config, wanted: readonly WantedCertificate[]): void {
    const known = this.#offices.get(key);
    if (known !== undefined) {
      if (!isSame(known.order.wanted, wanted)) known.order.wanted = wanted;
      return;
    }
    if (wanted.length === 0 || this.#store === null) return;
    const { board, trigger, log, tell, version } = this.#world;
    const order = { wanted };
    const { directoryUrl, orders } = acme;
    const kept = this.#store.queue(directoryUrl);
    const bucket = this.#buckets.get(directoryUrl) ?? orderBucket(kept, orders, systemClock.now());
    this.#buckets.set(directoryUrl, bucket);
    const worker = openAcmeWorker({
      acme,
      config,
      store: this.#store,
      board,
      bucket,
      version,
      wanted: () => order.wanted,
      onNews: (host) => {
        log.info({ host }, 'certificate');
        certificateCounts.issued();
        trigger('certificate', [domainOf(host)]);
      },
      onFailure: (host, { code, message, hint }) => {
        log.warn({ host, hint }, `${code} ${message}`);
        certificateCounts.failed();
        trigger('certificate', [domainOf(host)]);
      },
      onTrouble: tell,
    });
    this.#offices.set(key, { worker, order });
    log.info({ ca: acme.directoryUrl, hosts: wanted.length }, 'certificates by ACME');
  }

  #dismiss(key: string): void {
    const office = this.#offices.get(key);
    if (office === undefined) return;
    this.#offices.delete(key);
    const left = office.worker.close().finally(() => this.#leaving.delete(left));
    this.#leaving.add(left);
  }
}

/** Those of a domain at the CA that its publisher names, those of orphans at the one they came from. */
function shareOut(
  { wanted }: CertificateNeeds,
  domains: readonly DomainConfig[],
  known: readonly CertificateGlance[],
  config: Config,
  acmes: ReadonlyMap<string, AcmeConfig>,
): ReadonlyMap<string, readonly WantedCertificate[]> {
  const keys = new Map<string, string>();
  const [firstKey = ''] = acmes.keys();
  for (const { host, directoryUrl } of known) {
    const same = [...acmes].find(([, acme]) => acme.directoryUrl === directoryUrl);
    keys.set(host, same?.[0] ?? firstKey);
  }
  for (const one of domains) {
    const acme = acmeOf(one);
    if (acme !== null) keys.set(policyHostOf(one.domain), keyOf(acme, config));
  }
  return Map.groupBy(wanted, ({ host }) => keys.get(host) ?? firstKey);
}

/** Other when a worker has to be made anew. It is a hash: the key of the account's owner is in it. */
function keyOf(acme: AcmeConfig, { world, providers }: Config): string {
  const { externalAccount, ...rest } = acme;
  const secret = externalAccount === null ? null : [externalAccount.keyId, externalAccount.hmacKey.reveal()];
  const seen = { ...world, authorities: [...world.authorities], connectTo: [...world.connectTo] };
  const dns = acme.challenge === 'dns-01' ? [...providers.keys()] : [];
  return createHash('sha256')
    .update(JSON.stringify([rest, secret, seen, dns]))
    .digest('hex');
}

function isSame(a: readonly WantedCertificate[], b: readonly WantedCertificate[]): boolean {
  return a.length === b.length && a.every(({ host }, index) => host === b[index]?.host);
}

function domainOf(host: string): string {
  return host.replace(/^mta-sts\./, '');
}

function internal(error: unknown): StsyncError {
  const reason = error instanceof Error ? error.message : String(error);
  return new StsyncError('INTERNAL', `the certificates: ${reason}`, { cause: error });
}
