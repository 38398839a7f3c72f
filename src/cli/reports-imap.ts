/** Floor 4. Mailboxes as a way in for TLS reports: those of the config in force, while this daemon is the one that works. */
import type { Config } from '../core/config/model.ts';
import type { ImapMailbox } from '../core/config/shape-reports-imap.ts';
import { sha256Hex } from '../core/id.ts';
import { secretValues } from '../core/secret-values.ts';
import { systemClock } from '../effects/clock.ts';
import { type MailboxWatch, watchMailbox, type WatchWorld } from '../services/reports/watch-mailbox.ts';
import type { DaemonPart } from './daemon-parts.ts';
import type { IntakeView } from './reports-part.ts';

/** A config that comes into force, and a stand-by that takes over, are seen this much later. */
const LOOK_MS = 500;

/** A mailbox whose config stays as it is goes on undisturbed; one with any other word in it, or another secret, is begun anew. */
export async function imapWay({ daemon, takeIn }: IntakeView): Promise<DaemonPart> {
  const { state, log } = daemon;
  const watched = new Map<string, MailboxWatch>();
  const closing = new Set<Promise<void>>();
  const world: WatchWorld = {
    clock: systemClock,
    random: Math.random,
    log,
    takeIn,
    connect: async (mailbox, events, signal) => {
      const { connectMailbox } = await import('../effects/reports/imap-mailbox.ts');
      const { caFile } = (state().inForce?.config ?? daemon.config).world;
      return connectMailbox(mailbox, { caFile, signal }, events);
    },
  };
  const follow = (mailboxes: readonly ImapMailbox[]): void => {
    const wanted = new Map(mailboxes.map((one) => [identityOf(one), one]));
    for (const [identity, watch] of watched) {
      if (wanted.has(identity)) continue;
      watched.delete(identity);
      const closed = watch.close().finally(() => closing.delete(closed));
      closing.add(closed);
    }
    for (const [identity, mailbox] of wanted)
      if (!watched.has(identity)) watched.set(identity, watchMailbox(mailbox, world));
  };
  let seen: Config | null = null;
  const look = (): void => {
    const { role, inForce } = state();
    const now = role === 'leader' ? (inForce?.config ?? null) : null;
    if (now !== seen) follow(now?.reports.imap ?? []);
    seen = now;
    cancel = systemClock.after(LOOK_MS, look);
  };
  let cancel = systemClock.after(0, look);
  return {
    close: async () => {
      cancel();
      follow([]);
      await Promise.all(closing);
    },
  };
}

function identityOf(mailbox: ImapMailbox): string {
  return sha256Hex(JSON.stringify([mailbox, ...secretValues(mailbox)]));
}
