/** A CA behind the interface of our own client, in memory and by the clock of the test: what it counts, and when it fails, is for the test to say. */
import type { Acme, Challenge, Order, OrderOptions, RenewalInfo } from '../../src/effects/acme/client.ts';
import { AcmeProblem } from '../../src/effects/acme/client.ts';
import type { AcmeScope } from '../../src/effects/acme/scope.ts';
import type { Issuer } from './issuer.ts';

export interface MemoryOrder extends OrderOptions {
  readonly host: string;
  readonly url: string;
  readonly at: Date;
  status: Order['status'];
  isProved: boolean;
  chain: string | null;
  validAt: number;
}

export class MemoryCa {
  readonly orders: MemoryOrder[] = [];
  readonly calls: string[] = [];
  /** Hosts whose challenges are not found. */
  readonly refused = new Set<string>();
  /** Thrown by every call while it is there; by call and host where it is a function. */
  fault: ((call: string, host: string) => AcmeProblem | null) | null = null;
  /** New orders that count, in any so many seconds; exempt are those that replace. */
  limit: { readonly count: number; readonly perSeconds: number } | null = null;
  /** From `finalize` to the certificate. */
  processingMs = 0;
  lifeDays = 90;
  /** Null: no renewal information. */
  window: (() => RenewalInfo) | null = null;
  /** Orders that the CA has lost. */
  readonly lost = new Set<string>();
  /** After each call has done its work: the process may die here. */
  after: (call: string) => Promise<void> = () => Promise.resolve();
  /** Calls that wait for the clock. */
  sleeping = 0;
  readonly #issuer: Issuer;
  readonly #now: () => Date;
  readonly #pause: (ms: number) => Promise<void>;

  constructor(issuer: Issuer, now: () => Date, pause: (ms: number) => Promise<void>) {
    this.#issuer = issuer;
    this.#now = now;
    this.#pause = async (ms) => {
      this.sleeping += 1;
      await pause(ms);
      this.sleeping -= 1;
    };
  }

  ordersOf(host: string): readonly MemoryOrder[] {
    return this.orders.filter((order) => order.host === host);
  }

  /** A client of it, as each process has its own. */
  client(): Acme {
    const call = async <T>(name: string, host: string, work: () => T | Promise<T>): Promise<T> => {
      this.calls.push(`${name} ${host}`);
      const fault = this.fault?.(name, host) ?? null;
      if (fault !== null) throw fault;
      const result = await work();
      await this.after(name);
      return result;
    };
    return {
      directory: none,
      account: none,
      rollOver: none,
      newOrder: (host, options = {}) => call('newOrder', host, () => this.#newOrder(host, options)),
      readOrder: (url) => call('readOrder', hostAt(url), () => this.#show(this.#find(url))),
      challenges: (order) => call('challenges', order.host, () => this.#challenges(this.#find(order.url))),
      answer: ({ host, authorizationUrl }) => call('answer', host, () => this.#answer(this.#find(authorizationUrl))),
      finalize: (order, csr) => call('finalize', order.host, () => this.#finalize(this.#find(order.url), csr)),
      certificate: (order) => call('certificate', order.host, () => this.#find(order.url).chain ?? ''),
      renewalInfo: () => call('renewalInfo', '', () => this.window?.() ?? null),
    };
  }

  #newOrder(host: string, options: OrderOptions): Order {
    const now = this.#now();
    if (this.limit !== null && options.replaces === undefined) {
      const { count, perSeconds } = this.limit;
      const since = now.getTime() - perSeconds * 1000;
      const counted = this.orders.filter(({ replaces, at }) => replaces === undefined && at.getTime() > since);
      if (counted.length >= count)
        throw problem('rateLimited', 'queue', 'too many new orders (300) from this account', 600_000);
    }
    const url = `https://ca.test/orders/${this.orders.length}/${host}`;
    const order = {
      host,
      url,
      at: now,
      status: 'pending',
      isProved: false,
      chain: null,
      validAt: 0,
      ...options,
    } as const;
    this.orders.push({ ...order });
    return this.#show(this.#find(url));
  }

  #find(url: string): MemoryOrder {
    const order = this.orders.find((one) => one.url === url);
    if (order === undefined || this.lost.has(url)) throw problem('malformed', 'domain', 'no such order', null, 404);
    return order;
  }

  #challenges(order: MemoryOrder): readonly Challenge[] {
    if (order.status === 'invalid') throw problem('unauthorized', 'domain', `404 at http://${order.host}/`);
    if (order.isProved) return [];
    const { host, url } = order;
    const token = `token-${this.orders.indexOf(order)}`;
    const shared = { host, url, token, keyAuthorization: `${token}.key`, authorizationUrl: url, isAsked: false };
    return [
      { ...shared, type: 'dns-01' },
      { ...shared, type: 'http-01' },
    ];
  }

  #answer(order: MemoryOrder): void {
    order.isProved = !this.refused.has(order.host);
    order.status = order.isProved ? 'ready' : 'invalid';
    if (!order.isProved) throw problem('unauthorized', 'domain', `404 at http://${order.host}/`);
  }

  async #finalize(order: MemoryOrder, csr: Uint8Array): Promise<Order> {
    const now = this.#now();
    if (order.status === 'pending' || order.status === 'invalid') throw problem('orderNotReady', 'domain', 'not ready');
    if (order.status === 'ready') {
      const [from, to] = [new Date(now.getTime() - 3_600_000), new Date(now.getTime() + this.lifeDays * 86_400_000)];
      order.status = 'processing';
      order.validAt = now.getTime() + this.processingMs;
      order.chain = await this.#issuer.issue(csr, order.host, from, to);
    }
    const waitMs = order.validAt - this.#now().getTime();
    if (waitMs > 180_000) {
      await this.#pause(180_000);
      throw problem('stillProcessing', 'domain', 'the order is not done yet');
    }
    if (waitMs > 0) await this.#pause(waitMs);
    order.status = 'valid';
    return this.#show(order);
  }

  #show({ url, host, status }: MemoryOrder): Order {
    return {
      url,
      host,
      status,
      expiresAt: null,
      authorizationUrls: [url],
      finalizeUrl: `${url}/finalize`,
      certificateUrl: status === 'valid' ? `${url}/certificate` : null,
      problem: null,
    };
  }
}

function none(): Promise<never> {
  return Promise.reject(new Error('not asked for here'));
}

export function problem(
  type: string,
  scope: AcmeScope,
  detail: string,
  retryAfterMs: number | null = null,
  status = 403,
): AcmeProblem {
  return new AcmeProblem({ type, status, detail, subproblems: [], retryAfterMs, scope }, { where: 'https://ca.test/' });
}

function hostAt(url: string): string {
  return url.split('/').at(-1) ?? '';
}
