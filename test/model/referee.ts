/**
 * Sees every write and hears every complaint of a sender, and knows which of them are stsync's fault. Five promises: no mail to a live MX is
 * refused because of stsync, no sender stores an older body under a newer id (RFC 8461 §8.1), an announced policy keeps its record until it is
 * removed on purpose, the id rotates only with the policy, and in quiet times everything that may be done gets done.
 */
import type { DomainConfig } from '../../src/core/config/model.ts';
import { bodyHash, parseOwnId } from '../../src/core/id.ts';
import { coverMx } from '../../src/core/mx.ts';
import { writtenName } from '../../src/core/plan/record-names.ts';
import { formatPolicy, parsePolicy, type StsPolicy } from '../../src/core/policy.ts';
import { parseStsRecords } from '../../src/core/txt-records.ts';
import type { World } from '../support/world.ts';
import type { Flap, Internet } from './internet.ts';
import type { Complaint, Copy } from './sender.ts';

export interface Violation {
  readonly kind: 'refused' | 'old-body' | 'no-record' | 'idle-rotation' | 'stuck';
  readonly what: string;
}

/** Senders were told to enforce from then on; `bad`: hosts in MX whose STARTTLS was no good at that moment. */
interface Entry {
  readonly domain: string;
  readonly at: number;
  readonly bad: readonly string[];
}

/** One id record. `isDirty`: other bodies than the announced one were to be seen since its id was written. */
interface Announced {
  readonly id: string | null;
  readonly isDirty: boolean;
}

/** `mx: live` under enforce may refuse a host for as long as the longest cache lives: max_age, the TTL of the old record, the lag of a server. */
const LIVE_MX_SECONDS = 86_400 + 300 + 300 + 60;

export class Referee {
  readonly violations: Violation[] = [];
  readonly ids = new Set<string>();
  readonly #world: World;
  readonly #internet: Internet;
  readonly #isLiveMxFreed: boolean;
  readonly #policies = new Map<string, StsPolicy>();
  /** When a body was published last, by domain and hash. */
  readonly #publishedAt = new Map<string, number>();
  readonly #files = new Map<string, string>();
  readonly #entries: Entry[] = [];
  readonly #announced = new Map<string, Announced>();
  readonly #idsSince = new Map<string, number>();
  /** In MX at the last look, and those of them that a run saw there since they joined. */
  #mxHosts: readonly string[] = [];
  readonly #seen = new Set<string>();
  /** Since when neither the policy that is announced nor the one that is served refuses a host. */
  readonly #covered = new Map<string, number>();

  constructor(world: World, internet: Internet, isLiveMxFreed: boolean) {
    this.#world = world;
    this.#internet = internet;
    this.#isLiveMxFreed = isLiveMxFreed;
  }

