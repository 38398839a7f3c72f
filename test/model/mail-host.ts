/** A mail host that keeps the policy and the MX of a customer by itself, in the right order and with patience (RFC 8461 §8.2). */
import { formatPolicy } from '../../src/core/policy.ts';
import { txtSet } from '../../src/core/record-set.ts';
import type { World } from '../support/world.ts';
import type { Internet, Site } from './internet.ts';
import { HOSTS, type Owner } from './owner.ts';

const DOMAIN = 'example.com';
const MAX_AGE_SECONDS = 3600;
/** Longer than any lag or TTL of the model. */
const PATIENCE_SECONDS = 1800;

export class MailHost {
  readonly #world: World;
  readonly #internet: Internet;
  readonly #owner: Owner;
  readonly #site: Site;
  #phase = 0;
  #since: number;

  constructor(world: World, internet: Internet, owner: Owner, site: Site) {
    [this.#world, this.#internet, this.#owner, this.#site] = [world, internet, owner, site];
    this.#since = internet.now();
    const name = `mta-sts.${DOMAIN}`;
    const host = { name, type: 'CNAME', ttlSeconds: 300, rdata: [`${site.hostname}.`] } as const;
    world.sets.set(`${name} CNAME`, host);
    this.#serve(1);
    this.#announce(1);
  }

  /** One step at a time: the wider policy, its id, and, when every older copy has run out, the MX host. */
  act(): void {
    const count = 2 + Math.floor(this.#phase / 3);
    const step = this.#phase % 3;
    const wait = step === 2 ? MAX_AGE_SECONDS + PATIENCE_SECONDS : PATIENCE_SECONDS;
    if (count > HOSTS.length || this.#internet.now() - this.#since < wait) return;
    if (step === 0) this.#serve(count);
    if (step === 1) this.#announce(count);
    if (step === 2) this.#owner.setMx(HOSTS.slice(0, count));
    this.#phase++;
    this.#since = this.#internet.now();
  }

  #serve(count: number): void {
    const policy = { mode: 'enforce', maxAgeSeconds: MAX_AGE_SECONDS, mx: HOSTS.slice(0, count) } as const;
    this.#world.files.set(`${this.#site.root}mta-sts.${DOMAIN}`, formatPolicy(policy));
    this.#internet.filesChanged(this.#world.files);
  }

  #announce(count: number): void {
    const set = txtSet(`_mta-sts.${DOMAIN}`, 300, [`v=STSv1; id=mailhost${count};`]);
    this.#world.sets.set(`_mta-sts.${DOMAIN} TXT`, set);
    this.#internet.zoneChanged(this.#world.sets);
  }
}
