/** Floor 2. An mbox (RFC 4155) as its mails, in a stream: a mail begins after a line `From ...` that follows an empty line. */

const LF = 0x0a;
const FROM = Array.from('From ', (letter) => letter.charCodeAt(0));

/**
 * Each mail without its `From ` line and with `>From ` as `From `, at any depth of `>` (mboxrd), so that signatures fit again. Null: longer than
 * `maxBytes`; its bytes are passed over.
 */
export async function* splitMbox(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Uint8Array | null> {
  let lines: Uint8Array[] = [];
  let bytes = 0;
  let hasMail = false;
  let isAfterEmpty = true;
  const mail = (): Uint8Array | null => {
    // The empty line before the next `From ` belongs to the mbox.
    if (lines.length > 0 && isEmpty(lines.at(-1))) lines.pop();
    const whole = bytes > maxBytes ? null : Buffer.concat(lines);
    lines = [];
    bytes = 0;
    return whole;
  };
  for await (const line of linesOf(chunks, maxBytes)) {
    if (isAfterEmpty && startsWithFrom(line, 0)) {
      if (hasMail) yield mail();
      hasMail = true;
    } else {
      bytes += line.length;
      if (bytes > maxBytes) lines = [];
      else lines.push(isQuotedFrom(line) ? line.subarray(1) : line);
    }
    isAfterEmpty = isEmpty(line);
  }
  if (hasMail) yield mail();
}

/** Lines with their ends; one longer than `maxBytes` comes in pieces. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      const piece = chunk.subarray(start, end + 1);
      yield rest.length === 0 ? piece : Buffer.concat([...rest, piece]);
      rest = [];
      length = 0;
      start = end + 1;
    }
    rest.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length <= maxBytes) continue;
    yield Buffer.concat(rest);
    rest = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(rest);
}

function isEmpty(line: Uint8Array | undefined): boolean {
  return line !== undefined && (line[0] === LF || (line.length === 2 && line[0] === 0x0d && line[1] === LF));
}

function isQuotedFrom(line: Uint8Array): boolean {
  let at = 0;
  while (line[at] === 0x3e) at++;
  return at > 0 && startsWithFrom(line, at);
}

function startsWithFrom(line: Uint8Array, at: number): boolean {
  return FROM.every((code, index) => line[at + index] === code);
}
