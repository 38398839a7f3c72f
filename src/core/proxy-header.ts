/**
 * Floor 0. The header of the PROXY protocol, versions 1 and 2 (proxy-protocol.txt of HAProxy): who is behind a load balancer that passes the
 * bytes of a connection on. Pure: the bytes so far in, a value out.
 */
import { isIpv4, parseIpv6 } from './names.ts';

export type ProxyHeader =
  | {
      readonly kind: 'header';
      /** Bytes that belong to it; what follows is the connection itself. */
      readonly length: number;
      /** The client's address. Null: the proxy speaks for itself (LOCAL, as health checks do) or does not know. */
      readonly address: string | null;
    }
  /** A beginning of one. */
  | { readonly kind: 'more' }
  | { readonly kind: 'refused' };

/** `\r\n\r\n\0\r\nQUIT\n`: nothing that HTTP or TLS begins with. */
const SIGNATURE = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10];
const WORD = [80, 82, 79, 88, 89, 32];
/** Section 2.1: the longest line, its CRLF included. */
const LONGEST_V1 = 107;
/** The addresses take 36 bytes, and 64 KB may be announced; certificates of clients, the longest of what is added, are not asked for. */
const LONGEST_V2 = 4_096;
const HEAD_V2 = 16;
const REFUSED = { kind: 'refused' } as const;
const MORE = { kind: 'more' } as const;

/** Refuses as soon as the bytes can become no header; never needs more than 4,096 of them. */
export function parseProxyHeader(bytes: Uint8Array): ProxyHeader {
  if (hasPrefix(bytes, SIGNATURE)) return bytes.length < HEAD_V2 ? MORE : readBinary(bytes);
  return hasPrefix(bytes, WORD) ? readLine(bytes) : REFUSED;
}

/** As far as there are bytes. */
function hasPrefix(bytes: Uint8Array, prefix: readonly number[]): boolean {
  return prefix.every((byte, index) => index >= bytes.length || bytes[index] === byte);
}

/** Section 2.1. */
function readLine(bytes: Uint8Array): ProxyHeader {
  const head = bytes.subarray(0, LONGEST_V1);
  const end = head.indexOf(10);
  if (end === -1) return head.length < LONGEST_V1 ? MORE : REFUSED;
  const line = String.fromCharCode(...head.subarray(0, end + 1));
  const length = end + 1;
  if (/^PROXY UNKNOWN(?: [^\r\n]*)?\r\n$/.test(line)) return { kind: 'header', length, address: null };
  const [, family, source = '', target = '', ...ports] =
    /^PROXY TCP([46]) ([^ ]+) ([^ ]+) (\d{1,5}) (\d{1,5})\r\n$/.exec(line) ?? [];
  const read = family === '4' ? readIpv4 : readIpv6;
  const address = read(source);
  const isGood = address !== null && read(target) !== null && ports.every((port) => Number(port) <= 65_535);
  return family !== undefined && isGood ? { kind: 'header', length, address } : REFUSED;
}

/** Section 2.2. What stands behind the addresses (TLVs) is passed over. */
function readBinary(bytes: Uint8Array): ProxyHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const command = view.getUint8(12);
  const family = view.getUint8(13);
  const length = HEAD_V2 + view.getUint16(14);
  // 0x2: the version. LOCAL and PROXY are all the commands there are.
  if ((command !== 0x20 && command !== 0x21) || length > LONGEST_V2) return REFUSED;
  const isLocal = command === 0x20;
  // Of a LOCAL connection the family is to be ignored. UNSPEC: it does not know; a Unix socket has no address that we could use.
  const isUnknown = isLocal || family === 0x00 || family === 0x31;
  const addressBytes = family === 0x11 ? 4 : family === 0x21 ? 16 : 0;
  if (!isUnknown && (addressBytes === 0 || length < HEAD_V2 + 2 * addressBytes + 4)) return REFUSED;
  if (bytes.length < length) return MORE;
  const source = bytes.subarray(HEAD_V2, HEAD_V2 + addressBytes);
  return { kind: 'header', length, address: isUnknown ? null : formatAddress(source) };
}

function formatAddress(bytes: Uint8Array): string | null {
  if (bytes.length === 4) return bytes.join('.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return readIpv6(Array.from({ length: 8 }, (_, index) => view.getUint16(2 * index).toString(16)).join(':'));
}

function readIpv4(text: string): string | null {
  return isIpv4(text) ? text : null;
}

/** An IPv4 address in the clothes of IPv6 is the IPv4 one: its /64 holds them all. */
function readIpv6(text: string): string | null {
  const address = parseIpv6(text);
  const [, high, low] = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(address ?? '') ?? [];
  if (high === undefined || low === undefined) return address;
  const [left, right] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [left >> 8, left & 255, right >> 8, right & 255].join('.');
}
