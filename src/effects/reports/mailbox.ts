/** Floor 2. A folder that mails come to, behind an interface: tests hand in one that misbehaves. */

export interface MailboxEvents {
  /** More mails are there than before. */
  readonly onNews: () => void;
  /** The session is over, for whatever reason; it cannot be taken up again. */
  readonly onEnd: () => void;
}

/** Calls come one after the other. A mail is named by its UID, which is good as long as {@link MailboxSession.open} gives the same. */
export interface MailboxSession {
  /** Opens the folder, or opens it anew; gives its UIDVALIDITY (RFC 3501 §2.3.1.1). */
  open(): Promise<string>;
  /** Of the mails that carry no mark, ascending. */
  uids(): Promise<readonly number[]>;
  /** In bytes. A mail that is gone is left out. */
  sizes(uids: readonly number[]): Promise<ReadonlyMap<number, number>>;
  /** The beginning of a mail; null: it is gone. */
  head(uid: number): Promise<string | null>;
  /** The whole mail, which stays unread; null: it is gone. */
  fetch(uid: number): Promise<Uint8Array | null>;
  /** So that {@link MailboxSession.uids} leaves them out from now on, where the server lets that be. */
  mark(uids: readonly number[]): Promise<void>;
  /** To the folder for what is done. Mails that are gone are no error. */
  move(uids: readonly number[]): Promise<void>;
  close(): Promise<void>;
}
