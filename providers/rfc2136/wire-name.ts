/** Domain names on the wire (RFC 1035 §3.1, §4.1.4) and in text: labels of any bytes, special ones escaped as zone files do (§5.1). */

/** What a byte sequence from the network was not: a DNS message. Its text never holds bytes of the message. */
export class MalformedMessage extends Error {}

/** A name has at most this many bytes on the wire. */
const MAX_NAME = 255;
const MAX_LABEL = 63;

/** Labels as byte strings (one character a byte), left-most first; no labels: the root. */
export type Labels = readonly string[];

/**
 * Labels of a name in text, with or without the final dot: `_mta-sts.example.com`, `a\.b.example.`, `.`. Null: no name (an empty or too long
 * label, a name over 255 bytes, a bad escape, a character that is no byte).
 */
export function parseName(text: string): Labels | null {
  if (text === '.') return [];
  if (text === '' || /[^\0-\xff]/.test(text)) return null;
  const labels = [''];
  for (const [, decimal, char, dot, plain] of text.matchAll(/\\(?:(\d{3})|(\D))|(\.)|([^\\])|\\/gs)) {
    const code = decimal === undefined ? (char ?? plain)?.charCodeAt(0) : Number(decimal);
    if (dot !== undefined) labels.push('');
    else if (code === undefined || code > 255) return null;
    else labels[labels.length - 1] += String.fromCharCode(code);
  }
  if (labels.at(-1) === '') labels.pop();
  const isGood = labels.every((label) => label.length > 0 && label.length <= MAX_LABEL);
  return isGood && wireLength(labels) <= MAX_NAME ? labels : null;
}

/** The text of a name, without the final dot; the root is `.`. Case is kept. */
export function formatName(labels: Labels): string {
  return labels.length === 0 ? '.' : labels.map((label) => label.replaceAll(/[^!-~]|["();\\.@$]/g, escape)).join('.');
}

/** The bytes of a name, uncompressed: RFC 2136 and RFC 8945 §4.2 want names so. */
export function encodeName(labels: Labels): Buffer {
  return Buffer.concat([
    ...labels.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label, 'latin1')]),
    Buffer.from([0]),
  ]);
}

/** The bytes that names of our own making have; throws a `RangeError` for what is no name, which callers have checked. */
export function encodeText(name: string): Buffer {
  const labels = parseName(name);
  if (labels === null) throw new RangeError('not a name');
  return encodeName(labels);
}

/** Reads a name at `offset`; `end` is behind it in the message. Pointers go only backwards, so no message can make this run for ever. */
export function readName(message: Buffer, offset: number): { readonly labels: Labels; readonly end: number } {
  const labels: string[] = [];
  let end: number | null = null;
  let [at, limit] = [offset, offset];
  for (;;) {
    const length = message[at];
    if (length === undefined) throw new MalformedMessage('a name runs over the end');
    if (length === 0) return { labels, end: end ?? at + 1 };
    if (length >= 0xc0) {
      const target = ((length & 0x3f) << 8) | (message[at + 1] ?? 0xff);
      // RFC 1035 §4.1.4: a pointer names a prior occurrence.
      if (target >= limit) throw new MalformedMessage('a name points forwards');
      end ??= at + 2;
      [at, limit] = [target, target];
      continue;
    }
    if (length > MAX_LABEL) throw new MalformedMessage('a label of an unknown type');
    if (at + 1 + length > message.length) throw new MalformedMessage('a name runs over the end');
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    if (wireLength(labels) > MAX_NAME) throw new MalformedMessage('a name of more than 255 bytes');
    at += 1 + length;
  }
}

/** Lower case in ASCII alone (RFC 4343): other bytes stay. */
export function lowerCase(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function wireLength(labels: Labels): number {
  return labels.reduce((sum, label) => sum + label.length + 1, 1);
}

function escape(char: string): string {
  return /[!-~]/.test(char) ? `\\${char}` : `\\${char.charCodeAt(0).toString().padStart(3, '0')}`;
}
