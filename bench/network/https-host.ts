/**
 * The policy host of a fleet: a plain HTTPS server with a certificate of its own for each name, made when it is first asked for.
 * `node https-host.ts ADDRESS PORT ISSUER_KEY_FILE`; says `listening`. The body is the same for all; the issuer is `Test Root`.
 */
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';

import { certificateFor } from './certificate.ts';
import { body } from './fleet.ts';

const [address = '', port = '', keyFile = ''] = process.argv.slice(2);
const issuer = { name: 'Test Root', key: readFileSync(keyFile, 'utf8') };
const key = generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
const contexts = new Map<string, SecureContext>();

function contextOf(name: string): SecureContext {
  const known = contexts.get(name) ?? createSecureContext({ key, cert: certificateFor(name, issuer, key) });
  contexts.set(name, known);
  return known;
}

createServer({ SNICallback: (name, done) => done(null, contextOf(name)) }, (request, response) => {
  if (request.url === '/.well-known/mta-sts.txt') response.setHeader('content-type', 'text/plain').end(body);
  else response.writeHead(404).end();
}).listen({ port: Number(port), host: address, backlog: 511 }, () => console.log('listening'));
