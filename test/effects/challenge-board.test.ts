/** What is shown to a CA: put up, looked up, taken down. */
import { describe, expect, it } from 'vitest';
import { makeKey, tlsAlpnCertificate } from '../../src/effects/acme/certificates.ts';
import { openChallengeBoard } from '../../src/effects/challenge-board.ts';

const HOST = 'mta-sts.example.test';

describe('the challenge board', () => {
  it('shows a key authorization for its host and its token until it is taken down', () => {
    const board = openChallengeBoard();
    const takeDown = board.presentHttp(HOST, 'Token', 'Token.thumb');
    expect(board.keyAuthorization('MTA-STS.Example.test', 'Token')).toBe('Token.thumb');
    expect(board.keyAuthorization(HOST, 'token')).toBeNull();
    expect(board.keyAuthorization('mta-sts.other.test', 'Token')).toBeNull();
    takeDown();
    expect(board.keyAuthorization(HOST, 'Token')).toBeNull();
    takeDown();
  });

  it('keeps what has taken the place of an earlier one, whichever is taken down first', async () => {
    const board = openChallengeBoard();
    const first = board.presentAlpn(HOST, await tlsAlpnCertificate(HOST, 'a'));
    const before = board.context(HOST);
    const second = board.presentAlpn(HOST, await tlsAlpnCertificate(HOST, 'b'));
    const after = board.context(HOST.toUpperCase());
    expect(after).not.toBe(before);
    first();
    expect(board.context(HOST)).toBe(after);
    second();
    expect(board.context(HOST)).toBeNull();
  });

  it('is bounded: one too many takes the oldest down', () => {
    const board = openChallengeBoard(2);
    for (const token of ['1', '2', '3']) board.presentHttp(HOST, token, token);
    expect(['1', '2', '3'].map((token) => board.keyAuthorization(HOST, token))).toEqual([null, '2', '3']);
    // Put up again, it is the youngest.
    board.presentHttp(HOST, '2', 'again');
    board.presentHttp(HOST, '4', '4');
    expect(board.keyAuthorization(HOST, '2')).toBe('again');
  });

  it('takes no certificate that is none', () => {
    expect(() => openChallengeBoard().presentAlpn(HOST, { key: makeKey(), cert: 'none' })).toThrow(/PEM/i);
  });
});
