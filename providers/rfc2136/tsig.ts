/** Transaction signatures (RFC 8945): requests signed, answers verified. The clock comes in as an argument. */
import { createHmac, timingSafeEqual } from 'node:crypto';

import { HASHES, type TsigKey } from './key.ts';
import { CLASSES, formatRecord, type InRecord, type Message, numbers, TYPES } from './message.ts';
import { encodeText, formatName, lowerCase, MalformedMessage, readName } from './wire-name.ts';

/** How far the clocks of client and server may be apart (RFC 8945 §10: 300 seconds). */
export const FUDGE_SECONDS = 300;

/** TSIG errors (RFC 8945 §3, IANA). */
export const TSIG_ERRORS = { BADSIG: 16, BADKEY: 17, BADTIME: 18, BADTRUNC: 22 } as const;

/** A message as it goes out, and what its answer is checked with. */
export interface SignedMessage {
  readonly bytes: Buffer;
  readonly mac: Buffer;
}

/** What a TSIG record says (RFC 8945 §4.2). Names in lower case without the final dot. */
interface TsigRecord {
  readonly keyName: string;
  readonly algorithm: string;
  readonly timeSeconds: number;
  readonly fudgeSeconds: number;
  readonly mac: Buffer;
  readonly originalId: number;
  readonly error: number;
  readonly other: Buffer;
}

/**
 * What the signature of an answer proves.
 *  - `signed`: the holder of the key wrote it. `error`: 0, or BADTIME and in `aheadSeconds` how far the server's clock is ahead of ours.
 *  - `unsigned`: it proves nothing. `error`: the TSIG error it claims, null when it has no TSIG record.
 *  - `forged`: it has a signature, and a wrong one; `reason` in words.
 *  - `late`: rightly signed, but at a time that is `aheadSeconds` after now (or before, when negative).
 */
export type Verdict =
  | { readonly kind: 'signed'; readonly error: number; readonly aheadSeconds: number | null }
  | { readonly kind: 'unsigned'; readonly error: number | null }
  | { readonly kind: 'forged'; readonly reason: string }
  | { readonly kind: 'late'; readonly aheadSeconds: number };

/** Signs a request at the time `nowSeconds` (seconds since 1970). */
export function signMessage(message: Buffer, key: TsigKey, nowSeconds: number): SignedMessage {
  const { algorithm } = key;
  const unsigned = {
    keyName: key.name,
    algorithm,
    timeSeconds: nowSeconds,
    fudgeSeconds: FUDGE_SECONDS,
    originalId: message.readUInt16BE(0),
    error: 0,
    other: Buffer.alloc(0),
  };
  const mac = macOf(key, [message, variables(unsigned)]);
  const bytes = Buffer.concat([message, formatTsig({ ...unsigned, mac })]);
  bytes.writeUInt16BE(message.readUInt16BE(10) + 1, 10);
  return { bytes, mac };
}

/**
 * Judges the answer to a request that was signed with `key` and had `requestMac`. `message` is the parsed `bytes`. Throws
 * {@link MalformedMessage} for a TSIG record that is none or not in its place.
 */
export function verifyAnswer(
  bytes: Buffer,
  message: Message,
  key: TsigKey,
  requestMac: Buffer,
  nowSeconds: number,
): Verdict {
  const record = tsigOf(message);
  if (record === null) return { kind: 'unsigned', error: null };
  const tsig = parseTsig(record);
  // RFC 8945 §5.3.2: an answer to a bad key or signature is not signed.
  if (tsig.mac.length === 0) return { kind: 'unsigned', error: tsig.error };
  if (tsig.keyName !== key.name || tsig.algorithm !== key.algorithm) {
    return { kind: 'forged', reason: 'it is signed with another key or algorithm' };
  }
  // RFC 8945 §5.3.1: the MAC of the request, the answer as it was before signing, the variables.
  const body = Buffer.from(bytes.subarray(0, record.start));
  body.writeUInt16BE(tsig.originalId, 0);
  body.writeUInt16BE(message.additional.length - 1, 10);
  const expected = macOf(key, [numbers(requestMac.length), requestMac, body, variables(tsig)]);
  // A cut MAC (RFC 8945 §5.2.2.1) is never asked for, so it is none.
  if (tsig.mac.length !== expected.length || !timingSafeEqual(tsig.mac, expected)) {
    return { kind: 'forged', reason: 'its signature does not fit' };
  }
  // RFC 8945 §5.2.3: a BADTIME answer repeats our time as its own, and has that of the server in the other data.
  const aheadSeconds = tsig.timeSeconds - nowSeconds;
  if (Math.abs(aheadSeconds) > Math.min(tsig.fudgeSeconds, FUDGE_SECONDS)) return { kind: 'late', aheadSeconds };
  return {
    kind: 'signed',
    error: tsig.error,
    aheadSeconds: tsig.other.length === 6 ? tsig.other.readUIntBE(0, 6) - nowSeconds : null,
  };
}

