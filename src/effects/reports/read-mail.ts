/** Floor 2. A mail as its parts, decoded. The library streams and bounds headers; what is counted here bounds the rest. */
import { Readable } from 'node:stream';

import type { MimeNode, SplitterChunk } from '@zone-eu/mailsplit';

import { sniff } from './unpack.ts';

/** Of a mail: a report has 2, forwarded in a digest perhaps 20. */
const MAX_PARTS = 100;
const MAX_HEAD_BYTES = 256 * 1024;
const MAX_PART_BYTES = 14 * 1024 * 1024;

/** A leaf of the mail. */
export interface MailPart {
  readonly content: Uint8Array;
  /** As the sender names it; null: no name, or the mail is this part alone, so that its name is in no body that signatures cover. */
  readonly name: string | null;
  /** A mail in the mail, whole. */
  readonly isMail: boolean;
}

export interface Mail {
  readonly parts: readonly MailPart[];
  /** A part that may be a report, or a mail, had more than 14 MiB decoded and was left out. */
  readonly hasTooLarge: boolean;
  /** The last field of this name, '' where there is none: signatures cover the last (RFC 6376 §5.4.2), and whoever relays a mail may put others in front. */
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
    if (part === 'too large') hasTooLarge = true;
    else if (part !== undefined && part !== 'of no use') parts.push(part);
    open = null;
  };
  try {
    const pieces: AsyncIterable<SplitterChunk> = Readable.from(slices(raw)).pipe(splitter);
    for await (const piece of pieces) {
      if (piece.type === 'node') {
        await finish();
        root ??= piece;
        if (piece.multipart === false && piece.contentType !== 'text/html') open = new Leaf(piece, piece === root);
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
    header: (name) => {
      const fields = headers.getDecoded(name);
      // Empty ones are not among them.
      return headers.get(name).length === fields.length ? (fields.at(-1)?.value.trim() ?? '') : '';
    },
    signatureCount: headers.get('dkim-signature').length,
  };
}

/** One part on its way through the decoder of its transfer encoding. */
class Leaf {
  readonly #node: MimeNode;
  readonly #isRoot: boolean;
  readonly #decoder: ReturnType<MimeNode['getDecoder']>;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(node: MimeNode, isRoot: boolean) {
    this.#node = node;
    this.#isRoot = isRoot;
    this.#decoder = node.getDecoder();
    this.#decoder.on('data', (chunk: Buffer) => {
      this.#bytes += chunk.length;
      if (this.#bytes <= MAX_PART_BYTES) this.#chunks.push(chunk);
      // The first tells what it was.
      else this.#chunks.length = Math.min(this.#chunks.length, 1);
    });
  }

  async write(bytes: Buffer): Promise<void> {
    if (this.#decoder.write(bytes)) return;
    await new Promise<void>((resolve) => void this.#decoder.once('drain', resolve));
  }

  /** `of no use`: too large, and neither report nor mail. */
  async end(): Promise<MailPart | 'too large' | 'of no use'> {
    await new Promise<void>((resolve, reject) => {
      this.#decoder.once('end', resolve);
      this.#decoder.once('error', reject);
      this.#decoder.end();
    });
    const { filename, contentType } = this.#node;
    const content = Buffer.concat(this.#chunks);
    const isMail = contentType === 'message/rfc822';
    if (this.#bytes > MAX_PART_BYTES)
      return isMail || ['gzip', 'zip', 'json'].includes(sniff(content)) ? 'too large' : 'of no use';
    return {
      content,
      name: filename === false || this.#isRoot ? null : filename,
      isMail,
    };
  }
}

function* slices(raw: Uint8Array): Generator<Buffer> {
  for (let at = 0; at < raw.length; at += 65_536) yield Buffer.from(raw.subarray(at, at + 65_536));
}
