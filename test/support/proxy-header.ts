/** Writes headers of the PROXY protocol, as a load balancer does. */
import { Buffer } from 'node:buffer';

/** Of a client at `address`, on its way to us. */
export function formatHeader(version: 1 | 2, address: string): Buffer {
  const isV6 = address.includes(':');
  if (version === 1) {
    return Buffer.from(`PROXY ${isV6 ? `TCP6 ${address} ::1` : `TCP4 ${address} 127.0.0.1`} 40000 443\r\n`);
  }
  const body = [
    ...(isV6 ? bytesOfV6(address) : address.split('.').map(Number)),
    ...Array<number>(isV6 ? 20 : 8).fill(1),
  ];
  return Buffer.from([...signature, 0x21, isV6 ? 0x21 : 0x11, 0, body.length, ...body]);
}

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

/** A load balancer's own connection, as for its health checks. */
export const localHeader = Buffer.from([...signature, 0x20, 0, 0, 0]);

function bytesOfV6(address: string): readonly number[] {
  const [head = '', tail] = address.split('::');
  const [left = [], right = []] = [head, tail ?? ''].map((text) => (text === '' ? [] : text.split(':')));
  const zeros = tail === undefined ? [] : Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...zeros, ...right].flatMap((word) => {
    const value = Number.parseInt(word, 16);
    return [value >> 8, value & 255];
  });
}
