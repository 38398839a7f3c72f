/**
 * Floor 2. Bytes of a DNS message, read in bounds: numbers, character-strings and compressed names (RFC 1035 §4.1.4). Not dns-packet's
 * reader: that one takes labels for UTF-8 (bytes get lost, a dot inside a label becomes a cut) and believes a wrong rdata length.
 */

/** The bytes are not what a DNS message has there. Caught in decode-message.ts, where it becomes a value. */
export class Malformed extends Error {}

/** Longest name in octets, with length octets and root (RFC 1035 §3.1). */
const MAX_NAME_OCTETS = 255;

/** A cursor. Every read throws {@link Malformed} when the bytes end first. */
export class WireReader {
  readonly bytes: Buffer;
  readonly end: number;
  at: number;

  /** Reads `bytes` from `at` up to `end`. Names may point to anywhere before themselves. */
  constructor(bytes: Buffer, at = 0, end = bytes.length) {
    if (end > bytes.length) throw new Malformed('the message ends inside a record');
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.end - this.at;
  }

  uint8(): number {
    return this.bytes.readUInt8(this.skip(1));
  }

  uint16(): number {
    return this.bytes.readUInt16BE(this.skip(2));
  }

  uint32(): number {
    return this.bytes.readUInt32BE(this.skip(4));
  }

  take(length: number): Buffer {
    const start = this.skip(length);
    return this.bytes.subarray(start, start + length);
  }

  /** A character-string as a byte string (core/txt.ts). */
  characterString(): string {
    return this.take(this.uint8()).toString('latin1');
  }

  /** A name in lower case without the final dot; the root is the empty text. Bytes that no host name has are escaped. */
  name(): string {
    const labels: string[] = [];
    let octets = 1;
    let at = this.at;
    let after: number | null = null;
    // A pointer has to lead before everything this name has used so far, so every chain of pointers ends.
    let earliest = this.at;
    for (;;) {
      const length = this.byteAt(at, after === null);
      if (length === 0) break;
      if (length >= 0xc0) {
        const target = ((length & 0x3f) << 8) | this.byteAt(at + 1, after === null);
        if (target >= earliest) throw new Malformed('a compressed name points at itself or ahead');
        after ??= at + 2;
        earliest = at = target;
        continue;
      }
      if (length > 63) throw new Malformed('a label of a kind that does not exist');
      octets += length + 1;
      if (octets > MAX_NAME_OCTETS) throw new Malformed('a name of more than 255 octets');
      if (at + 1 + length > this.limit(after === null)) throw new Malformed('the message ends inside a name');
      labels.push(formatLabel(this.bytes.toString('latin1', at + 1, at + 1 + length)));
      at += 1 + length;
    }
    this.at = after ?? at + 1;
    return labels.join('.');
  }

  private skip(length: number): number {
    if (length > this.left) throw new Malformed('the message ends inside a record');
    const start = this.at;
    this.at += length;
    return start;
  }

  private limit(isInside: boolean): number {
    return isInside ? this.end : this.bytes.length;
  }

  private byteAt(at: number, isInside: boolean): number {
    if (at >= this.limit(isInside)) throw new Malformed('the message ends inside a name');
    return this.bytes.readUInt8(at);
  }
}

/** Labels of hosts as nearly every server writes them, for which nothing is to be done. */
const PLAIN_LABEL = /^[-a-z0-9_*/]*$/;

/** RFC 4343 §2.1: what is not a plain character is written as `\.` or `\032`. */
function formatLabel(bytes: string): string {
  if (PLAIN_LABEL.test(bytes)) return bytes;
  const lower = bytes.replaceAll(/[A-Z]/g, (char) => char.toLowerCase());
  return lower.replaceAll(/[^-\w*/]/g, (char) =>
    /[!-~]/.test(char) ? `\\${char}` : `\\${char.charCodeAt(0).toString().padStart(3, '0')}`,
  );
}
