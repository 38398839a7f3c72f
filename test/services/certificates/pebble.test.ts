/** The worker at pebble, a CA that nobody here wrote: the state on disk, HTTP-01 by a server of the test, and TLS from what the state has. */
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { connect, createServer as createTlsServer } from 'node:tls';

import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';

import { makeKey, openAcme } from '../../../src/effects/acme/client.ts';
import { systemClock } from '../../../src/effects/clock.ts';
import { openCertificateStore } from '../../../src/effects/store-sqlite-certificates.ts';
import { storedCertificates } from '../../../src/effects/stored-certificates.ts';
import { loadTrust } from '../../../src/effects/trust.ts';
import { httpSolver, type PresentToken } from '../../../src/services/certificates/challenge-solver.ts';
import { orderBucket } from '../../../src/services/certificates/certificate-authority.ts';
import { openCertificateWorker } from '../../../src/services/certificates/worker.ts';
import { type Pebble, PEBBLE_PROGRAMS, startPebble } from '../../servers/pebble.ts';
import { describeWith } from '../../servers/programs.ts';
import { tempDirectory } from '../../effects/temp-directory.ts';

const tokens = new Map<string, string>();
const present: PresentToken = (host, token, body) => {
  tokens.set(`${host}/.well-known/acme-challenge/${token}`, body);
  return () => void tokens.delete(`${host}/.well-known/acme-challenge/${token}`);
};

describeWith(PEBBLE_PROGRAMS, 'the worker at pebble', () => {
  let pebble: Pebble | null = null;
  let server: Server | null = null;
  beforeAll(async () => {
    pebble = await startPebble({ rejectedNonces: 20 });
    server = createServer((request, response) => {
      const found = tokens.get(`${request.headers.host?.split(':')[0]}${request.url}`);
      response.writeHead(found === undefined ? 404 : 200).end(found);
    }).listen(pebble.httpPort, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(async () => {
    server?.closeAllConnections();
    server?.close();
    await pebble?.stop();
  });

  it('gets certificates for many hosts, keeps them, and a listener shows them to clients that trust the root alone', async () => {
    if (pebble === null) throw new Error('pebble does not run');
    const path = join(tempDirectory(), 'stsync.db');
    const stop = new AbortController();
    const troubles: string[] = [];
    const store = openCertificateStore(path, ({ message }) => void troubles.push(message));
    const hosts = Array.from({ length: 25 }, (_, index) => `mta-sts.${index}.test`);
    const wanted = hosts.map((host) => ({ host }));
    const news: string[] = [];
    const { promise: allCame, resolve: finish } = Promise.withResolvers<void>();
    const accountKeyPem = makeKey();
    store.saveAccount(pebble.directoryUrl, { keyPem: accountKeyPem, newKeyPem: null, url: null });
    const limits = { count: 300, perSeconds: 10_800 };
    const worker = openCertificateWorker({
      acme: openAcme({
        directoryUrl: pebble.directoryUrl,
        ca: loadTrust(pebble.caFile),
        accountKeyPem,
        contact: [],
        externalAccount: null,
        clock: systemClock,
        signal: stop.signal,
      }),
      store,
      directoryUrl: pebble.directoryUrl,
      profile: null,
      limits,
      bucket: orderBucket(null, limits, systemClock.now()),
      clock: systemClock,
      random: Math.random,
      signal: stop.signal,
      wanted: () => wanted,
      preflight: () => Promise.resolve(null),
      solvers: () => [httpSolver(present)],
      onNews: (host) => {
        news.push(host);
        if (news.length === hosts.length) finish();
      },
      onTrouble: ({ message }) => void troubles.push(message),
    });
    await allCame;
    await worker.close();
    stop.abort();
    store.close();
    expect([news.toSorted(), troubles, tokens.size]).toEqual([hosts.toSorted(), [], 0]);

    const certificates = storedCertificates({ path, onTrouble: ({ message }) => void troubles.push(message) });
    onTestFinished(() => certificates.close());
    const listener = createTlsServer(
      { SNICallback: (name, done) => done(null, certificates.context(name) ?? undefined) },
      (socket) => socket.end(),
    ).listen(0, '127.0.0.1');
    onTestFinished(() => void listener.close());
    await once(listener, 'listening');
    const address = listener.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    for (const host of hosts.slice(0, 3)) {
      const socket = connect({ host: '127.0.0.1', port, servername: host, ca: pebble.root });
      await once(socket, 'secureConnect');
      expect(socket.authorized).toBe(true);
      socket.destroy();
    }
  });
});
