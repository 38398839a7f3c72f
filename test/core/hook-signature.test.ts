/** Signatures of web hooks, by the vectors that GitHub and the Standard Webhooks specification publish. */
import { createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkHookSignature, type HookCheck } from '../../src/core/hook-signature.ts';
import { runs } from '../property-runs.ts';

type Headers = Readonly<Record<string, string>>;

const NOW = new Date('2026-05-01T12:00:00Z');

function check(body: string | Uint8Array, headers: Headers, secret: string, now = NOW): HookCheck {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  return checkHookSignature({ body: bytes, header: (name) => headers[name] }, secret, now);
}

/** docs.github.com, "Validating webhook deliveries". */
const github = {
  secret: "It's a Secret to Everybody",
  body: 'Hello, World!',
  hex: '757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
};

/** Of the libraries of Standard Webhooks, which GitLab follows. */
const standard = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  body: '{"test": 2432232314}',
  headers: {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  },
  at: new Date(1_614_265_330_000),
};

const WRONG = { ok: false, reason: 'wrong' };

describe('a web hook', () => {
  it.each([
    ['x-hub-signature-256', `sha256=${github.hex}`, 'github'],
    ['x-gitea-signature', github.hex, 'gitea'],
    ['x-forgejo-signature', github.hex, 'gitea'],
    ['x-gitea-signature', github.hex.toUpperCase(), 'gitea'],
    ['x-gitlab-token', github.secret, 'gitlab'],
  ])('is taken with %s: %s', (name, value, sender) => {
    expect(check(github.body, { [name]: value }, github.secret)).toEqual({ ok: true, sender });
  });

  it.each([
    ['of another body', { 'x-hub-signature-256': `sha256=${github.hex}` }, 'Hello, World?', github.secret],
    ['of another secret', { 'x-hub-signature-256': `sha256=${github.hex}` }, github.body, 'another'],
    ['without its prefix', { 'x-hub-signature-256': github.hex }, github.body, github.secret],
    ['of another algorithm', { 'x-hub-signature-256': `sha512=${github.hex}` }, github.body, github.secret],
    ['that is cut', { 'x-gitea-signature': github.hex.slice(0, -2) }, github.body, github.secret],
    ['that is longer', { 'x-gitea-signature': `${github.hex}00` }, github.body, github.secret],
    ['that is empty', { 'x-gitea-signature': '' }, github.body, github.secret],
    [
      'with a token that only begins like it',
      { 'x-gitlab-token': github.secret.slice(0, -1) },
      github.body,
      github.secret,
    ],
    ['with an empty token', { 'x-gitlab-token': '' }, github.body, github.secret],
  ])('is refused with a signature %s', (_title, headers, body, secret) => {
    expect(check(body, headers, secret)).toEqual(WRONG);
  });

  it('is refused without a signature, and with SHA-1 alone, which GitHub still sends beside the other', () => {
    expect(check(github.body, {}, github.secret)).toEqual({ ok: false, reason: 'unsigned' });
    expect(check(github.body, { 'x-hub-signature': 'sha1=00' }, github.secret)).toMatchObject({ reason: 'unsigned' });
  });

  it('with a wrong signature is not saved by a right one of a weaker kind', () => {
    const headers = { 'x-gitea-signature': '00', 'x-gitlab-token': github.secret };
    expect(check(github.body, headers, github.secret)).toEqual(WRONG);
  });
});

describe("GitLab's signing token", () => {
  it('is checked as Standard Webhooks has it', () => {
    expect(check(standard.body, standard.headers, standard.secret, standard.at)).toEqual({
      ok: true,
      sender: 'gitlab',
    });
  });

  it.each([300, -300])('may be %i s old by our clock', (seconds) => {
    const now = new Date(standard.at.getTime() + seconds * 1000);
    expect(check(standard.body, standard.headers, standard.secret, now).ok).toBe(true);
  });

  it.each([301, -301])('is stale at %i s', (seconds) => {
    const now = new Date(standard.at.getTime() + seconds * 1000);
    expect(check(standard.body, standard.headers, standard.secret, now)).toEqual({ ok: false, reason: 'stale' });
  });

  it.each([
    ['another id', { 'webhook-id': 'msg_other' }],
    ['another time', { 'webhook-timestamp': '1614265331' }],
    ['a time that is none', { 'webhook-timestamp': '1614265330.0' }],
    [
      'another version of the scheme',
      { 'webhook-signature': standard.headers['webhook-signature'].replace('v1', 'v2') },
    ],
    ['no base64', { 'webhook-signature': 'v1,!' }],
  ])('is refused with %s', (_title, changed) => {
    const headers = { ...standard.headers, ...changed };
    expect(check(standard.body, headers, standard.secret, standard.at)).toEqual(WRONG);
  });

  it('may stand beside others, at most five in all', () => {
    const of = (before: number): Headers => ({
      ...standard.headers,
      'webhook-signature': `${'v1,AAAA '.repeat(before)}${standard.headers['webhook-signature']}`,
    });
    expect(check(standard.body, of(4), standard.secret, standard.at).ok).toBe(true);
    expect(check(standard.body, of(5), standard.secret, standard.at)).toEqual(WRONG);
  });

  it('may be plain text', () => {
    const signature = createHmac('sha256', 'plain').update('1.1614265330.x').digest('base64');
    const headers = { 'webhook-id': '1', 'webhook-timestamp': '1614265330', 'webhook-signature': `v1,${signature}` };
    expect(check('x', headers, 'plain', standard.at).ok).toBe(true);
  });
});

describe('any body and secret', () => {
  it('is taken with the HMAC that OpenSSL makes, and refused with one bit of the body changed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), fc.string({ minLength: 1 }), fc.nat(), (body, secret, at) => {
        // An unpaired surrogate is no text that a web form can send.
        fc.pre(secret.isWellFormed());
        const headers = { 'x-gitea-signature': createHmac('sha256', secret).update(body).digest('hex') };
        expect(check(body, headers, secret).ok).toBe(true);
        const other = Uint8Array.from(body, (byte, index) => (index === at % body.length ? byte ^ 1 : byte));
        expect(check(other, headers, secret)).toEqual(WRONG);
      }),
      runs(100),
    );
  });
});
