/**
 * The peer of a run: sends the queries of a fleet in sync and fetches its policies, reads the answers, and has no thought about them. The
 * same codec (dns-packet), one UDP socket, node:https, the same concurrency, one domain as one piece of work as in stsync.
 * `node bare-loop.ts COUNT CA_FILE|-`; `-`: no fetches.
 */
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { createSecureContext, getCACertificates } from 'node:tls';

import { decode, encode, type DecodedPacket, type RecordType } from 'dns-packet';

import { domainAt } from './fleet.ts';
import { queriesOf } from './queries.ts';

const DOMAINS_AT_ONCE = 256;
const QUERIES_AT_ONCE = 128;

const [count = '', caFile = ''] = process.argv.slice(2);
const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
const pending = new Map<number, (answer: DecodedPacket) => void>();
const queue: (() => void)[] = [];
let [id, underWay] = [0, 0];

socket.on('message', (bytes) => {
  const answer = decode(bytes);
  pending.get(answer.id ?? 0)?.(answer);
});

async function ask(name: string, type: RecordType): Promise<DecodedPacket> {
  if (underWay >= QUERIES_AT_ONCE) await new Promise<void>((resolve) => queue.push(resolve));
  else underWay += 1;
  while (pending.has(id)) id = (id + 1) & 0xffff;
  const mine = id;
  const answer = await new Promise<DecodedPacket>((resolve) => {
    pending.set(mine, resolve);
    socket.send(encode({ type: 'query', id: mine, questions: [{ name, type }] }), 53, '127.0.0.1');
  });
  pending.delete(mine);
  const next = queue.shift();
  if (next === undefined) underWay -= 1;
  else next();
  return answer;
}

const secureContext =
  caFile === '-' ? null : createSecureContext({ ca: [...getCACertificates('default'), readFileSync(caFile, 'utf8')] });

function fetchPolicy(host: string): Promise<string> {
  if (secureContext === null) return Promise.resolve('');
  const path = '/.well-known/mta-sts.txt';
  const options = { host: '127.0.0.1', servername: host, headers: { Host: host }, path, agent: false, secureContext };
  return new Promise((resolve, reject) => {
    get(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(text));
    }).on('error', reject);
  });
}

let next = 0;
async function work(): Promise<void> {
  for (let index = next++; index < Number(count); index = next++) {
    const domain = domainAt(index);
    await Promise.all(queriesOf(domain, secureContext !== null).map(([name, type]) => ask(name, type)));
    if (secureContext !== null && (await fetchPolicy(`mta-sts.${domain}`)) === '') throw new Error('no body');
  }
}

await Promise.all(Array.from({ length: DOMAINS_AT_ONCE }, work));
socket.close();
