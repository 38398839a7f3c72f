/** Access tokens from a provider over HTTP and from a program: what is sent, what is believed, and what is never said. */
import { createServer } from 'node:http';
import { execPath } from 'node:process';
import { afterEach, describe, expect, it } from 'vitest';

import type { OAuthGrant } from '../../../src/core/config/shape-oauth.ts';
import { Secret } from '../../../src/core/secret.ts';
import { fetchToken, runTokenCommand } from '../../../src/effects/reports/access-token.ts';

const { signal } = new AbortController();
const asked: URLSearchParams[] = [];
let answer: readonly [status: number, body: string, location?: string] = [200, ''];
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    asked.push(new URLSearchParams(body));
    const [status, text, location] = answer;
    response.writeHead(status, location === undefined ? {} : { location }).end(text);
  });
});

async function grant(more: Partial<OAuthGrant> = {}): Promise<OAuthGrant> {
  if (!server.listening) await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const tokenUrl = `http://127.0.0.1:${port}/token`;
  const secrets = { clientSecret: new Secret('client+secret&1'), refreshToken: new Secret('refresh/token=1') };
  return { tokenUrl, clientId: 'app', ...secrets, scope: 'https://mail.example/', ...more };
}

function run(script: string, ...args: readonly string[]): Promise<string> {
  return runTokenCommand([execPath, '-e', script, ...args], signal);
}

afterEach(() => {
  asked.length = 0;
  server.close();
  server.closeAllConnections();
});

describe('a token by a grant', () => {
  it('asks with the refresh token (RFC 6749 §6)', async () => {
    answer = [200, '{"access_token":"ya29.new","token_type":"Bearer","expires_in":3599}'];
    expect(await fetchToken(await grant(), signal)).toBe('ya29.new');
    expect(Object.fromEntries(asked[0] ?? [])).toEqual({
      grant_type: 'refresh_token',
      client_id: 'app',
      client_secret: 'client+secret&1',
      refresh_token: 'refresh/token=1',
      scope: 'https://mail.example/',
    });
  });

  it('asks as the application itself (RFC 6749 §4.4)', async () => {
    answer = [200, '{"access_token":"eyJ0.a-b_c"}'];
    expect(await fetchToken(await grant({ refreshToken: null, scope: null }), signal)).toBe('eyJ0.a-b_c');
    const sent = Object.fromEntries(asked[0] ?? []);
    expect(sent).toEqual({ grant_type: 'client_credentials', client_id: 'app', client_secret: 'client+secret&1' });
  });

  it.each([
    ['a refresh token that is over', [400, '{"error":"invalid_grant"}'], 'IMAP_AUTH', false],
    [
      'a client that is not known',
      [401, '{"error":"invalid_client","error_description":"client+secret&1"}'],
      'IMAP_AUTH',
      false,
    ],
    ['a provider in trouble', [503, '<html>'], 'IMAP_TOKEN', true],
    ['a provider in trouble, in JSON', [500, '{"error":"server_error"}'], 'IMAP_TOKEN', true],
    ['an answer without token', [200, '{}'], 'IMAP_TOKEN', true],
    ['a token that is more than one on the wire', [200, '{"access_token":"a\\u0001auth=b"}'], 'IMAP_TOKEN', true],
    ['an answer without end', [200, `"${'x'.repeat(100_000)}"`], 'IMAP_TOKEN', true],
    ['a redirect', [307, '', 'http://127.0.0.1:9/elsewhere'], 'IMAP_TOKEN', true],
  ] as const)('refuses %s', async (_what, given, code, retryable) => {
    answer = given;
    const error = await fetchToken(await grant(), signal).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, retryable });
    expect(JSON.stringify([error, String(error)])).not.toMatch(/secret&1|refresh\/token|x{50}/);
    expect(asked).toHaveLength(1);
  });

  it('says that nobody is there', async () => {
    const closed = await grant({ tokenUrl: 'http://127.0.0.1:9/token' });
    await expect(fetchToken(closed, signal)).rejects.toMatchObject({ code: 'IMAP_TOKEN', retryable: true });
  });
});

describe('a token by a program', () => {
  it('is what it prints, and no shell reads its arguments', async () => {
    expect(await run('console.log(process.argv[1])', 'tok/en+1=')).toBe('tok/en+1=');
    await expect(run('console.log(process.argv[1])', '$(echo token)')).rejects.toMatchObject({ code: 'IMAP_TOKEN' });
  });

  it.each([
    ['fails', 'console.log("half-a-token"); console.error("client+secret"); process.exit(3)', 'ended with exit code 3'],
    ['prints nothing', '', 'printed no access token'],
    ['prints two lines', 'console.log("a\\nb")', 'printed no access token'],
    ['prints without end', 'for (let n = 0; n < 1e5; n++) console.log("x".repeat(99))', 'printed too much'],
  ])('says how one ended that %s, and not what it said', async (_what, script, reason) => {
    const error = await run(script).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'IMAP_TOKEN', retryable: true });
    expect(String(error)).toContain(reason);
    expect(JSON.stringify([error, String(error)])).not.toMatch(/half-a-token|client\+secret|console|xxx/);
  });

  it('says when there is no such program, and ends it when it is told to', async () => {
    await expect(runTokenCommand(['/no/such/program'], signal)).rejects.toThrow('could not be run (ENOENT)');
    const stop = new AbortController();
    const running = runTokenCommand([execPath, '-e', 'setInterval(() => 0, 1000)'], stop.signal);
    stop.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
  });
});
