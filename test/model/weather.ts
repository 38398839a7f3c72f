/** What happens to the world around stsync between two runs: addresses that flap, STARTTLS that breaks, name servers and providers with trouble. */
import { StsyncError } from '../../src/core/error.ts';
import type { Internet, Tls } from './internet.ts';
import type { Plot } from './plot.ts';
import type { Random } from './random.ts';

/**
 * How the writes of one run go wrong. `kill`: the process dies. `refused`: the provider says no (429), nothing is done. `lost`: it is done and
 * the answer is lost. `partial`: each call fails by chance, before or after the act, reads too.
 */
export type RunTrouble = 'none' | 'kill' | 'refused' | 'lost' | 'partial';

export class Weather {
  readonly #internet: Internet;
  readonly #random: Random;
  readonly #plot: Plot;
  readonly #say: (text: string) => void;
  #isOutage = false;

  constructor(internet: Internet, random: Random, plot: Plot, say: (text: string) => void) {
    this.#internet = internet;
    this.#random = random;
    this.#plot = plot;
    this.#say = say;
  }

  change(mxHosts: readonly string[], policyHost: string): void {
    const random = this.#random;
    for (const site of this.#internet.sites) {
      // The mail host sees to its own, and proves nothing before its id.
      if (this.#plot !== 'hosted')
        for (const { ip } of site.addresses) this.#changeAddress(ip, `${site.root}${policyHost}`);
    }
    for (const host of mxHosts) this.#changeOffer(host);
    if (this.#internet.dns !== 'none') this.#internet.dns = random.chance(0.6) ? this.#internet.dns : 'none';
    else if (random.chance(0.1)) this.#internet.dns = random.pick(['one-down', 'mx-unread', 'resolver-only']);
    this.#isOutage = random.chance(this.#isOutage ? 0.6 : 0.05);
  }

  /** Nothing goes wrong any more. */
  clear(): void {
    this.#internet.flaps.clear();
    this.#internet.dns = 'none';
    this.#isOutage = false;
  }

  /** How the next run goes. */
  ofRun(): RunTrouble {
    if (this.#isOutage) return 'partial';
    return this.#random.pick(['none', 'none', 'none', 'none', 'kill', 'kill', 'refused', 'lost'] as const);
  }

  #changeAddress(ip: string, file: string): void {
    const { flaps } = this.#internet;
    const random = this.#random;
    if (flaps.has(ip)) {
      if (!random.chance(0.4)) return;
      flaps.delete(ip);
      this.#say(`${ip} is right again`);
    } else if (random.chance(0.04)) {
      const former = this.#internet.formerBodies(file);
      const body = former.length > 0 && random.chance(0.6) ? random.pick(former) : random.pick([null, '<html>']);
      flaps.set(ip, { since: this.#internet.now(), body });
      this.#say(`${ip} flaps: ${body?.replaceAll('\r\n', ' ') ?? 'status 500'}`);
    }
  }

  #changeOffer(host: string): void {
    const { offers } = this.#internet;
    const random = this.#random;
    const { tls } = this.#internet.offerOf(host);
    // What no probe sees is mended by its owner alone.
    if (tls === 'hidden' || this.#plot === 'hosted') return;
    const next: Tls = tls === 'good' ? random.pick(['no-starttls', 'bad-certificate']) : 'good';
    if (!random.chance(tls === 'good' ? 0.04 : 0.3)) return;
    offers.set(host, { tls: next, since: this.#internet.now() });
    this.#say(`STARTTLS of ${host} is ${next}`);
  }
}

/** What a provider's client throws for a call that failed and may be tried again. */
export function providerError(trouble: string): StsyncError {
  return new StsyncError('PROVIDER_FAILED', trouble, { retryable: true });
}
