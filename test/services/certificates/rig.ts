/** A worker at a CA in memory, by a clock that the test moves. */
import { setTimeout as sleep } from 'node:timers/promises';

import { onTestFinished } from 'vitest';

import type { CertificateRecord, WantedCertificate } from '../../../src/core/certificates/model.ts';
import type { OrderLimits } from '../../../src/core/certificates/order-queue.ts';
import type { StsyncError } from '../../../src/core/error.ts';
import type { Acme } from '../../../src/effects/acme/client.ts';
import { orderBucket } from '../../../src/services/certificates/certificate-authority.ts';
import type { CertificateStore } from '../../../src/effects/certificate-store.ts';
import { sleep as sleepBy } from '../../../src/effects/clock.ts';
import {
  type CertificateWorker,
  type CertificateWorkerOptions,
  openCertificateWorker,
} from '../../../src/services/certificates/worker.ts';
import { MemoryCa } from '../../fakes/acme-memory.ts';
import { MemoryCertificates } from '../../fakes/certificate-memory.ts';
import { type Issuer, makeIssuer } from '../../fakes/issuer.ts';
import { FakeClock } from '../../support/fake-clock.ts';

export const DIRECTORY = 'https://ca.test/directory';
export const HOST = 'mta-sts.example.test';
export const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];

let issuer: Promise<Issuer> | null = null;

export class Rig {
  readonly clock = new FakeClock('2026-11-25T12:00:00Z');
  readonly store = new MemoryCertificates();
  readonly ca: MemoryCa;
  wanted: readonly WantedCertificate[];
  limits: OrderLimits = { count: 300, perSeconds: 10_800 };
  /** Answers that stand before the CA now. */
  readonly shown = new Set<string>();
  readonly news: string[] = [];
  readonly troubles: string[] = [];
  random = (): number => 0.5;
  /** Grows with what happens at the CA. */
  activity = (): number => this.ca.calls.length;
  readonly workers: CertificateWorker[] = [];

  private constructor(made: Issuer, hosts: readonly string[]) {
    const { signal } = new AbortController();
    this.ca = new MemoryCa(made, this.clock.now, (ms) => sleepBy(this.clock, ms, signal));
    this.wanted = hosts.map((host) => ({ host }));
    onTestFinished(() => this.stop());
  }

  static async open(hosts: readonly string[] = [HOST]): Promise<Rig> {
    issuer ??= makeIssuer();
    return new Rig(await issuer, hosts);
  }

  start(more: Partial<CertificateWorkerOptions> = {}): CertificateWorker {
    const acme: Acme = this.ca.client();
    const store: CertificateStore = this.store;
    const worker = openCertificateWorker({
      acme,
      store,
      directoryUrl: DIRECTORY,
      profile: null,
      limits: this.limits,
      bucket: orderBucket(this.store.queue(DIRECTORY), this.limits, this.clock.now()),
      clock: this.clock,
      random: () => this.random(),
      signal: new AbortController().signal,
      wanted: () => this.wanted,
      preflight: () => Promise.resolve(null),
      solvers: () => [
        {
          type: 'http-01',
          present: (host) => {
            this.shown.add(host);
            return Promise.resolve(() => Promise.resolve(void this.shown.delete(host)));
          },
        },
      ],
      onNews: (host) => void this.news.push(host),
      onTrouble: ({ code, message }: StsyncError) => void this.troubles.push(`${code} ${message}`),
      ...more,
    });
    this.workers.push(worker);
    return worker;
  }

  /**
   * A worker whose process is killed at its step number `at`: nothing of it happens after. Steps are the calls at the CA, when it has done its work and
   * before the answer is here, and both sides of each write. Gives the steps that were made.
   */
  startMortal(at: number): readonly string[] {
    const steps: string[] = [];
    const isDead = (): boolean => steps.length >= at;
    const step = (name: string): void => {
      if (isDead()) throw new Error('the process is dead');
      steps.push(name);
      if (isDead()) throw new Error('the process has died');
    };
    const write = (name: string, work: () => void): void => {
      step(`before ${name}`);
      work();
      step(`after ${name}`);
    };
    const alive = this.ca.client();
    const never = new Promise<never>(() => undefined);
    const call = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      if (isDead()) return never;
      const result = await work();
      if (isDead()) return never;
      steps.push(name);
      return isDead() ? never : result;
    };
    this.start({
      acme: {
        ...alive,
        newOrder: (host, options) => call('newOrder', () => alive.newOrder(host, options)),
        readOrder: (url) => call('readOrder', () => alive.readOrder(url)),
        challenges: (order) => call('challenges', () => alive.challenges(order)),
        answer: (challenge) => call('answer', () => alive.answer(challenge)),
        finalize: (order, csr) => call('finalize', () => alive.finalize(order, csr)),
        certificate: (order) => call('certificate', () => alive.certificate(order)),
        renewalInfo: (pem) => call('renewalInfo', () => alive.renewalInfo(pem)),
      },
      store: {
        read: (host) => this.store.read(host),
        list: () => this.store.list(),
        glances: () => this.store.glances(),
        queue: (url) => this.store.queue(url),
        remove: (host) => this.store.remove(host),
        account: () => null,
        saveAccount: () => undefined,
        close: () => undefined,
        save: (records) => write('save', () => this.store.save(records)),
        saveQueue: (url, queue) => write('saveQueue', () => this.store.saveQueue(url, queue)),
      },
      onTrouble: () => undefined,
      onNews: () => undefined,
    });
    return steps;
  }

  async stop(): Promise<void> {
    const closing = Promise.all(this.workers.splice(0).map((worker) => worker.close()));
    await this.clock.pass(SECOND);
    await closing;
  }

  record(host: string = HOST): CertificateRecord {
    const record = this.store.records.get(host);
    if (record === undefined) throw new Error(`nothing is kept of ${host}`);
    return record;
  }

  /** Lets so much time go by in steps; in each, what needs no more time comes to its end. */
  async pass(ms: number, stepMs = Math.min(ms, 30 * SECOND)): Promise<void> {
    await this.#quiet();
    for (let left = ms; left > 0; left -= stepMs) {
      await this.clock.pass(Math.min(stepMs, left));
      await this.#quiet();
    }
  }

  /** Cryptography has threads and a time of its own: waits until all that is under way waits for the clock, or nothing has moved for long. */
  async #quiet(): Promise<void> {
    for (let still = 0, seen = -1; still < 20 && this.#isBusy();) {
      const count = this.activity() + this.news.length;
      still = count === seen ? still + 1 : 0;
      seen = count;
      await sleep(2);
    }
  }

  #isBusy(): boolean {
    return this.workers.reduce((sum, worker) => sum + worker.state().underWay, 0) > this.ca.sleeping;
  }
}