/** The TSIG record: alone, and the last of the message (RFC 8945 §5.1). */
function tsigOf({ answers, authority, additional }: Message): InRecord | null {
  const all = [...answers, ...authority, ...additional].filter(({ type }) => type === TYPES.TSIG);
  const last = additional.at(-1);
  if (all.length === 0) return null;
  if (all.length > 1 || last?.type !== TYPES.TSIG) throw new MalformedMessage('TSIG not alone at the end');
  // RFC 8945 §4.2; the signature is made as if they were right, so it does not guard them.
  if (last.class !== CLASSES.ANY || last.ttlSeconds !== 0) throw new MalformedMessage('TSIG of another class or TTL');
  return last;
}

function parseTsig({ name, rdata }: InRecord): TsigRecord {
  const bytes = Buffer.from(rdata);
  const { labels, end } = readName(bytes, 0);
  const macLength = end + 10 <= bytes.length ? bytes.readUInt16BE(end + 8) : bytes.length;
  const rest = end + 10 + macLength;
  const otherLength = rest + 6 <= bytes.length ? bytes.readUInt16BE(rest + 4) : -1;
  if (rest + 6 + otherLength !== bytes.length) throw new MalformedMessage('a TSIG record of the wrong length');
  return {
    keyName: name,
    algorithm: lowerCase(formatName(labels)),
    timeSeconds: bytes.readUIntBE(end, 6),
    fudgeSeconds: bytes.readUInt16BE(end + 6),
    mac: bytes.subarray(end + 10, rest),
    originalId: bytes.readUInt16BE(rest),
    error: bytes.readUInt16BE(rest + 2),
    other: bytes.subarray(rest + 6),
  };
}

function formatTsig(tsig: TsigRecord): Buffer {
  const { keyName, algorithm, mac, originalId, error, other } = tsig;
  const rdata = Buffer.concat([
    encodeText(algorithm),
    timeAndFudge(tsig),
    numbers(mac.length),
    mac,
    numbers(originalId, error, other.length),
    other,
  ]);
  return formatRecord({ name: keyName, type: TYPES.TSIG, class: CLASSES.ANY, ttlSeconds: 0, rdata });
}

/** RFC 8945 §4.3.3, names in lower case and uncompressed. */
function variables(tsig: Omit<TsigRecord, 'mac' | 'originalId'>): Buffer {
  return Buffer.concat([
    encodeText(tsig.keyName),
    numbers(CLASSES.ANY, 0, 0),
    encodeText(tsig.algorithm),
    timeAndFudge(tsig),
    numbers(tsig.error, tsig.other.length),
    tsig.other,
  ]);
}

function timeAndFudge({ timeSeconds, fudgeSeconds }: Pick<TsigRecord, 'timeSeconds' | 'fudgeSeconds'>): Buffer {
  const time = Buffer.alloc(6);
  time.writeUIntBE(timeSeconds, 0, 6);
  return Buffer.concat([time, numbers(fudgeSeconds)]);
}

function macOf({ algorithm, secret }: TsigKey, parts: readonly Buffer[]): Buffer {
  const hmac = createHmac(HASHES[algorithm], Buffer.from(secret.reveal(), 'base64'));
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}
