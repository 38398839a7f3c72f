/** Floor 3. All hosts in memory, without their PEMs: what is next for each, sorted into what can begin now, and when to look again. */
import { atDirectory } from '../../core/certificates/change.ts';
import { compareTurns, decideNext, type OrderTurn } from '../../core/certificates/decide.ts';
import {
  type CertificateFacts,
  type CertificateFailure,
  type CertificateRecord,
  newRecord,
  type WantedCertificate,
} from '../../core/certificates/model.ts';

/** What can begin, the first first. Hosts under way are in none of these. */
export interface Ready {
  readonly resumes: string[];
  /** That count for the CA's limits, and that do not. */
  readonly counted: OrderTurn[];
  readonly exempt: OrderTurn[];
  readonly asks: string[];
}

/** Ranks change with time alone. */
const LONGEST_MS = 600_000;

export class CertificateFleet {
  readonly #facts: Map<string, CertificateFacts>;
  readonly #directoryUrl: string;
  readonly #underWay = new Set<string>();
  readonly #leftOut = new Set<string>();
  #ready: Ready = { resumes: [], counted: [], exempt: [], asks: [] };
  #wanted: readonly WantedCertificate[] | null = null;
  #lookedAt = 0;
  /** When something is due that `#ready` does not have. */
  #dueAt = 0;

  constructor(known: readonly CertificateFacts[], directoryUrl: string) {
    this.#facts = new Map(known.map((facts) => [facts.host, facts]));
    this.#directoryUrl = directoryUrl;
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  /** As `ready` found it last, less what has begun. */
  get known(): Ready {
    return this.#ready;
  }

  /** Those wanted of which nothing is known here; hosts that are not wanted any more are forgotten. */
  unknown(wanted: readonly WantedCertificate[], now: Date): readonly CertificateRecord[] {
    if (wanted === this.#wanted) return [];
    // What the state has of a host may be other when it is wanted again: the caller may remove it meanwhile.
    const hosts = new Set(wanted.map(({ host }) => host));
    for (const host of this.#facts.keys()) if (!hosts.has(host) && !this.#underWay.has(host)) this.#facts.delete(host);
    return wanted
      .filter(({ host }) => !this.#facts.has(host) && !this.#leftOut.has(host))
      .map(({ host }) => newRecord(host, this.#directoryUrl, now));
  }

  /** What can begin now. It is looked for anew when something is due, and of a large fleet not all the time: 100,000 take 50 ms. */
  ready(wanted: readonly WantedCertificate[], now: Date): Ready {
    const nowMs = now.getTime();
    const isOther = wanted !== this.#wanted;
    const isDue = nowMs >= this.#dueAt || Math.abs(nowMs - this.#lookedAt) >= LONGEST_MS;
    const isTooSoon = Math.abs(nowMs - this.#lookedAt) < wanted.length / 10;
    if (isOther || (isDue && !isTooSoon)) this.#look(wanted, now);
    return this.#ready;
  }

  /** When `ready` has more, in milliseconds since 1970. */
  get dueAt(): number {
    const soonest = this.#lookedAt + (this.#wanted?.length ?? 0) / 10;
    return Math.max(soonest, Math.min(this.#dueAt, this.#lookedAt + LONGEST_MS));
  }

  begin(host: string): void {
    this.#underWay.add(host);
  }

  end(host: string, now: Date): void {
    this.#underWay.delete(host);
    const facts = this.#facts.get(host);
    if (facts === undefined) return;
    const next = decideNext(facts, this.#directoryUrl, now);
    this.#dueAt = Math.min(this.#dueAt, next.kind === 'rest' ? next.until.getTime() : now.getTime());
  }

  /** The next order that may begin, or null. `turns`: how many that count may; null: not even those that are exempt. */
  takeTurn(turns: number | null): OrderTurn | null {
    const { counted, exempt } = this.#ready;
    const [a, b] = [exempt[0], turns !== null && turns > 0 ? counted[0] : undefined];
    if (turns === null || (a === undefined && b === undefined)) return null;
    const isExemptFirst = b === undefined || (a !== undefined && compareTurns(a, b) < 0);
    return (isExemptFirst ? exempt : counted).shift() ?? null;
  }

  /** Nothing is done for it until the next start: its row was told of. */
  leaveOut(host: string): void {
    this.#leftOut.add(host);
  }

  /** In memory alone: the state cannot say it. */
  rest(host: string, until: Date): void {
    const facts = this.#facts.get(host);
    if (facts !== undefined) this.#facts.set(host, { ...facts, nextAttemptAt: until });
  }

  lastFailure(host: string): CertificateFailure | null {
    return this.#facts.get(host)?.lastFailure ?? null;
  }

  /** What the state has from now on. */
  learn(record: CertificateRecord): void {
    this.#facts.set(record.host, factsOf(record));
  }

  #look(wanted: readonly WantedCertificate[], now: Date): void {
    const ready: Ready = { resumes: [], counted: [], exempt: [], asks: [] };
    let dueAt = Number.POSITIVE_INFINITY;
    for (const { host } of wanted) {
      const kept = this.#facts.get(host);
      if (kept === undefined || this.#underWay.has(host)) continue;
      const next = decideNext(this.#here(kept), this.#directoryUrl, now);
      if (next.kind === 'resume') ready.resumes.push(host);
      else if (next.kind === 'order') (next.isExempt ? ready.exempt : ready.counted).push(next);
      else if (next.kind === 'ask-renewal') ready.asks.push(host);
      else dueAt = Math.min(dueAt, next.until.getTime());
    }
    ready.counted.sort(compareTurns);
    ready.exempt.sort(compareTurns);
    this.#ready = ready;
    this.#wanted = wanted;
    this.#lookedAt = now.getTime();
    this.#dueAt = dueAt;
  }

  #here(facts: CertificateFacts): CertificateFacts {
    return facts.directoryUrl === this.#directoryUrl ? facts : atDirectory(facts, this.#directoryUrl);
  }
}

function factsOf({ certificate, order, ...rest }: CertificateRecord): CertificateFacts {
  return {
    ...rest,
    certificate:
      certificate === null
        ? null
        : {
            notBefore: certificate.notBefore,
            notAfter: certificate.notAfter,
            issuedAt: certificate.issuedAt,
            directoryUrl: certificate.directoryUrl,
            stamp: certificate.stamp,
          },
    order: order === null ? null : { url: order.url, startedAt: order.startedAt },
  };
}
