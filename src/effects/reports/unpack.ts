/** Floor 2. What a report is packed in: gzip, zip or nothing, told by the first bytes, since types and names are often wrong. */
import { crc32, gunzip, gunzipSync, inflateRaw } from 'node:zlib';

import type { ReportCode } from '../../core/codes.ts';
import { MAX_REPORT_BYTES } from '../../core/tls-report/parse-tls-report.ts';

/** `other`: nothing of these, so a mail perhaps. */
export type Content = 'gzip' | 'zip' | 'json' | 'xml' | 'other';

export type Unpacked =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly code: ReportCode; readonly message: string };

/** Unpacked at once: the way to another thread and back takes longer. The worst of it, 10 MiB of zeros, takes 20 ms. */
const SMALL = 16 * 1024;
const MAX_ZIP_ENTRIES = 64;
const END_RECORD = 0x06054b50;
const CENTRAL_HEADER = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;

/** By the first bytes; blanks and a byte order mark in front of JSON and XML do not count. */
export function sniff(bytes: Uint8Array): Content {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'gzip';
  if (bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4) return 'zip';
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while ([0x20, 0x09, 0x0a, 0x0d].includes(bytes[at] ?? 0)) at++;
  return bytes[at] === 0x7b ? 'json' : bytes[at] === 0x3c ? 'xml' : 'other';
}

/** The bytes inside, at most 10 MiB of them, so that a bomb costs no more than that. One level only. Never throws. */
export async function unpack(bytes: Uint8Array): Promise<Unpacked> {
  const content = sniff(bytes);
  if (content === 'zip') return unzip(bytes);
  if (content !== 'gzip') return { ok: true, bytes };
  const packed = withoutLineEnd(bytes);
  if (packed.length <= SMALL) return gunzipSmall(packed);
  return new Promise((resolve) => {
    gunzip(packed, { maxOutputLength: MAX_REPORT_BYTES }, (error, result) =>
      resolve(error === null ? { ok: true, bytes: result } : packFault(error, 'GZIP_BROKEN', 'gzip')),
    );
  });
}

/** What mail and mbox put behind a part that has no line end. Gzip (RFC 1952 §2.3.1) ends in the high byte of its size: 0 up to 16 MiB. */
function withoutLineEnd(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (bytes[end - 1] === 0x0a || bytes[end - 1] === 0x0d) end--;
  return bytes.subarray(0, end);
}

function gunzipSmall(bytes: Uint8Array): Unpacked {
  try {
    return { ok: true, bytes: gunzipSync(bytes, { maxOutputLength: MAX_REPORT_BYTES }) };
  } catch (error) {
    if (error instanceof Error) return packFault(error, 'GZIP_BROKEN', 'gzip');
    throw error;
  }
}

/** The first `.json` in a zip file (APPNOTE 4.3): no zip64, no encryption, stored or deflated. */
async function unzip(bytes: Uint8Array): Promise<Unpacked> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = endRecordAt(view);
  if (end === null) return broken('the zip file has no end record');
  let at = view.getUint32(end + 16, true);
  for (let entry = 0; entry < Math.min(view.getUint16(end + 10, true), MAX_ZIP_ENTRIES); entry++) {
    if (at + 46 > view.byteLength || view.getUint32(at, true) !== CENTRAL_HEADER)
      return broken('the directory of the zip file is damaged');
    const nameLength = view.getUint16(at + 28, true);
    const name = Buffer.from(bytes.subarray(at + 46, at + 46 + nameLength)).toString('latin1');
    if (/\.json$/i.test(name)) return unzipEntry(bytes, view, at);
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return broken('the zip file has no .json');
}

async function unzipEntry(bytes: Uint8Array, view: DataView, at: number): Promise<Unpacked> {
  const [flags, method, checksum] = [
    view.getUint16(at + 8, true),
    view.getUint16(at + 10, true),
    view.getUint32(at + 16, true),
  ];
  const [size, local] = [view.getUint32(at + 20, true), view.getUint32(at + 42, true)];
  if ((flags & 1) !== 0) return broken('the zip file is encrypted');
  if (local + 30 > view.byteLength || view.getUint32(local, true) !== LOCAL_HEADER)
    return broken('an entry of the zip file is not where its directory says');
  const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
  if (start + size > view.byteLength) return broken('the zip file is cut');
  const packed = bytes.subarray(start, start + size);
  const result = await (method === 8 ? inflate(packed) : stored(packed, method));
  if (!result.ok) return result;
  return crc32(result.bytes) === checksum ? result : broken('the checksum of the zip entry is wrong');
}

function stored(bytes: Uint8Array, method: number): Unpacked {
  if (method !== 0) return broken(`the zip file is packed by method ${method}`);
  return bytes.length > MAX_REPORT_BYTES ? tooLarge() : { ok: true, bytes };
}

function inflate(bytes: Uint8Array): Promise<Unpacked> {
  return new Promise((resolve) => {
    inflateRaw(bytes, { maxOutputLength: MAX_REPORT_BYTES }, (error, result) =>
      resolve(error === null ? { ok: true, bytes: result } : packFault(error, 'ZIP_BROKEN', 'zip')),
    );
  });
}

/** It stands last, before a comment of at most 65,535 bytes. */
function endRecordAt(view: DataView): number | null {
  for (let at = view.byteLength - 22; at >= 0 && at >= view.byteLength - 22 - 65_535; at--)
    if (view.getUint32(at, true) === END_RECORD) return at;
  return null;
}

function packFault(error: Error, code: ReportCode, kind: string): Unpacked {
  const isTooLarge = 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
  return isTooLarge ? tooLarge() : { ok: false, code, message: `the ${kind} data is cut or damaged` };
}

function tooLarge(): Unpacked {
  return { ok: false, code: 'UNPACKS_TOO_LARGE', message: `it unpacks to more than ${MAX_REPORT_BYTES} bytes` };
}

function broken(message: string): Unpacked {
  return { ok: false, code: 'ZIP_BROKEN', message };
}
