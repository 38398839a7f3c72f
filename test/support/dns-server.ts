/** A scripted DNS server on loopback, UDP and TCP: correct answers from its zones, late ones, and every lie a client has to survive. */
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

import { decode, encode, type Packet, type RecordType } from 'dns-packet';

import { lie, type Fault, type UdpFault } from './dns-faults.ts';
import { newZones, type Said, type Zones } from './dns-zones.ts';

/** A question as it came in. */
export interface SeenQuery {
  readonly name: string;
  readonly type: RecordType;
  readonly transport: 'udp' | 'tcp';
  readonly isRecursive: boolean;
  readonly hasEdns: boolean;
  readonly id: number;
  readonly sourcePort: number;
}

export interface DnsServerOptions {
  /** An address of 127.0.0.0/8, or ::1; 127.0.0.1 unless said. */
  readonly host?: string;
  /** A free one unless said. */
  readonly port?: number;
  /** A resolver: RA, no AA, and its zones are the whole Internet. */
  readonly isResolver?: boolean;
  /** Shared with another server; its own unless said. */
  readonly zones?: Zones;
}

export interface DnsServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** `127.0.0.1:PORT` or `[::1]:PORT`, as `world.resolvers` and `world.authorities` take it. */
  readonly address: string;
  readonly zones: Zones;
  /** All questions so far, in order. */
  readonly queries: readonly SeenQuery[];
  /** Every answer comes so late. */
  delayMs: number;
  /** What is wrong with every answer; null: nothing. */
  fault: Fault | null;
  /** Faults of single names, before `fault`. */
  readonly faults: Map<string, Fault>;
  /** From now on TCP connections are refused. */
  stopTcp(): Promise<void>;
  stop(): Promise<void>;
}

export async function startDnsServer(options: DnsServerOptions = {}): Promise<DnsServer> {
  const { host = '127.0.0.1', isResolver = false, zones = newZones() } = options;
  const { udp, tcp, port } = await bindBoth(host, options.port ?? 0);
  // Answers "from another address" leave from here.
  const stranger = createSocket(familyOf(host));
  const queries: SeenQuery[] = [];
  const connections = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();

  const server: DnsServer = {
    host,
    port,
    address: `${host.includes(':') ? `[${host}]` : host}:${port}`,
    zones,
    queries,
    delayMs: 0,
    fault: null,
    faults: new Map(),
    stopTcp,
    stop,
    [Symbol.asyncDispose]: stop,
  };

  async function stopTcp(): Promise<void> {
    connections.forEach((socket) => socket.destroy());
    if (!tcp.listening) return;
    tcp.close();
    await once(tcp, 'close');
  }

  async function stop(): Promise<void> {
    timers.forEach(clearTimeout);
    const closed = [udp, stranger].map((socket) => once(socket, 'close'));
    udp.close();
    stranger.close();
    await Promise.all([...closed, stopTcp()]);
  }

  function later(work: () => void): void {
    if (server.delayMs === 0) return work();
    const timer = setTimeout(() => {
      timers.delete(timer);
      work();
    }, server.delayMs);
    timers.add(timer);
  }

  function answerTo(bytes: Buffer, transport: 'udp' | 'tcp', sourcePort: number): UdpFault {
    const packet = decode(bytes);
    const [question] = packet.questions ?? [];
    if (question === undefined) return { bytes: [] };
    const name = question.name.toLowerCase() === '.' ? '' : question.name.toLowerCase();
    const hasEdns = (packet.additionals ?? []).some(({ type }) => type === 'OPT');
    const seen = {
      name,
      type: question.type,
      transport,
      isRecursive: packet.flag_rd,
      hasEdns,
      id: packet.id ?? 0,
      sourcePort,
    };
    queries.push(seen);
    const said = zones.say(name, question.type, isResolver);
    const truth = encodeSaid(said, packet, isResolver, transport === 'udp' ? (hasEdns ? 1232 : 512) : 65_535);
    const fault = server.faults.get(name) ?? server.fault;
    return fault === null ? { bytes: [truth] } : lie(fault, { query: bytes, truth, transport, hasEdns });
  }

  udp.on('message', (bytes: Buffer, from: RemoteInfo) => {
    const answer = answerTo(bytes, 'udp', from.port);
    later(() =>
      answer.bytes.forEach((one) => (answer.isFromStranger ? stranger : udp).send(one, from.port, from.address)),
    );
  });
  tcp.on('connection', (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.once('data', (bytes: Buffer) => {
      const { bytes: answers, endsEarly } = answerTo(bytes.subarray(2), 'tcp', socket.remotePort ?? 0);
      later(() => {
        for (const one of answers) socket.write(endsEarly ? prefixed(one).subarray(0, -5) : prefixed(one));
        if (answers.length > 0) socket.end();
      });
    });
  });
  return server;
}

function encodeSaid(said: Said, query: Packet, isResolver: boolean, maxBytes: number): Buffer {
  const rcode = { NOERROR: 0, NXDOMAIN: 3, REFUSED: 5 }[said.rcode];
  const flags = (said.isAuthoritative ? 0x0400 : 0) | (isResolver ? 0x0180 : 0) | rcode;
  const head = { type: 'response', id: query.id, questions: query.questions } as const;
  const { answers, authorities, additionals } = said;
  const whole = encode({
    ...head,
    flags,
    answers: [...answers],
    authorities: [...authorities],
    additionals: [...additionals],
  });
  // As Knot does it: TC and no answers at all.
  return whole.length <= maxBytes ? whole : encode({ ...head, flags: flags | 0x0200 });
}

function prefixed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(2);
  prefix.writeUInt16BE(message.length);
  return Buffer.concat([prefix, message]);
}

function familyOf(host: string): 'udp4' | 'udp6' {
  return host.includes(':') ? 'udp6' : 'udp4';
}

/** A port that is free for both; tried again when TCP gets one that UDP has not. */
async function bindBoth(host: string, wanted: number): Promise<{ udp: UdpSocket; tcp: Server; port: number }> {
  for (let tries = 1; ; tries++) {
    const tcp = createServer().listen(wanted, host);
    await once(tcp, 'listening');
    const address = tcp.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const udp = createSocket(familyOf(host));
    udp.bind(port, host);
    try {
      await once(udp, 'listening');
      return { udp, tcp, port };
    } catch (error) {
      tcp.close();
      if (tries === 5) throw error;
    }
  }
}
