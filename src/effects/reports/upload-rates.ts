/** Floor 2. How much strangers may post: so much from one address, and so much in all. A table that does not grow. */
import type { Clock } from '../clock.ts';

interface Rate {
  /** At once, after a while without any. */
  readonly burst: number;
  readonly perSecond: number;
}

export interface UploadLimits {
  readonly perPeer: Rate;
  readonly inAll: Rate;
  /** Bodies that come in at one time, of one address and in all: the connections that are left are for policies. */
  readonly openPerPeer: number;
  readonly open: number;
}

/** A provider of 100,000 domains gets as many reports a day from Google alone, within a few hours. */
export const uploadLimits: UploadLimits = {
  perPeer: { burst: 300, perSecond: 10 },
  inAll: { burst: 1000, perSecond: 50 },
  openPerPeer: 8,
  open: 64,
};

/** Addresses that are remembered; who was not seen for longest is forgotten first. */
const MOST_PEERS = 10_000;
/** Where it is not the rate that is used up. */
const BUSY_SECONDS = 10;

/** 429: this address posts too much. 503: all together do. */
export interface Refusal {
  readonly status: 429 | 503;
  readonly retryAfterSeconds: number;
}

export interface UploadRates {
  /** Takes a place, which the function that comes back frees. `peer` null: not known which of many it is. */
  enter(peer: string | null): Refusal | (() => void);
}

export function openUploadRates(clock: Clock, limits: UploadLimits = uploadLimits): UploadRates {
  const peers = new Map<string, Bucket>();
  const open = new Map<string, number>();
  const all = new Bucket(limits.inAll, clock);
  let openInAll = 0;
  const bucketOf = (peer: string): Bucket => {
    const bucket = peers.get(peer) ?? new Bucket(limits.perPeer, clock);
    // The newest stands last.
    peers.delete(peer);
    peers.set(peer, bucket);
    const [oldest] = peers.keys();
    if (peers.size > MOST_PEERS && oldest !== undefined) peers.delete(oldest);
    return bucket;
  };
  return {
    enter: (peer) => {
      const ofPeer = peer === null ? null : bucketOf(peer);
      const waitOfPeer = ofPeer?.waitSeconds() ?? 0;
      if (waitOfPeer > 0) return { status: 429, retryAfterSeconds: waitOfPeer };
      if (peer !== null && (open.get(peer) ?? 0) >= limits.openPerPeer)
        return { status: 429, retryAfterSeconds: BUSY_SECONDS };
      const wait = all.waitSeconds();
      if (wait > 0) return { status: 503, retryAfterSeconds: wait };
      if (openInAll >= limits.open) return { status: 503, retryAfterSeconds: BUSY_SECONDS };
      ofPeer?.take();
      all.take();
      openInAll += 1;
      const key = peer ?? '';
      open.set(key, (open.get(key) ?? 0) + 1);
      return () => {
        openInAll -= 1;
        const left = (open.get(key) ?? 1) - 1;
        if (left === 0) open.delete(key);
        else open.set(key, left);
      };
    },
  };
}

class Bucket {
  readonly #rate: Rate;
  readonly #clock: Clock;
  #left: number;
  #atMs: number;

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
    this.#left = rate.burst;
    this.#atMs = clock.now().getTime();
  }

  /** Whole seconds until there is something to take; 0: now. */
  waitSeconds(): number {
    const { burst, perSecond } = this.#rate;
    const nowMs = this.#clock.now().getTime();
    // A clock that is set back gives nothing.
    this.#left = Math.min(burst, this.#left + (Math.max(0, nowMs - this.#atMs) / 1000) * perSecond);
    this.#atMs = nowMs;
    return this.#left >= 1 ? 0 : Math.max(1, Math.ceil((1 - this.#left) / perSecond));
  }

  take(): void {
    this.#left -= 1;
  }
}
