/**
 * Floor 2. A TLS report that a stranger posts (RFC 8460 §5.4): into the spool, and then the answer. Nothing of it is read here; strangers get a bare
 * status, the log the reason at its finest.
 */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';

import { judgeUploadHead } from '../../core/reports/upload-head.ts';
import { MAX_REPORT_BYTES } from '../../core/tls-report/parse-tls-report.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { peerOf } from '../stranger-listener.ts';
import type { ReportSpool, SpoolFile } from './report-spool.ts';
import type { UploadRates } from './upload-rates.ts';

/** One request at the path of reports. */
export interface Upload {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The name that the TLS handshake was for; null: over plain HTTP. */
  readonly serverName: string | null;
  /** Null: a proxy in front hides it. What its headers say is not asked: anybody can write them. */
  readonly peer: string | null;
}

export interface UploadDoor {
  readonly path: string;
  /** Answers it. */
  readonly take: (upload: Upload) => void;
  /** 503 from now on. */
  readonly close: () => void;
}

/** For listeners that are opened before there is a door. */
export interface UploadSlot {
  door: UploadDoor | null;
}

export interface UploadWorld {
  readonly path: string;
  readonly spool: Pick<ReportSpool, 'begin'>;
  readonly rates: UploadRates;
  readonly clock: Clock;
  readonly log: Pick<Log, 'debug' | 'warn'>;
  /** There is something new in the spool. */
  readonly onCommit: () => void;
}

/** Who sends more than is wanted may do so for as long, so that it sees the answer. */
const LINGER_MS = 2_000;
/** Until a spool that is full has room again. */
const FULL_SECONDS = 300;

type Status = 201 | 400 | 405 | 413 | 415 | 421 | 429 | 503;

interface Answer {
  readonly status: Status;
  readonly why: string;
  readonly retryAfterSeconds?: number;
}

export function openUploadDoor(world: UploadWorld): UploadDoor {
  let isClosed = false;
  /** Told once, until one goes well. */
  const trouble = { isTold: false };
  const take = async (upload: Upload): Promise<void> => {
    const refused = isClosed ? busy('the daemon stops') : judge(upload);
    const place = refused ?? enter(upload.peer, world.rates);
    if ('status' in place) return answer(upload, place, world);
    try {
      const found = await receive(upload, world, trouble);
      if (found !== null) answer(upload, found, world);
    } finally {
      place.leave();
    }
  };
  return {
    path: world.path,
    // An IPv4 address at a socket of both families.
    take: (upload) => void take({ ...upload, peer: upload.peer?.replace(/^::ffff:/i, '') ?? null }),
    close: () => {
      isClosed = true;
    },
  };
}

function judge({ request, serverName }: Upload): Answer | null {
  const { method = '', headers } = request;
  const host = headers.host?.replace(/:\d{1,5}$/, '').toLowerCase();
  if (serverName !== null && host !== serverName.toLowerCase()) return { status: 421, why: 'another host' };
  const status = judgeUploadHead({
    method,
    contentType: headers['content-type'],
    contentEncoding: headers['content-encoding'],
    contentLength: headers['content-length'],
  });
  return status === null ? null : { status, why: 'by its head' };
}

function enter(peer: string | null, rates: UploadRates): Answer | { readonly leave: () => void } {
  const entered = rates.enter(peer === null ? null : peerOf(peer));
  return typeof entered === 'function' ? { leave: entered } : { ...entered, why: 'rate' };
}

function busy(why: string): Answer {
  return { status: 503, why, retryAfterSeconds: FULL_SECONDS };
}

/** Null: the sender is gone. */
async function receive(
  { request, peer }: Upload,
  { spool, log, onCommit }: UploadWorld,
  trouble: { isTold: boolean },
): Promise<Answer | null> {
  let file: SpoolFile | null = null;
  try {
    file = await spool.begin(peer);
    const found = file === null ? 'full' : await readInto(file, request);
    if (found === 'full') throw new Error('the spool is full');
    if (found !== null) return await discarded(file, found);
    await file?.commit();
    trouble.isTold = false;
    onCommit();
    return { status: 201, why: 'spooled' };
  } catch (error) {
    await file?.discard();
    if (error instanceof SenderGone) return null;
    const reason = error instanceof Error ? error.message : String(error);
    if (!trouble.isTold) log.warn({ reason }, 'a TLS report by HTTPS cannot be kept; its sender is to try again');
    trouble.isTold = true;
    return busy(reason);
  }
}

async function discarded(file: SpoolFile | null, found: Answer): Promise<Answer> {
  await file?.discard();
  return found;
}

class SenderGone extends Error {}

/** Null: all of it is there. Throws {@link SenderGone}, and what the file system says. */
async function readInto(file: SpoolFile, request: IncomingMessage): Promise<Answer | 'full' | null> {
  let bytes = 0;
  const chunks = chunksOf(request);
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > MAX_REPORT_BYTES) return { status: 413, why: 'by its body' };
    if (!(await file.write(chunk))) return 'full';
  }
  return bytes === 0 ? { status: 400, why: 'empty' } : null;
}

/** A break leaves the connection open for the answer. */
async function* chunksOf(request: IncomingMessage): AsyncGenerator<Uint8Array> {
  const chunks: AsyncIterator<Uint8Array> = request.iterator({ destroyOnReturn: false });
  for (;;) {
    const next = await chunks.next().catch((error: unknown) => {
      throw new SenderGone('the sender is gone', { cause: error });
    });
    if (next.done === true) break;
    yield next.value;
  }
}

function answer(
  { request, response, peer }: Upload,
  { status, why, retryAfterSeconds }: Answer,
  { clock, log }: UploadWorld,
): void {
  log.debug({ peer, status, why }, 'TLS report by HTTPS');
  if (status !== 201) response.once('finish', () => linger(request, clock));
  const headers: OutgoingHttpHeaders = { 'content-length': 0 };
  if (status === 405) headers.allow = 'POST';
  if (retryAfterSeconds !== undefined) headers['retry-after'] = String(retryAfterSeconds);
  response.writeHead(status, headers).end();
}

/** To close while the sender still sends would throw away the answer with the rest. */
function linger(request: IncomingMessage, clock: Clock): void {
  const { socket } = request;
  if (request.readableEnded) return socket.destroySoon();
  const cancel = clock.after(LINGER_MS, () => socket.destroy());
  request.once('end', () => socket.destroySoon());
  socket.once('close', cancel);
  request.resume();
}
