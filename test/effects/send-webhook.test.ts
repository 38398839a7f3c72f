import { once } from 'node:events';
import { createServer } from 'node:http';

import { describe, expect, it, onTestFinished } from 'vitest';

import { StsyncError } from '../../src/core/error.ts';
import { Secret } from '../../src/core/secret.ts';
import { sendWebhook } from '../../src/effects/send-webhook.ts';

interface Receiver {
  readonly url: Secret;
  readonly bodies: string[];
}

async function receiver(status: number, headers: Readonly<Record<string, string>> = {}): Promise<Receiver> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      bodies.push(`${request.method} ${request.url} ${request.headers['content-type']} ${body}`);
      response.writeHead(status, headers).end('ok');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return { url: new Secret(`http://127.0.0.1:${port}/services/T0/hush`), bodies };
}

async function failureOf(work: Promise<void>): Promise<StsyncError> {
  const error: unknown = await work.then(
    () => null,
    (one: unknown) => one,
  );
  if (!(error instanceof StsyncError)) throw new Error(`no error of ours: ${String(error)}`);
  expect(`${error.message} ${error.hint} ${error.where} ${error.stack} ${String(error.cause)}`).not.toContain('hush');
  return error;
}

describe('a web hook', () => {
  it('gets JSON by POST', async () => {
    const { url, bodies } = await receiver(200);
    await sendWebhook(url, '{"a":1}');
    expect(bodies).toEqual(['POST /services/T0/hush application/json {"a":1}']);
  });

  it.each([
    [404, false],
    [400, false],
    [429, true],
    [500, true],
    [503, true],
  ])('that answers %i is a failure without its URL; worth another try: %s', async (status, retryable) => {
    const { url } = await receiver(status);
    expect(await failureOf(sendWebhook(url, '{}'))).toMatchObject({ code: 'NOTIFY_FAILED', retryable });
  });

  it('that sends on to another host is not followed', async () => {
    const other = await receiver(200);
    const { url } = await receiver(307, { location: other.url.reveal() });
    const error = await failureOf(sendWebhook(url, '{}'));
    expect(error).toMatchObject({ message: expect.stringContaining('HTTP 307'), retryable: false });
    expect(other.bodies).toEqual([]);
  });

  it('that is not there may be there later', async () => {
    const error = await failureOf(sendWebhook(new Secret('http://127.0.0.1:1/hush'), '{}'));
    expect(error).toMatchObject({ code: 'NOTIFY_FAILED', retryable: true, where: 'http://127.0.0.1:1' });
    expect(error.message).toMatch(/ECONNREFUSED|cannot be reached/);
  });
});
