/**
 * Floor 3. How it stands with the CA: what its limits leave, and whether it is to be left alone. A fault of the CA is told once, however many hosts
 * meet it, and costs none of them a failure.
 */
import { boundedRetryAfter } from '../../core/certificates/change.ts';
import {
  freeTurns,
  fullQueue,
  type OrderLimits,
  type OrderQueue,
  park,
  refill,
  takeTurn,
} from '../../core/certificates/order-queue.ts';
import type { StsyncError } from '../../core/error.ts';
import type { AcmeProblem } from '../../effects/acme/client.ts';

const MINUTE_MS = 60_000;
/** After faults in a row: a minute, doubled each time. */
const LONGEST_PAUSE_MS = 60 * MINUTE_MS;
/** A CA that says "too many" and not for how long. */
const USUAL_PARK_MS = 15 * MINUTE_MS;
/** An account that is refused: a person has to act, perhaps at the CA and not in the YAML. */
const ACCOUNT_PAUSE_MS = 24 * 60 * MINUTE_MS;
const JITTER = 1 / 4;

export interface AuthorityWorld {
  readonly limits: OrderLimits;
  readonly now: () => Date;
  readonly random: () => number;
  /** Keeps the queue; may throw. */
  readonly save: (queue: OrderQueue) => void;
  /** Each kind of trouble once, until it is over. */
  readonly onTrouble: (error: StsyncError) => void;
}

/** The turn of one attempt. */
export interface ReservedTurn {
  /** The order is asked for now. */
  take(): void;
  /** It came to no order; quiet after `take`. */
  release(): void;
}

/** What an account may still order. Workers that ask one CA under one account share it, since the CA counts them together. */
export interface OrderBucket {
  queue: OrderQueue;
  /** Turns of attempts that have begun and not asked for their order yet. */
  reserved: number;
}

/** `kept`: of the state; null: nothing was ordered yet. */
export function orderBucket(kept: OrderQueue | null, limits: OrderLimits, now: Date): OrderBucket {
  return { queue: kept ?? fullQueue(limits, now), reserved: 0 };
}

export class CertificateAuthority {
  readonly #world: AuthorityWorld;
  readonly #bucket: OrderBucket;
  #faults = 0;
  #pausedUntil: Date | null = null;
  #trouble: StsyncError | null = null;

  constructor(bucket: OrderBucket, world: AuthorityWorld) {
    this.#world = world;
    this.#bucket = bucket;
  }

  get queue(): OrderQueue {
    // Filled first: what is reserved is not to be given back by a bucket that is full.
    const filled = refill(this.#bucket.queue, this.#world.limits, this.#world.now());
    return { ...filled, tokens: filled.tokens - this.#bucket.reserved };
  }

  get trouble(): StsyncError | null {
    return this.#trouble;
  }

  /** Nothing is asked of the CA before; null: it may be. */
  get pausedUntil(): Date | null {
    return this.#pausedUntil !== null && this.#pausedUntil > this.#world.now() ? this.#pausedUntil : null;
  }

  /** After a fault one attempt at a time, until one has gone well. */
  get isOnTrial(): boolean {
    return this.#faults > 0;
  }

  /** Orders that count and may begin now; null: the CA wants no orders at all. */
  get openTurns(): number | null {
    const { queue } = this;
    return queue.parkedUntil === null ? freeTurns(queue, this.#world.limits, queue.at) : null;
  }

  /** Nobody else gets this turn. */
  reserve(): ReservedTurn {
    this.#bucket.reserved += 1;
    let isHeld = true;
    const release = (): void => {
      if (isHeld) this.#bucket.reserved -= 1;
      isHeld = false;
    };
    const { limits, now } = this.#world;
    return {
      take: () => {
        release();
        this.#keep(takeTurn(this.#bucket.queue, limits, now()));
      },
      release,
    };
  }

  /** The CA did what it was asked for. */
  succeeded(): void {
    // What was under way when the account was refused says nothing about new orders.
    if (this.#trouble?.code === 'ACME_ACCOUNT' && this.pausedUntil !== null) return;
    this.#faults = 0;
    this.#pausedUntil = null;
    this.#trouble = null;
  }

  /** Scope `network`. What goes wrong at the same time counts once. */
  failed(problem: AcmeProblem): void {
    const { now, random } = this.#world;
    if (this.pausedUntil === null) {
      this.#faults += 1;
      const waitMs = Math.min(MINUTE_MS * 2 ** Math.min(this.#faults - 1, 30), LONGEST_PAUSE_MS);
      const leastMs = boundedRetryAfter(problem.retryAfterMs);
      this.#pausedUntil = new Date(now().getTime() + Math.max(waitMs * (1 + random() * JITTER), leastMs));
    }
    this.#tell(problem);
  }

  /** Scope `queue`: of the account, not of one name. Gives until when. */
  parked(problem: AcmeProblem): Date {
    const { limits, now } = this.#world;
    const until = new Date(now().getTime() + parkMs(problem));
    this.#keep(park(this.#bucket.queue, limits, now(), until));
    return until;
  }

  /** Scope `account`: all stops. Once a day it is tried in silence, for the cure may lie at the CA. */
  refused(problem: AcmeProblem): void {
    this.#faults = Math.max(this.#faults, 1);
    this.#pausedUntil = new Date(this.#world.now().getTime() + ACCOUNT_PAUSE_MS);
    this.#tell(problem);
  }

  #tell(problem: StsyncError): void {
    const isKnown = this.#trouble?.code === problem.code;
    this.#trouble = problem;
    if (!isKnown) this.#world.onTrouble(problem);
  }

  #keep(queue: OrderQueue): void {
    this.#bucket.queue = queue;
    this.#world.save(queue);
  }
}

export function parkMs({ retryAfterMs }: AcmeProblem): number {
  return Math.max(1_000, boundedRetryAfter(retryAfterMs ?? USUAL_PARK_MS));
}

/**
 * A rate limit of one name, of its registered domain or of its set of names, or a name that the CA has paused: others may go on. Let's Encrypt says
 * the name; the limit of the account names none.
 */
export function isLimitOfHost({ detail, subproblems }: AcmeProblem, host: string): boolean {
  if (/\bexact set of\b/i.test(detail)) return true;
  const words = detail
    .toLowerCase()
    .replaceAll(/https?:\S+/g, '')
    .split(/[^\w.-]+/);
  const names = words.map((word) => word.replace(/\.$/, '')).filter((word) => word.includes('.'));
  return [...names, ...subproblems.map((one) => one.host)].some(
    (name) => name !== null && (host === name || host.endsWith(`.${name}`)),
  );
}
