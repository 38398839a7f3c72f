/** Our listeners before pebble, a CA that nobody here wrote: certificates are renewed while senders fetch the policy. */
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect, createSecureContext, type SecureContext } from 'node:tls';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import {
  type Acme,
  type Challenge,
  makeCsr,
  makeKey,
  openAcme,
  tlsAlpnCertificate,
} from '../../src/effects/acme/client.ts';
import { openChallengeBoard } from '../../src/effects/challenge-board.ts';
import { openChallengeListener } from '../../src/effects/challenge-listener.ts';
import { systemClock } from '../../src/effects/clock.ts';
import { openPolicyListener } from '../../src/effects/policy-listener.ts';
import type { StrangerListener } from '../../src/effects/stranger-listener.ts';
import { loadTrust } from '../../src/effects/trust.ts';
import { answerChallenge } from '../../src/services/policy-host/answer-challenge.ts';
import { answerPolicy } from '../../src/services/policy-host/answer-policy.ts';
import { type Pebble, PEBBLE_PROGRAMS, startPebble } from '../servers/pebble.ts';
import { describeWith } from '../servers/programs.ts';
import { get, PATIENCE, statusOf, wholeOf } from './policy-host-rig.ts';

const { signal } = new AbortController();

class Rig {
  readonly board = openChallengeBoard();
  readonly #contexts = new Map<string, SecureContext>();
  readonly #acme: Acme;
  readonly #listeners: readonly StrangerListener[];
  readonly #pebble: Pebble;

  constructor(pebble: Pebble) {
    this.#pebble = pebble;
    const common = { clock: systemClock, onTrouble: (error: Error): void => expect.fail(error.message) };
    this.#listeners = [
      openPolicyListener({
        ...common,
        listen: `127.0.0.1:${pebble.tlsPort}`,
        certificates: { context: (name) => this.#contexts.get(name) ?? null },
        challenges: this.board,
        answer: (request) => answerPolicy(request, () => 'the policy'),
      }),
      openChallengeListener({
        ...common,
        listen: `127.0.0.1:${pebble.httpPort}`,
        answer: (request) => answerChallenge(request, this.board.keyAuthorization),
      }),
    ];
    onTestFinished(async () => void (await Promise.all(this.#listeners.map((one) => one.close()))));
    const [directoryUrl, ca, accountKeyPem] = [pebble.directoryUrl, loadTrust(pebble.caFile), makeKey()];
    this.#acme = openAcme({
      directoryUrl,
      ca,
      accountKeyPem,
      contact: [],
      externalAccount: null,
      clock: systemClock,
      signal,
    });
  }

  async ready(): Promise<void> {
    await vi.waitFor(() => {
      if (this.#listeners.some((one) => one.port() === null)) throw new Error('not listening');
    }, PATIENCE);
  }

  /** Gives the fingerprint of the new certificate, which is in use from the next handshake on. */
  async issue(host: string, type: 'http-01' | 'tls-alpn-01'): Promise<string> {
    const order = await this.#acme.newOrder(host);
    for (const challenge of await this.#acme.challenges(order)) {
      if (challenge.type !== type) continue;
      const takeDown = await this.#present(host, challenge);
      await this.#acme.answer(challenge);
      takeDown();
    }
    const key = makeKey();
    const done = await this.#acme.finalize(await this.#acme.readOrder(order.url), await makeCsr(host, key));
    const cert = await this.#acme.certificate(done);
    this.#contexts.set(host, createSecureContext({ key, cert }));
    return new X509Certificate(cert).fingerprint256;
  }

  async #present(host: string, { type, token, keyAuthorization }: Challenge): Promise<() => void> {
    return type === 'http-01'
      ? this.board.presentHttp(host, token, keyAuthorization)
      : this.board.presentAlpn(host, await tlsAlpnCertificate(host, keyAuthorization));
  }

  /** As a sender that trusts pebble's root: the fingerprint it saw, and the answer. */
  async fetch(servername: string): Promise<readonly [string, string]> {
    const { tlsPort: port, root: ca } = this.#pebble;
    const socket = connect({ host: '127.0.0.1', port, servername, ca, ALPNProtocols: ['http/1.1'] });
    await once(socket, 'secureConnect');
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.write(get(undefined, servername));
    return [fingerprint256, statusOf(await wholeOf(socket))];
  }
}

describeWith(PEBBLE_PROGRAMS, 'pebble, asked for certificates by our own listeners', () => {
  let pebble: Pebble | null = null;
  beforeAll(async () => void (pebble = await startPebble()));
  afterAll(() => pebble?.stop());

  async function start(): Promise<Rig> {
    if (pebble === null) throw new Error('pebble does not run');
    const rig = new Rig(pebble);
    await rig.ready();
    return rig;
  }

  test('finds three answers in a row by TLS-ALPN-01 while senders go on fetching with the certificate in use', async () => {
    const [rig, host] = [await start(), 'mta-sts.alpn.test'];
    const issued = [await rig.issue(host, 'tls-alpn-01')];
    const over = new AbortController();
    const fetched: (readonly [string, string])[] = [];
    const sender = (async () => {
      while (!over.signal.aborted) fetched.push(await rig.fetch(host));
    })();
    for (let round = 0; round < 2; round++) issued.push(await rig.issue(host, 'tls-alpn-01'));
    over.abort();
    await sender;
    expect(new Set(issued).size).toBe(3);
    expect(new Set(fetched.map(([, status]) => status))).toEqual(new Set(['HTTP/1.1 200 OK']));
    expect(issued).toEqual(expect.arrayContaining(fetched.map(([fingerprint]) => fingerprint)));
    expect((await rig.fetch(host))[0]).toBe(issued[2]);
  });

  test('finds the answer by HTTP-01 at the other listener', async () => {
    const [rig, host] = [await start(), 'mta-sts.http.test'];
    const issued = await rig.issue(host, 'http-01');
    expect(await rig.fetch(host)).toEqual([issued, 'HTTP/1.1 200 OK']);
  });
});
