/**
 * Cloudflare, for who is in the namespace: the fake of its API, and its zone at a name server. `node cloud.ts SOCKET DNS_ADDRESS ZONE RECORDS`:
 * prints the address of the API. RECORDS: JSON of record sets. Who is outside speaks HTTP to SOCKET: `POST /break` (every request is answered
 * with 500 from then on), `POST /mend`, `GET /` ({@link CloudState}).
 */
import { createServer } from 'node:http';
import type { RecordSet } from '../../src/core/record-set.ts';
import { startCloudflare } from '../fakes/cloudflare.ts';
import { serveDns } from '../fakes/serve-dns.ts';

export interface CloudState {
  /** `NAME TYPE RDATA` of all records, sorted. */
  readonly records: readonly string[];
  /** How often something was written. */
  readonly writes: number;
  readonly requests: number;
  /** Where somebody broke the official description of the API. */
  readonly violations: readonly string[];
}

const [socket = '', host = '', apex = '', records = '[]'] = process.argv.slice(2);
const fake = await startCloudflare();
const sets: readonly RecordSet[] = JSON.parse(records);
const zone = fake.addZone(apex, sets);
await serveDns(fake.model, { host, port: 53 });
let isBroken = false;
fake.fail({ kind: 'broken', status: 500, isDone: false }, () => isBroken, Number.POSITIVE_INFINITY);

function state(): CloudState {
  return {
    records: zone
      .records()
      .map(({ name, type, rdata }) => `${name} ${type} ${rdata}`)
      .toSorted(),
    writes: zone.writes,
    requests: fake.requests.length,
    violations: fake.violations,
  };
}

createServer((request, response) => {
  if (request.url === '/break') isBroken = true;
  if (request.url === '/mend') isBroken = false;
  response.end(JSON.stringify(state()));
}).listen(socket, () => console.log(fake.baseUrl));
