/** Floor 2. Files, folders, Maildirs, mboxes and standard input as single mails and files, read one after the other. Nothing is moved or changed. */
import { createReadStream, type Dirent, readFileSync, statSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { MAX_REPORT_BYTES } from '../../core/tls-report/parse-tls-report.ts';
import { StsyncError } from '../../core/error.ts';
import { splitMbox } from './split-mbox.ts';
import { sniff } from './unpack.ts';

/** A mail may have so many bytes; base64 makes a third more of a report, and there are headers. */
export const MAX_MAIL_BYTES = 25 * 1024 * 1024;

/** Read at once: a stream costs many times as much as the bytes. */
const SMALL = 64 * 1024;

/** `bytes` null: too large, and not read to its end. */
export interface ReportFile {
  /** `inbox.mbox#3` is the third mail of an mbox; `-` is standard input. */
  readonly source: string;
  readonly bytes: Uint8Array | null;
}

/** All that is at a path. Throws `USAGE` for a path that is not there or cannot be read. */
export async function* readReportFiles(path: string, stdin: AsyncIterable<Uint8Array>): AsyncGenerator<ReportFile> {
  if (path === '-') {
    yield* readStream('-', stdin);
    return;
  }
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (!found.isDirectory()) yield* readFileAt(path);
  else for await (const file of filesBelow(path)) yield* readFileAt(file);
}

/** In a Maildir those in `new` and `cur`; what is in `tmp` is not whole yet. Elsewhere hidden names are left out. */
async function* filesBelow(directory: string): AsyncGenerator<string> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    throw unreadable(directory, error);
  });
  const names = new Set(entries.map(({ name }) => name));
  const isMaildir = names.has('cur') && names.has('new') && names.has('tmp');
  const wanted = entries.filter((entry) => (isMaildir ? isOfMaildir(entry) : !entry.name.startsWith('.')));
  for (const entry of wanted.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile() || (entry.isSymbolicLink() && (await isFileAt(path)))) yield path;
  }
}

/** Sub-folders of a Maildir begin with a dot (Maildir++). */
function isOfMaildir(entry: Dirent): boolean {
  return entry.isDirectory() && (entry.name === 'cur' || entry.name === 'new' || entry.name.startsWith('.'));
}

async function isFileAt(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found?.isFile() ?? false;
}

async function* readFileAt(path: string): AsyncGenerator<ReportFile> {
  try {
    const { size } = statSync(path);
    if (size <= SMALL) yield* readStream(path, inOnePiece(readFileSync(path)));
    else yield* readStream(path, createReadStream(path, { highWaterMark: 1024 * 1024 }));
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** An mbox begins with `From `; a mail that is piped in may, too, and is an mbox of one. */
async function* readStream(source: string, stream: AsyncIterable<Uint8Array>): AsyncGenerator<ReportFile> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const iterator = stream[Symbol.asyncIterator]();
  for (;;) {
    const next = await iterator.next();
    if (next.done === true) break;
    chunks.push(next.value);
    bytes += next.value.length;
    if (bytes >= 5 && isMbox(chunks)) {
      let number = 0;
      for await (const mail of splitMbox(restOf(chunks, iterator), MAX_MAIL_BYTES))
        yield { source: `${source}#${++number}`, bytes: mail };
      return;
    }
    if (bytes > MAX_MAIL_BYTES) {
      await iterator.return?.();
      yield { source, bytes: null };
      return;
    }
  }
  const whole = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
  yield { source, bytes: whole.length > MAX_REPORT_BYTES && sniff(whole) !== 'other' ? null : whole };
}

// oxlint-disable-next-line typescript/require-await -- it stands in for a stream
async function* inOnePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function isMbox(chunks: readonly Uint8Array[]): boolean {
  const [first] = chunks;
  const head = first !== undefined && first.length >= 5 ? first : Buffer.concat(chunks);
  return Buffer.from(head.subarray(0, 5)).toString('latin1') === 'From ';
}

async function* restOf(chunks: readonly Uint8Array[], iterator: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks;
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
}

function unreadable(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  const why = error.code === 'ENOENT' ? 'is not there' : `cannot be read (${String(error.code)})`;
  return new StsyncError('USAGE', `${path} ${why}`, { cause: error });
}
