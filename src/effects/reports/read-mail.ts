/** Floor 2. A mail as its parts, decoded. The library streams and bounds headers; what is counted here bounds the rest. */
import { Readable } from 'node:stream';

import type { MimeNode, SplitterChunk } from '@zone-eu/mailsplit';

/** Of a mail: a report has 2, forwarded in a digest perhaps 20. */
const MAX_PARTS = 100;
const MAX_HEAD_BYTES = 256 * 1024;
const MAX_PART_BYTES = 14 * 1024 * 1024;

/** A leaf of the mail. */
export interface MailPart {
  readonly content: Uint8Array;
  /** As the sender names it; null: no name. */
  readonly name: string | null;
  /** A mail in the mail, whole. */
  readonly isMail: boolean;
}

export interface Mail {
  readonly parts: readonly MailPart[];
  /** A part had more than 14 MiB decoded and was left out. */
  readonly hasTooLarge: boolean;
  /** The first field of this name, '' where there is none. */
  readonly header: (name: string) => string;
  readonly signatureCount: number;
}

/** Null: it has too many parts or too long headers, or is none. HTML is left out. */
export async function readMail(raw: Uint8Array): Promise<Mail | null> {
  const { Splitter } = await import('@zone-eu/mailsplit');
  const splitter = new Splitter({ ignoreEmbedded: true, maxHeadSize: MAX_HEAD_BYTES, maxChildNodes: MAX_PARTS });
  const parts: MailPart[] = [];
  let hasTooLarge = false;
  let root: MimeNode | null = null;
  let open: Leaf | null = null;
  const finish = async (): Promise<void> => {
    const part = await open?.end();
    if (part === null) hasTooLarge = true;
    else if (part !== undefined) parts.push(part);
    open = null;
  };
  try {
    const pieces: AsyncIterable<SplitterChunk> = Readable.from(slices(raw)).pipe(splitter);
    for await (const piece of pieces) {
      if (piece.type === 'node') {
        await finish();
        root ??= piece;
        if (piece.multipart === false && piece.contentType !== 'text/html') open = new Leaf(piece);
      } else if (piece.type === 'body') await open?.write(piece.value);
    }
    await finish();
  } catch {
    return null;
  }
  const headers = root?.headers;
  if (headers === undefined || headers === false) return null;
  return {
    parts,
    hasTooLarge,
    header: (name) => headers.getFirst(name),
    signatureCount: headers.get('dkim-signature').length,
  };
}

/** One part on its way through the decoder of its transfer encoding. */
class Leaf {
  readonly #node: MimeNode;
  readonly #decoder: ReturnType<MimeNode['getDecoder']>;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(node: MimeNode) {
    this.#node = node;
    this.#decoder = node.getDecoder();
    this.#decoder.on('data', (chunk: Buffer) => {
      this.#bytes += chunk.length;
      if (this.#bytes <= MAX_PART_BYTES) this.#chunks.push(chunk);
      else this.#chunks.length = 0;
    });
  }

  async write(bytes: Buffer): Promise<void> {
    if (this.#decoder.write(bytes)) return;
    await new Promise<void>((resolve) => void this.#decoder.once('drain', resolve));
  }

  /** Null: too large. */
  async end(): Promise<MailPart | null> {
    await new Promise<void>((resolve, reject) => {
      this.#decoder.once('end', resolve);
      this.#decoder.once('error', reject);
      this.#decoder.end();
    });
    if (this.#bytes > MAX_PART_BYTES) return null;
    const { filename, contentType } = this.#node;
    return {
      content: Buffer.concat(this.#chunks),
      name: filename === false ? null : filename,
      isMail: contentType === 'message/rfc822',
    };
  }
}

function* slices(raw: Uint8Array): Generator<Buffer> {
  for (let at = 0; at < raw.length; at += 65_536) yield Buffer.from(raw.subarray(at, at + 65_536));
}
