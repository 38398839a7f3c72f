/** Floor 2. The contract of a publisher: where policy bodies are put so that a web server, ours or another, serves them. */

/** The reading half, which dry runs hold. */
export interface PolicyReader {
  /**
   * The bytes that are to be served for a policy host (`mta-sts.example.com`); null when there are none. It never answers null for "could
   * not look": that throws `PUBLISHER_UNREADABLE`.
   */
  read(policyHost: string): Promise<Uint8Array | null>;
}

/** The writing half. Both methods are quiet when there is nothing to do, and throw `PUBLISHER_UNWRITABLE`. */
export interface Publisher extends PolicyReader {
  /** A reader sees the old body or the new one, whole; after a crash one of both is there. */
  publish(policyHost: string, body: string): Promise<void>;
  /** Takes the body away, and what `publish` made around it as far as nothing else is in it. */
  remove(policyHost: string): Promise<void>;
}

/** The same publisher without its writing half: a new object, so nothing can reach `publish` (rule 11). */
export function readOnlyPublisher(publisher: Publisher): PolicyReader {
  return { read: (policyHost) => publisher.read(policyHost) };
}
