/** A mailbox that is a table of mails, at a server that misbehaves as a test says. */
import { StsyncError } from '../../../src/core/error.ts';
import type { LogFields } from '../../../src/effects/log.ts';
import type { MailboxEvents, MailboxSession } from '../../../src/effects/reports/mailbox.ts';
import { type MailboxWatch, watchMailbox } from '../../../src/services/reports/watch-mailbox.ts';
import type { Incoming, TakeIn } from '../../../src/services/reports/take-in.ts';
import { FakeClock, settled } from '../../support/fake-clock.ts';
import { mailboxAt } from '../../effects/reports/mailbox-config.ts';

type Method = 'connect' | Exclude<keyof MailboxSession, 'close'>;

export const gone = (): StsyncError =>
  new StsyncError('IMAP_UNREACHABLE', 'the connection broke off', { retryable: true });
export const no = (): StsyncError => new StsyncError('IMAP_REFUSED', 'the server says no', { retryable: true });

export class FakeServer {
  /** By UID. What a mail begins with says what becomes of it: `report`, `later`, `crash`, or anything else. */
  readonly mails = new Map<number, string>();
  /** Where they are not those of the text. */
  readonly sizes = new Map<number, number>();
  readonly marked = new Set<number>();
  /** Gone by the time they are asked for. */
  readonly vanished = new Set<number>();
  readonly done: string[] = [];
  /** What was asked for, in order: `fetch 3`. */
  readonly calls: string[] = [];
  uidValidity = '1';
  canMark = true;
  sessions: { readonly events: MailboxEvents; isOpen: boolean }[] = [];
  readonly #faults = new Map<Method, Error[]>();

  /** The next calls of this method throw these and do nothing. The session is over when it breaks off. */
  fail(method: Method, ...errors: readonly Error[]): void {
    this.#faults.set(method, [...(this.#faults.get(method) ?? []), ...errors]);
  }

  deliver(uid: number, text: string): void {
    this.mails.set(uid, text);
    for (const { events, isOpen } of this.sessions) if (isOpen) events.onNews();
  }

  drop(): void {
    for (const session of this.sessions) {
      session.isOpen = false;
      session.events.onEnd();
    }
  }

  count(call: string): number {
    return this.calls.filter((one) => one === call).length;
  }

  async connect(events: MailboxEvents): Promise<MailboxSession> {
    this.#asked('connect');
    const session = { events, isOpen: true };
    this.sessions.push(session);
    const asked = (method: Method, what = ''): void => {
      if (!session.isOpen) throw gone();
      this.#asked(method, what, session);
    };
    return {
      open: async () => (asked('open'), this.uidValidity),
      uids: async () => {
        asked('uids');
        return [...this.mails.keys()].filter((uid) => !this.marked.has(uid));
      },
      sizes: async (uids) => {
        asked('sizes');
        const there = uids.filter((uid) => this.mails.has(uid));
        return new Map(there.map((uid) => [uid, this.sizes.get(uid) ?? this.mails.get(uid)?.length ?? 0]));
      },
      head: async (uid) => (asked('head', ` ${uid}`), this.#text(uid) ?? null),
      fetch: async (uid) => {
        asked('fetch', ` ${uid}`);
        const text = this.#text(uid);
        return text === undefined ? null : Buffer.from(text);
      },
      mark: async (uids) => {
        asked('mark');
        if (this.canMark) for (const uid of uids) this.marked.add(uid);
      },
      move: async (uids) => {
        asked('move', ` ${uids.join()}`);
        for (const uid of uids) {
          const text = this.mails.get(uid);
          if (text !== undefined) this.done.push(text);
          this.mails.delete(uid);
        }
      },
      close: async () => void (session.isOpen = false),
    };
  }

  #text(uid: number): string | undefined {
    return this.vanished.has(uid) ? undefined : this.mails.get(uid);
  }

  #asked(method: Method, what = '', session: { isOpen: boolean } | null = null): void {
    this.calls.push(`${method}${what}`);
    const fault = this.#faults.get(method)?.shift();
    if (fault === undefined) return;
    if (session !== null && fault instanceof StsyncError && fault.code === 'IMAP_UNREACHABLE') session.isOpen = false;
    throw fault;
  }
}

export interface Rig {
  readonly server: FakeServer;
  readonly clock: FakeClock;
  readonly taken: Incoming[];
  readonly lines: string[];
  /** Thrown by the next calls of `takeIn`. */
  readonly storeFaults: Error[];
  /** Keys that DNS tells now. */
  isDnsWell: boolean;
  readonly watch: MailboxWatch;
}

/** Watched from the start, with 10 minutes between two looks. Pauses are their longest. */
export async function watched(server: FakeServer): Promise<Rig> {
  const clock = new FakeClock('2026-03-01T00:00:00Z');
  const [taken, lines, storeFaults]: [Incoming[], string[], Error[]] = [[], [], []];
  const takeIn: TakeIn = async (incoming) => {
    taken.push(incoming);
    const text = Buffer.from(incoming.bytes ?? []).toString();
    const fault = storeFaults.shift();
    if (fault !== undefined) throw fault;
    if (text.startsWith('crash')) throw new TypeError('a fault of stsync');
    if (text.startsWith('later') && !rig.isDnsWell) return { stored: [], again: 'SERVFAIL' };
    const isStored = /^(?:report|later)/.test(text) || incoming.isAmongOthers === false;
    return { stored: isStored ? ['new'] : [], again: null };
  };
  const line =
    (level: string) =>
    (_fields: LogFields, message: string): void =>
      void lines.push(`${level} ${message}`);
  const log = {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    hide: () => undefined,
  };
  const connect = (_mailbox: unknown, events: MailboxEvents): Promise<MailboxSession> => server.connect(events);
  const watch = watchMailbox(mailboxAt(993), { clock, random: () => 1, log, takeIn, connect });
  const rig: Rig = { server, clock, taken, lines, storeFaults, isDnsWell: false, watch };
  await settled();
  return rig;
}
