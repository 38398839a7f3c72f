/**
 * Floor 3. One pass over a folder: each mail that was not looked into yet is taken in, and moved when the store has it. Mails that are no TLS reports are left
 * alone where they are. A crash anywhere is harmless: a report that comes a second time counts once.
 */
import { statesReport } from '../../core/reports/states-report.ts';
import { StsyncError } from '../../core/error.ts';
import type { Log } from '../../effects/log.ts';
import type { MailboxSession } from '../../effects/reports/mailbox.ts';
import type { TakeIn } from './take-in.ts';

/** Larger ones are not fetched. */
const MAX_MAIL_BYTES = 25 * 1024 * 1024;
/** So many are asked for their size, and moved, at once. */
const CHUNK = 50;
const MAX_HEAD_BYTES = 256 * 1024;
/** A mail that has to come again does at least once a day. */
const LONGEST_WAIT_MS = 86_400_000;

/** What is known of a folder, for as long as its UIDs mean the same. It outlives the session. */
export interface FolderMemory {
  uidValidity: string | null;
  /** No TLS reports. */
  readonly others: Set<number>;
  /** The store has them; they are still to be moved. */
  readonly stored: Set<number>;
  /** To be taken in again, from when (ms), and how often that was tried. */
  readonly again: Map<number, { readonly atMs: number; readonly tries: number }>;
}

export interface PassWorld {
  readonly takeIn: TakeIn;
  readonly now: () => Date;
  readonly log: Log;
  /** What is put before the UID, for people. */
  readonly label: string;
  /** How long a mail waits that has to come again; then twice as long, and so on. */
  readonly againMs: number;
  /** Between two mails. */
  readonly signal: AbortSignal;
}

export function newFolderMemory(): FolderMemory {
  return { uidValidity: null, others: new Set(), stored: new Set(), again: new Map() };
}

/**
 * Gives how many mails were taken in. Throws what the session and `takeIn` throw (`StsyncError`), with what is stored moved as far as that goes. Where mails cannot
 * be moved, all others are taken in before it says so.
 */
export async function passOver(session: MailboxSession, memory: FolderMemory, world: PassWorld): Promise<number> {
  const uidValidity = await session.open();
  if (uidValidity !== memory.uidValidity) forget(memory, uidValidity);
  const uids = await session.uids();
  keepOnly(memory, new Set(uids));
  const left = uids.filter((uid) => !memory.others.has(uid) && !isLater(memory, uid, world.now()));
  let taken = 0;
  let refused: StsyncError | null = null;
  for (let from = 0; from < left.length; from += CHUNK) {
    const chunk = left.slice(from, from + CHUNK);
    try {
      taken += await takeChunk(session, chunk, memory, world);
    } finally {
      refused = (await moveStored(session, chunk, memory)) ?? refused;
    }
    await session.mark(chunk.filter((uid) => memory.others.has(uid)));
  }
  if (refused !== null) throw refused;
  return taken;
}

/** Gives the refusal of the server. */
async function moveStored(
  session: MailboxSession,
  chunk: readonly number[],
  { stored }: FolderMemory,
): Promise<StsyncError | null> {
  const uids = chunk.filter((uid) => stored.has(uid));
  if (uids.length === 0) return null;
  try {
    await session.move(uids);
  } catch (error) {
    if (error instanceof StsyncError && error.code === 'IMAP_REFUSED') return error;
    throw error;
  }
  for (const uid of uids) stored.delete(uid);
  return null;
}

async function takeChunk(
  session: MailboxSession,
  chunk: readonly number[],
  memory: FolderMemory,
  world: PassWorld,
): Promise<number> {
  const fresh = chunk.filter((uid) => !memory.stored.has(uid));
  const sizes = fresh.length === 0 ? new Map<number, number>() : await session.sizes(fresh);
  let taken = 0;
  for (const [uid, size] of sizes) {
    world.signal.throwIfAborted();
    const mail = await fetchMail(session, uid, size);
    if (mail === null) continue;
    const became = await takeMail(uid, mail, memory, world);
    if (became === 'stored') taken++;
    if (became === 'stored') memory.stored.add(uid);
    else if (became === 'other') memory.others.add(uid);
    else putOff(memory, uid, world);
  }
  return taken;
}

interface FetchedMail {
  readonly head: string;
  /** Null: too large. */
  readonly bytes: Uint8Array | null;
}

async function fetchMail(session: MailboxSession, uid: number, size: number): Promise<FetchedMail | null> {
  if (size > MAX_MAIL_BYTES) {
    const head = await session.head(uid);
    return head === null ? null : { head, bytes: null };
  }
  const bytes = await session.fetch(uid);
  if (bytes === null) return null;
  return { head: Buffer.from(bytes.subarray(0, MAX_HEAD_BYTES)).toString('latin1'), bytes };
}

async function takeMail(
  uid: number,
  { head, bytes }: FetchedMail,
  { uidValidity, again: waiting }: FolderMemory,
  { takeIn, label, log }: PassWorld,
): Promise<'stored' | 'other' | 'again'> {
  const source = `imap ${label} ${uidValidity}/${uid}`;
  try {
    const { stored, again } = await takeIn({ source, bytes, way: 'mail', isAmongOthers: !statesReport(head) });
    if (again === null) return stored.length === 0 ? 'other' : 'stored';
    const tell = waiting.has(uid) ? log.debug : log.info;
    tell({ source, reason: again }, 'a mail with a TLS report stays where it is and is taken in later');
  } catch (error) {
    if (error instanceof StsyncError) throw error;
    // One mail that nothing can be done with shall not stand before all others.
    const message = error instanceof Error ? error.message : String(error);
    log.error({ source }, `INTERNAL a mail could not be taken in: ${message}`);
  }
  return 'again';
}

function putOff({ again }: FolderMemory, uid: number, { now, againMs }: PassWorld): void {
  const tries = again.get(uid)?.tries ?? 0;
  const waitMs = Math.min(againMs * 2 ** Math.min(tries, 20), LONGEST_WAIT_MS);
  again.set(uid, { atMs: now().getTime() + waitMs, tries: tries + 1 });
}

function forget(memory: FolderMemory, uidValidity: string): void {
  memory.uidValidity = uidValidity;
  for (const one of [memory.others, memory.stored, memory.again]) one.clear();
}

/** What is gone from the folder is remembered no longer. */
function keepOnly(memory: FolderMemory, uids: ReadonlySet<number>): void {
  for (const one of [memory.others, memory.stored, memory.again])
    for (const uid of one.keys()) if (!uids.has(uid)) one.delete(uid);
}

/** A time further away than any wait is one from before the clock was set back. */
function isLater({ again }: FolderMemory, uid: number, now: Date): boolean {
  const waitMs = (again.get(uid)?.atMs ?? 0) - now.getTime();
  return waitMs > 0 && waitMs <= LONGEST_WAIT_MS;
}
