/**
 * A sender that follows RFC 8461, with a cache of its own and a resolver that keeps records for their TTL. Kinds differ where the RFC lets
 * them, or where the field does: some never look at the id while a copy lives, some stretch the copy at each look while the id is the same, also
 * one that has just run out, some refresh before it runs out.
 */
import { coverMx } from '../../src/core/mx.ts';
import { parsePolicy, type StsPolicy } from '../../src/core/policy.ts';
import { rdataText, type RecordSet, type RecordType } from '../../src/core/record-set.ts';
import { parseStsRecords } from '../../src/core/txt-records.ts';
import type { Flap, Internet } from './internet.ts';
import type { Random } from './random.ts';

export interface SenderKind {
  readonly watchesId: boolean;
  readonly stretches: boolean;
  readonly refreshesEarly: boolean;
}

export interface Copy {
  readonly policy: StsPolicy;
  readonly id: string;
  readonly fetchedAt: number;
  readonly expires: number;
  /** It came from an address that flapped. */
  readonly flap: Flap | null;
}

/** What a sender makes of one mail that does not go out as it should. `pattern`: no pattern covers the host; `tls`: STARTTLS is no good there. */
export interface Complaint {
  readonly at: number;
  readonly domain: string;
  readonly host: string;
  readonly fault: 'pattern' | 'tls';
  /** Mode testing: it was delivered, and a TLS report says so. */
  readonly isOnlyReported: boolean;
  readonly copy: Copy;
  readonly kind: SenderKind;
}

export class Sender {
  readonly #domain: string;
  readonly #kind: SenderKind;
  readonly #random: Random;
  readonly #internet: Internet;
  readonly #fetched: (domain: string, copy: Copy) => void;
  readonly #dns = new Map<string, { readonly set: RecordSet | null; readonly expires: number }>();
  #copy: Copy | null = null;

  /** `fetched` is told of each copy that comes in. */
  constructor(domain: string, random: Random, internet: Internet, fetched: (domain: string, copy: Copy) => void) {
    this.#domain = domain;
    this.#fetched = fetched;
    this.#kind = {
      watchesId: random.chance(0.7),
      stretches: random.chance(0.5),
      refreshesEarly: random.chance(0.3),
    };
    this.#random = random;
    this.#internet = internet;
  }

  /** Sends one mail; gives what the policy has against the MX host it chose, or null. */
  send(): Complaint | null {
    const mx = this.#ask(this.#domain, 'MX');
    const host = mx === null ? undefined : rdataText('MX', this.#random.pick(mx.rdata)).split(' ')[1];
    const copy = this.#policy();
    if (host === undefined || copy === null || copy.policy.mode === 'none') return null;
    const isCovered = coverMx(copy.policy.mx, [host]).uncovered.length === 0;
    if (isCovered && this.#internet.offerOf(host).tls === 'good') return null;
    return {
      at: this.#internet.now(),
      domain: this.#domain,
      host,
      fault: isCovered ? 'tls' : 'pattern',
      isOnlyReported: copy.policy.mode === 'testing',
      copy,
      kind: this.#kind,
    };
  }

  #policy(): Copy | null {
    const now = this.#internet.now();
    const copy = this.#copy !== null && this.#copy.expires > now ? this.#copy : null;
    const early = copy !== null && this.#kind.refreshesEarly && copy.expires - now < copy.policy.maxAgeSeconds / 2;
    if (copy !== null && !this.#kind.watchesId && !early) return copy;
    const id = this.#id();
    // RFC 8461 §3.1: without a record there is no new policy; a cached one still binds.
    if (id === null) return copy;
    const last = this.#copy;
    if (last !== null && last.id === id && !early && (copy !== null || this.#kind.stretches)) {
      if (this.#kind.stretches) this.#copy = { ...last, expires: now + last.policy.maxAgeSeconds };
      return this.#copy;
    }
    const fetched = this.#fetch(id);
    if (fetched === null) return copy;
    this.#copy = fetched;
    this.#fetched(this.#domain, fetched);
    return fetched;
  }

  #id(): string | null {
    const own = `_mta-sts.${this.#domain}`;
    // A CNAME is followed (RFC 8461 §8.2).
    const cname = this.#ask(own, 'CNAME');
    const set = this.#ask(cname === null ? own : rdataText('CNAME', cname.rdata[0] ?? ''), 'TXT');
    return set === null ? null : idIn(set);
  }

  #fetch(id: string): Copy | null {
    const host = `mta-sts.${this.#domain}`;
    const site = this.#internet.siteOf(this.#ask(host, 'CNAME'));
    if (site === null) return null;
    const address = this.#random.pick(site.addresses);
    const node = this.#random.between(0, address.nodeLags.length - 1);
    const body = this.#internet.bodyAt(site, address, node, host);
    const policy = body === null ? null : policyIn(body);
    if (policy === null) return null;
    const now = this.#internet.now();
    const flap = this.#internet.flaps.get(address.ip) ?? null;
    return { policy, id, fetchedAt: now, expires: now + policy.maxAgeSeconds, flap };
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

// Many senders read the same few records and bodies; what they say is worked out once.
const ids = new WeakMap<RecordSet, string | null>();
const policies = new Map<string, StsPolicy | null>();

function idIn(set: RecordSet): string | null {
  const known = ids.get(set);
  if (known !== undefined) return known;
  const record = parseStsRecords(set.rdata.map((rdata) => rdataText('TXT', rdata)));
  const id = record.ok ? record.value.id : null;
  ids.set(set, id);
  return id;
}

function policyIn(body: string): StsPolicy | null {
  const known = policies.get(body);
  if (known !== undefined) return known;
  const parsed = parsePolicy(body);
  const policy = parsed.ok ? parsed.value : null;
  policies.set(body, policy);
  return policy;
}
