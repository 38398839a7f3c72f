/**
 * Senders that fetch without a pause from the policy host of a soak, each time with a whole handshake and whole verification. What they get of a domain
 * that has an id has to be a policy from that id's on: an older one under a newer id would be cached by a real one.
 */
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSecureContext, TLSSocket } from 'node:tls';

import { bodyHash } from '../../src/core/id.ts';
import type { Random } from '../../test/model/random.ts';
import type { HostPlace } from './place.ts';

const TIMEOUT_MS = 10_000;
/** Between two fetches of one client: a load that leaves the machine to the daemon. */
const REST_MS = 40;

export class Clients {
  fetches = 0;
  slowestMs = 0;
  /** Of the certificate that was nearest to its end when it was shown. */
  leastLeftMs = Number.POSITIVE_INFINITY;
  readonly failures: string[] = [];
  /** Serial numbers of certificates that were shown, by host. */
  readonly serials = new Map<string, Set<string>>();
  readonly #place: HostPlace;
  readonly #random: Random;
  readonly #trust: ReturnType<typeof createSecureContext>;
  #hasEnded = false;
  readonly #loops: readonly Promise<void>[];

  constructor(place: HostPlace, random: Random, count: number) {
    this.#place = place;
    this.#random = random;
    this.#trust = createSecureContext({ ca: place.pebble.root });
    this.#loops = Array.from({ length: count }, () => this.#fetchOnAndOn());
  }

  async stop(): Promise<void> {
    this.#hasEnded = true;
    await Promise.all(this.#loops);
  }

  async #fetchOnAndOn(): Promise<void> {
    for (; !this.#hasEnded; await sleep(REST_MS)) {
      const announced = [...this.#place.published.keys()];
      if (announced.length > 0) await this.#fetch(this.#random.pick(announced));
    }
  }

  async #fetch(domain: string): Promise<void> {
    const { wanted, published } = this.#place;
    const first = wanted.get(domain)?.indexOf(published.get(domain)?.at(-1)?.slice(14) ?? '') ?? -1;
    const startedAt = performance.now();
    this.fetches++;
    try {
      const body = await this.#get(`mta-sts.${domain}`);
      const got = wanted.get(domain)?.indexOf(bodyHash(body)) ?? -1;
      if (got < first || got === -1) this.failures.push(`${at()} ${domain}: body ${got}, announced ${first}: ${body}`);
    } catch (error) {
      this.failures.push(`${at()} ${domain}: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.slowestMs = Math.max(this.slowestMs, performance.now() - startedAt);
  }

  async #get(host: string): Promise<string> {
    const options = {
      host: '127.0.0.1',
      port: this.#place.hostPort,
      servername: host,
      headers: { host },
      path: '/.well-known/mta-sts.txt',
      agent: false,
      secureContext: this.#trust,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    } as const;
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      get(options, resolve).on('error', reject);
    });
    this.#note(host, answer.socket);
    const text = Buffer.concat(await answer.toArray()).toString('utf8');
    if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}`);
    return text;
  }

  #note(host: string, socket: IncomingMessage['socket']): void {
    if (!(socket instanceof TLSSocket)) return;
    const { serialNumber, valid_to: until } = socket.getPeerCertificate();
    this.leastLeftMs = Math.min(this.leastLeftMs, Date.parse(until) - Date.now());
    this.serials.set(host, (this.serials.get(host) ?? new Set()).add(serialNumber));
  }
}

function at(): string {
  return new Date().toISOString();
}
