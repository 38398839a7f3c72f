/** One DNS question over UDP with dns-packet, straight to a server: how tests see whether it is up and what it says. Not stsync's own client. */
import { createSocket } from 'node:dgram';

import { decode, encode, type Answer, type DecodedPacket, type RecordType } from 'dns-packet';

/** The answer of the server on `server` (127.0.0.1), asked without recursion; throws after `timeoutMs` (1 s). `opcode`: 0, a query. */
export async function ask(
  port: number,
  name: string,
  type: RecordType,
  options: { readonly timeoutMs?: number; readonly opcode?: number; readonly server?: string } = {},
): Promise<DecodedPacket> {
  const socket = createSocket('udp4');
  const id = Math.floor(Math.random() * 65_536);
  const flags = (options.opcode ?? 0) << 11;
  try {
    return await new Promise<DecodedPacket>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer from port ${port}`)), options.timeoutMs ?? 1000);
      socket.on('error', reject);
      socket.on('message', (bytes) => {
        clearTimeout(timer);
        resolve(decode(bytes));
      });
      socket.send(
        encode({ type: 'query', id, flags, questions: [{ name, type }] }),
        port,
        options.server ?? '127.0.0.1',
      );
    });
  } finally {
    socket.close();
  }
}

/** True when the server has the zone: an answer with AA and the zone's SOA. */
export async function hasZone(port: number, zone: string): Promise<boolean> {
  const { flag_aa, answers = [] } = await ask(port, zone, 'SOA', { timeoutMs: 250 });
  return flag_aa && answers.some(({ type }: Answer) => type === 'SOA');
}

/** Tells a secondary that its primary has changed (RFC 1996): opcode 4. */
export async function notify(port: number, zone: string, server = '127.0.0.1'): Promise<void> {
  await ask(port, zone, 'SOA', { opcode: 4, server });
}
