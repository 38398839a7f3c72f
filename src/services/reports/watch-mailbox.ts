/**
 * Floor 3. One mailbox, for as long as the daemon works on it: connected, looked at when it has news and now and then besides, connected anew when that ends.
 * A server that refuses the login is not asked again for an hour.
 */
import type { ImapMailbox } from '../../core/config/shape-reports-imap.ts';
import { StsyncError } from '../../core/error.ts';
import { type Clock, sleep } from '../../effects/clock.ts';
import type { Log } from '../../effects/log.ts';
import type { MailboxEvents, MailboxSession } from '../../effects/reports/mailbox.ts';
import { newFolderMemory, passOver } from './mailbox-pass.ts';
import type { TakeIn } from './take-in.ts';

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 300_000;
const REFUSED_PAUSE_MS = 3_600_000;

export interface WatchWorld {
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly log: Log;
  readonly takeIn: TakeIn;
  /** Throws `StsyncError`, or the signal's reason. */
  readonly connect: (mailbox: ImapMailbox, events: MailboxEvents, signal: AbortSignal) => Promise<MailboxSession>;
}

export interface MailboxWatch {
  /** When nothing of it is under way any more; a mail that is just taken in is waited for. */
  close(): Promise<void>;
}

/** Begins at once. Nothing throws here: what goes wrong stands in the log, once for each code, and the end of it too. */
export function watchMailbox(mailbox: ImapMailbox, world: WatchWorld): MailboxWatch {
  const stop = new AbortController();
  const work = new Watching(mailbox, world, stop.signal).run();
  return {
    close: async () => {
      stop.abort(new StsyncError('INTERRUPTED', 'the mailbox is not watched any more'));
      await work;
    },
  };
}

class Watching {
  readonly #mailbox: ImapMailbox;
  readonly #world: WatchWorld;
  readonly #signal: AbortSignal;
  readonly #label: string;
  readonly #memory = newFolderMemory();
  /** Of attempts in a row. */
  #failures = 0;
  /** The code that is in the log. */
  #told: string | null = null;

  constructor(mailbox: ImapMailbox, world: WatchWorld, signal: AbortSignal) {
    this.#mailbox = mailbox;
    this.#world = world;
    this.#signal = signal;
    this.#label = `${mailbox.user} ${mailbox.folder}`;
  }

  async run(): Promise<void> {
    const { clock } = this.#world;
    while (!this.#signal.aborted) {
      try {
        await this.#connected();
      } catch (error) {
        if (this.#signal.aborted) return;
        const pauseMs = this.#pauseAfter(error);
        this.#tell(error, pauseMs);
        await sleep(clock, pauseMs, this.#signal).catch(() => undefined);
      }
    }
  }

  /** Until the session ends, which is an error always. */
  async #connected(): Promise<never> {
    const { connect, clock } = this.#world;
    const events = new Events(clock);
    const session = await connect(this.#mailbox, events, this.#signal);
    try {
      for (;;) {
        await this.#pass(session);
        await events.next(this.#mailbox.intervalSeconds * 1000, this.#signal);
      }
    } finally {
      await session.close();
    }
  }

  async #pass(session: MailboxSession): Promise<void> {
    const { takeIn, clock, log } = this.#world;
    const againMs = this.#mailbox.intervalSeconds * 1000;
    const world = { takeIn, now: clock.now, log, label: this.#label, againMs, signal: this.#signal };
    const taken = await passOver(session, this.#memory, world);
    this.#failures = 0;
    if (this.#told !== null) log.info({ mailbox: this.#label }, 'the mailbox is read again');
    this.#told = null;
    if (taken > 0) log.info({ mailbox: this.#label, mails: taken }, 'mails with TLS reports were taken in');
  }

  #pauseAfter(error: unknown): number {
    if (error instanceof StsyncError && error.code === 'IMAP_AUTH') return REFUSED_PAUSE_MS;
    const bound = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(this.#failures++, 20), LONGEST_PAUSE_MS);
    // Many daemons lose one server at one time.
    return bound * (0.5 + this.#world.random() / 2);
  }

  #tell(error: unknown, pauseMs: number): void {
    const { log } = this.#world;
    const [code, hint] = error instanceof StsyncError ? [error.code, error.hint] : ['INTERNAL', undefined];
    const message = `${code} ${error instanceof Error ? error.message : String(error)}`;
    const fields = { mailbox: this.#label, hint, againInSeconds: Math.ceil(pauseMs / 1000) };
    // The daemon stops, and this is told next.
    if (code === this.#told || code === 'INTERRUPTED') log.debug(fields, message);
    else log.warn(fields, message);
    this.#told = code;
  }
}

/** What a session tells, kept until somebody waits for it. */
class Events implements MailboxEvents {
  readonly #clock: Clock;
  #hasNews = false;
  #hasEnded = false;
  #wake: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly onNews = (): void => {
    this.#hasNews = true;
    this.#wake();
  };

  readonly onEnd = (): void => {
    this.#hasEnded = true;
    this.#wake();
  };

  /** News, or so long. Throws `IMAP_UNREACHABLE` at the end of the session, or the signal's reason. */
  async next(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#hasNews && !this.#hasEnded) {
      const woken = new AbortController();
      this.#wake = () => woken.abort();
      await sleep(this.#clock, ms, AbortSignal.any([signal, woken.signal])).catch(() => signal.throwIfAborted());
    }
    if (this.#hasEnded)
      throw new StsyncError('IMAP_UNREACHABLE', 'the mail server closed the connection', { retryable: true });
    this.#hasNews = false;
  }
}
