/**
 * A sender that follows RFC 8461, with a cache of its own and a resolver that keeps records for their TTL. Kinds differ where the RFC lets
 * them, or where the field does: some never look at the id while a copy lives, some stretch the copy at each look while the id is the same,
 * some refresh before it runs out.
 */
import { coverMx } from '../../src/core/mx.ts';
import { parsePolicy, type StsPolicy } from '../../src/core/policy.ts';
import { rdataText, type RecordSet, type RecordType } from '../../src/core/record-set.ts';
import { parseStsRecords } from '../../src/core/txt-records.ts';
import type { Internet } from './internet.ts';
import type { Random } from './random.ts';

export interface SenderKind {
  readonly watchesId: boolean;
  readonly stretches: boolean;
  readonly refreshesEarly: boolean;
}

interface Copy {
  readonly policy: StsPolicy;
  readonly id: string;
  readonly expires: number;
}

export interface Refusal {
  readonly at: number;
  readonly host: string;
  readonly policy: StsPolicy;
  readonly id: string;
  readonly kind: SenderKind;
}

export class Sender {
  readonly #kind: SenderKind;
  readonly #random: Random;
  readonly #internet: Internet;
  readonly #dns = new Map<string, { readonly set: RecordSet | null; readonly expires: number }>();
  #copy: Copy | null = null;

  constructor(kind: SenderKind, random: Random, internet: Internet) {
    this.#kind = kind;
    this.#random = random;
    this.#internet = internet;
  }

  /** Sends one mail; gives the refusal if the policy forbids the MX host it chose. */
  send(domain: string): Refusal | null {
    const hosts = (this.#ask(domain, 'MX')?.rdata ?? []).map((rdata) => rdataText('MX', rdata).split(' ')[1] ?? '');
    if (hosts.length === 0) return null;
    const host = this.#random.pick(hosts);
    const copy = this.#policyFor(domain);
    if (copy?.policy.mode !== 'enforce' || coverMx(copy.policy.mx, [host]).uncovered.length === 0) return null;
    return { at: this.#internet.now(), host, policy: copy.policy, id: copy.id, kind: this.#kind };
  }

  #policyFor(domain: string): Copy | null {
    const now = this.#internet.now();
    const copy = this.#copy !== null && this.#copy.expires > now ? this.#copy : null;
    const early = copy !== null && this.#kind.refreshesEarly && copy.expires - now < copy.policy.maxAgeSeconds / 2;
    if (copy !== null && !this.#kind.watchesId && !early) return copy;
    const id = this.#idOf(domain);
    // RFC 8461 §3.1: without a record there is no new policy; a cached one still binds.
    if (id === null) return copy;
    if (copy !== null && copy.id === id && !early) {
      if (this.#kind.stretches) this.#copy = { ...copy, expires: now + copy.policy.maxAgeSeconds };
      return copy;
    }
    const body = this.#fetch(domain);
    if (body === null) return copy;
    this.#copy = { policy: body, id, expires: now + body.maxAgeSeconds };
    return this.#copy;
  }

  #idOf(domain: string): string | null {
    const set = this.#ask(`_mta-sts.${domain}`, 'TXT');
    const record = parseStsRecords((set?.rdata ?? []).map((rdata) => rdataText('TXT', rdata)));
    return record.ok ? record.value.id : null;
  }

  #fetch(domain: string): StsPolicy | null {
    const host = `mta-sts.${domain}`;
    if (this.#ask(host, 'CNAME') === null) return null;
    const address = this.#random.between(0, this.#internet.addressLags.length - 1);
    const body = this.#internet.bodyAt(address, host);
    const policy = body === null ? null : parsePolicy(body);
    return policy?.ok === true ? policy.value : null;
  }

  /** A resolver: asks any server, keeps the answer for its TTL; "nothing" for five minutes. */
  #ask(name: string, type: RecordType): RecordSet | null {
    const now = this.#internet.now();
    const key = `${name} ${type}`;
    const kept = this.#dns.get(key);
    if (kept !== undefined && kept.expires > now) return kept.set;
    const server = this.#random.between(0, this.#internet.serverLags.length - 1);
    const set = this.#internet.recordAt(server, name, type);
    this.#dns.set(key, { set, expires: now + (set?.ttlSeconds ?? 300) });
    return set;
  }
}
