/** TLS-ALPN-01 (RFC 8737) beside the live certificate: who asks for `acme-tls/1` sees the answer to the challenge, and nobody else does. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { tlsAlpnCertificate } from '../../src/effects/acme/certificates.ts';
import { type ChallengeBoard, openChallengeBoard } from '../../src/effects/challenge-board.ts';
import { describeWith } from '../servers/programs.ts';
import { sharedCa } from '../support/shared-ca.ts';
import { get, HOST, type HostOptions, OTHER, PolicyHost, statusOf, wholeOf } from './policy-host-rig.ts';

const ca = sharedCa();
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
const CHALLENGE = ['acme-tls/1'];
const NO_PROTOCOL = 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL';

interface Shown {
  readonly host: PolicyHost;
  readonly board: ChallengeBoard;
  /** Fingerprint of the certificate that answers the challenge. */
  readonly answer: string;
  readonly takeDown: () => void;
}

/** A host that answers a challenge for `HOST`. */
async function shown(options: HostOptions = {}): Promise<Shown> {
  const board = openChallengeBoard();
  const host = new PolicyHost(ca, { ...options, challenges: board });
  const pair = await tlsAlpnCertificate(HOST, 'token.thumbprint');
  const takeDown = board.presentAlpn(HOST, pair);
  return { host, board, answer: new X509Certificate(pair.cert).fingerprint256, takeDown };
}

function only(version: (typeof VERSIONS)[number], ALPNProtocols: readonly string[] = []): ConnectionOptions {
  return { minVersion: version, maxVersion: version, ALPNProtocols: [...ALPNProtocols] };
}

function trusted(): ConnectionOptions {
  return { ca: readFileSync(ca.file), rejectUnauthorized: true };
}

function seenBy(socket: TLSSocket): readonly [string | false | null, string] {
  return [socket.alpnProtocol, socket.getPeerCertificate().fingerprint256];
}

describeWith(['openssl'], 'a challenge by TLS-ALPN-01', () => {
  for (const version of VERSIONS) {
    for (const isNew of [true, false]) {
      test(`is answered over ${version} ${isNew ? 'before there is a certificate' : 'beside the live certificate'}, and the connection ends`, async () => {
        const { host, answer } = await shown({ isNew });
        const socket = await host.tls(only(version, CHALLENGE));
        expect(seenBy(socket)).toEqual(['acme-tls/1', answer]);
        socket.write(get());
        expect(await wholeOf(socket)).toBe('');
      });
    }

    test.each([[['http/1.1']], [[]], [['acme-tls/1', 'http/1.1']]])(
      `leaves others the live certificate over ${version}, whatever they ask for: %j`,
      async (protocols) => {
        const { host } = await shown();
        const answer = await host.say(get(), { ...only(version, protocols), ...trusted() });
        expect(statusOf(answer)).toBe('HTTP/1.1 200 OK');
      },
    );

    test.each([[['http/1.1']], [[]]])(
      `answers nobody else over ${version} where there is no certificate yet: %j`,
      async (protocols) => {
        const { host } = await shown({ isNew: true });
        const refusal = await host.refusal(only(version, protocols));
        // With TLS 1.2 and no ALPN the handshake comes to an end, with a certificate that no sender takes, and that is all.
        if (refusal !== 'connected') return expect(refusal).toContain('ALERT');
        expect([version, protocols]).toEqual(['TLSv1.2', []]);
        expect(await host.refusal({ ...only(version, protocols), ...trusted() })).not.toBe('connected');
        expect(await host.say(get(), only(version, protocols))).toBe('');
      },
    );

    test(`is refused with an alert over ${version} where there is none`, async () => {
      const { host, takeDown } = await shown();
      expect(await host.refusal({ ...only(version, CHALLENGE), servername: OTHER })).toBe(NO_PROTOCOL);
      expect(await host.refusal({ ...only(version, CHALLENGE), servername: '' })).toMatch(
        /ALERT_(?:HANDSHAKE_FAILURE|NO_APPLICATION_PROTOCOL)/,
      );
      takeDown();
      expect(await host.refusal(only(version, CHALLENGE))).toBe(NO_PROTOCOL);
      expect(statusOf(await host.say(get(), trusted()))).toBe('HTTP/1.1 200 OK');
    });
  }

  test('goes by the name in whatever case', async () => {
    const { host, answer } = await shown();
    const socket = await host.tls({ ALPNProtocols: CHALLENGE, servername: HOST.toUpperCase() });
    expect(seenBy(socket)).toEqual(['acme-tls/1', answer]);
  });

  test('leaves HTTP/2 alone refused', async () => {
    const { host } = await shown();
    expect(await host.refusal({ ALPNProtocols: ['h2'] })).toBe(NO_PROTOCOL);
  });
});