  /** After anything was written anywhere. */
  look(configs: readonly DomainConfig[], mxHosts: readonly string[]): void {
    for (const host of mxHosts) if (!this.#mxHosts.includes(host)) this.#seen.delete(host);
    this.#mxHosts = mxHosts;
    this.#lookAtFiles(configs, mxHosts);
    for (const wanted of configs) this.#lookAtRecord(wanted);
    const [first] = configs;
    const policies = first === undefined ? [] : [this.#announcedPolicy(first), this.#servedPolicy(first)];
    for (const host of this.#covered.keys()) if (!mxHosts.includes(host)) this.#covered.delete(host);
    for (const host of mxHosts) {
      const refuses = (policy: StsPolicy | null): boolean =>
        policy?.mode === 'enforce' && coverMx(policy.mx, [host]).uncovered.length > 0;
      if (policies.some(refuses)) this.#covered.delete(host);
      else if (!this.#covered.has(host)) this.#covered.set(host, this.#internet.now());
    }
  }

  /** A run looks, and MX can be read. */
  sees(mxHosts: readonly string[]): void {
    for (const host of mxHosts) this.#seen.add(host);
  }

  /** What a flap shows may be seen under any id. */
  flapped(): void {
    for (const [name, one] of this.#announced) this.#announced.set(name, { ...one, isDirty: true });
  }

  /** What is left to do in a quiet time; null: senders are told of what is served, and the run before had nothing to write. */
  leftToDo(configs: readonly DomainConfig[], writes: readonly string[]): string | null {
    if (writes.length > 0) return `wrote ${writes.join(', ')}`;
    for (const wanted of configs) {
      const { domain, absent } = wanted;
      const id = this.#announced.get(writtenName('_mta-sts', wanted))?.id ?? null;
      const hash = id === null ? null : parseOwnId(id)?.bodyHash;
      const body = this.#bodyOf(wanted);
      // Twins that leave one after the other hold each other (guard shared-id-record): a person has to say which.
      if (absent && configs.length > 1) continue;
      // A foreign id is its owner's.
      if (hash === undefined || (absent && id === null)) continue;
      if (body === undefined || hash !== bodyHash(body)) return `${domain}: id ${id} is not of ${body}`;
    }
    return null;
  }

  stuck(what: string): void {
    this.#fault('stuck', what);
  }

  fetched(domain: string, { id, policy, flap }: Copy): void {
    const since = this.#idsSince.get(id);
    const hash = bodyHash(formatPolicy(policy));
    const published = this.#publishedAt.get(`${domain} ${hash}`);
    if (since === undefined || published === undefined || this.#isFlapAlone(id, flap)) return;
    const own = parseOwnId(id);
    if (own === null || own.bodyHash === hash || published > since) return;
    this.#fault('old-body', `${policy.mode} ${policy.mx.join(' ')} of ${domain} under id ${id}`);
  }

  hear(complaint: Complaint): void {
    if (complaint.isOnlyReported || !this.#isOurs(complaint)) return;
    const { host, copy, kind } = complaint;
    const { policy, id } = copy;
    const why = complaint.fault === 'tls' ? 'STARTTLS' : policy.mx.join(' ');
    const who = Object.entries(kind).flatMap(([name, has]) => (has ? [name] : []));
    this.#fault('refused', `${host} by id ${id} (${why}) at a sender that ${who.join(', ') || 'does nothing'}`);
  }

  #isOurs({ domain, host, fault, copy, at }: Complaint): boolean {
    if (this.#isFlapAlone(copy.id, copy.flap)) return false;
    if (fault === 'tls') {
      const offer = this.#internet.offerOf(host);
      return this.#entries.some(
        (one) => one.domain === domain && one.at <= copy.fetchedAt && offer.since <= one.at && one.bad.includes(host),
      );
    }
    // Of a host that came and went between two looks nobody could know.
    if (!this.#mxHosts.includes(host) && !this.#seen.has(host)) return false;
    const covered = this.#covered.get(host);
    return !this.#isLiveMxFreed || (covered !== undefined && at > covered + LIVE_MX_SECONDS);
  }

  /** An address that went wrong after the id was out: no order of ours can help. */
  #isFlapAlone(id: string, flap: Flap | null): boolean {
    const since = this.#idsSince.get(id);
    return flap !== null && since !== undefined && flap.since > since;
  }

  #lookAtFiles(configs: readonly DomainConfig[], mxHosts: readonly string[]): void {
    for (const [file, body] of this.#world.files) {
      if (this.#files.get(file) === body) continue;
      this.#files.set(file, body);
      const policy = parsePolicy(body);
      if (!policy.ok) continue;
      const hash = bodyHash(formatPolicy(policy.value));
      this.#policies.set(hash, policy.value);
      for (const wanted of configs.filter(({ domain }) => file.endsWith(`mta-sts.${domain}`))) {
        this.#published(wanted, policy.value, hash, mxHosts);
      }
    }
    for (const file of this.#files.keys()) if (!this.#world.files.has(file)) this.#files.delete(file);
  }

  #published(wanted: DomainConfig, policy: StsPolicy, hash: string, mxHosts: readonly string[]): void {
    this.#publishedAt.set(`${wanted.domain} ${hash}`, this.#internet.now());
    if (policy.mode === 'enforce' && this.#announcedPolicy(wanted)?.mode !== 'enforce') {
      const bad = mxHosts.filter((host) => this.#internet.offerOf(host).tls !== 'good');
      this.#entries.push({ domain: wanted.domain, at: this.#internet.now(), bad });
    }
    const name = writtenName('_mta-sts', wanted);
    const announced = this.#announced.get(name);
    const isOther = announced?.id != null && parseOwnId(announced.id)?.bodyHash !== hash;
    if (announced !== undefined && isOther) this.#announced.set(name, { ...announced, isDirty: true });
  }

  #lookAtRecord(wanted: DomainConfig): void {
    const name = writtenName('_mta-sts', wanted);
    const known = this.#announced.get(name) ?? { id: null, isDirty: false };
    const record = parseStsRecords(this.#world.txt(name));
    const id = record.ok ? record.value.id : null;
    if (id === known.id) return;
    if (id === null) {
      if (!wanted.absent) this.#fault('no-record', `${name}: ${this.#world.txt(name).join(' | ') || 'nothing'}`);
    } else {
      const isRotation = known.id !== null && parseOwnId(known.id) !== null;
      if (isRotation && !known.isDirty) this.#fault('idle-rotation', `${known.id} to ${id}`);
      this.ids.add(id);
      if (!this.#idsSince.has(id)) this.#idsSince.set(id, this.#internet.now());
    }
    this.#announced.set(name, { id, isDirty: false });
  }

  #announcedPolicy(wanted: DomainConfig): StsPolicy | null {
    const id = this.#announced.get(writtenName('_mta-sts', wanted))?.id ?? null;
    const hash = id === null ? null : (parseOwnId(id)?.bodyHash ?? null);
    return hash === null ? null : (this.#policies.get(hash) ?? null);
  }

  #servedPolicy(wanted: DomainConfig): StsPolicy | null {
    const body = this.#bodyOf(wanted);
    return body === undefined ? null : (this.#policies.get(bodyHash(body)) ?? null);
  }

  #bodyOf({ domain, publisher }: DomainConfig): string | undefined {
    const root = publisher.type === 'directory' && publisher.directory !== '/www' ? `${publisher.directory} ` : '';
    return this.#world.files.get(`${root}mta-sts.${domain}`);
  }

  #fault(kind: Violation['kind'], what: string): void {
    this.violations.push({ kind, what: `${this.#world.now.toISOString().slice(5, 19)} ${kind}: ${what}` });
  }
}
