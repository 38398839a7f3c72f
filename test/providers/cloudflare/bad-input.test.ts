/** What goes wrong in the hands of users, read as they read it: one sentence, and the cure. The rig looks for the token in all of it. */
import { createServer } from 'node:net';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { txtSet } from '../../../src/core/record-set.ts';
import { FAKE_TOKEN, startCloudflare } from '../../fakes/cloudflare.ts';
import { describeWith } from '../../servers/programs.ts';
import { makeCa, type Ca } from '../../support/ca.ts';
import { closedPort } from '../../support/tcp-server.ts';
import { ID_NAME, idChange, signal, ZONE } from '../id-record.ts';
import { errorOf, providerOn, said, startRig } from './rig.ts';

const key = { name: ID_NAME, type: 'TXT' } as const;

/** What a read of the id record is told. */
async function readSays(baseUrl: string, token = FAKE_TOKEN): Promise<string> {
  return said(await errorOf(providerOn(baseUrl, { token }).read([key], signal))).replace(baseUrl.slice(0, -10), 'API');
}

describe('the token', () => {
  it('is wrong', async () => {
    const { fake } = await startRig();
    expect(await readSays(fake.baseUrl, 'another-token-of-the-right-form-0123456789')).toBe(
      'PROVIDER_DENIED: Cloudflare does not accept the API token: 9109 Invalid access token\n' +
        '  it may be mistyped, expired, deleted, or tied to other IP addresses; look at https://dash.cloudflare.com/profile/api-tokens',
    );
  });

  it('is none', async () => {
    const { fake } = await startRig();
    expect(await readSays(fake.baseUrl, 'short')).toBe(
      'PROVIDER_CREDENTIALS: the API token has not the form of one\n' +
        '  copy the token again from https://dash.cloudflare.com/profile/api-tokens; a Global API Key is no token',
    );
  });

  it('may only read', async () => {
    const { fake, zone, provider } = await startRig();
    fake.tokens.set(FAKE_TOKEN, { zones: null, canEdit: false });
    expect(await provider.read([key], signal)).toEqual([]);
    expect(said(await errorOf(provider.apply([idChange(null, 'x')], signal)))).toBe(
      `PROVIDER_DENIED: the API token may not change the records of ${ZONE}: 10000 Authentication error\n` +
        '  give it the permission Zone:DNS:Edit for this zone at https://dash.cloudflare.com/profile/api-tokens',
    );
    expect(zone.writes).toBe(0);
  });

  it('lost the zone after it was found', async () => {
    const { fake, provider } = await startRig();
    await provider.read([key], signal);
    fake.tokens.set(FAKE_TOKEN, { zones: [], canEdit: true });
    expect(said(await errorOf(provider.read([key], signal)))).toBe(
      `PROVIDER_DENIED: the API token may not read the records of ${ZONE}: 10000 Authentication error\n` +
        '  give it the permission Zone:DNS:Read for this zone at https://dash.cloudflare.com/profile/api-tokens',
    );
  });

  it('stands in what the service says: it is cut out', async () => {
    const { fake, provider } = await startRig();
    const errors = [{ code: 1004, message: `Bearer ${FAKE_TOKEN} may not\u001b[31m` }];
    fake.fail({ kind: 'says', reply: { status: 400, body: { success: false, errors, messages: [], result: null } } });
    expect((await errorOf(provider.read([key], signal))).message).toBe(
      'Cloudflare did not accept the zones: 1004 Bearer [redacted] may not [31m',
    );
  });
});

describe('the zone', () => {
  it('is full', async () => {
    const crowd = Array.from({ length: 200 }, (_, at) => txtSet(`t${at}.${ZONE}`, 300, ['x']));
    const { zone, provider } = await startRig({ records: crowd });
    expect(said(await errorOf(provider.apply([idChange(null, 'x')], signal)))).toBe(
      `PROVIDER_REFUSED: the zone is full: its plan allows no more records than the records of ${ZONE} has already\n` +
        '  delete records that nobody needs, or take a larger plan; new zones on the Free plan have 200 records',
    );
    expect(zone.records().length).toBe(200);
  });

  it('has a CNAME where a TXT is to stand', async () => {
    const cname = { name: ID_NAME, type: 'CNAME', ttlSeconds: 300, rdata: ['elsewhere.example.net.'] } as const;
    const { zone, provider } = await startRig({ records: [cname] });
    expect(said(await errorOf(provider.apply([idChange(null, 'x')], signal)))).toBe(
      `PROVIDER_REFUSED: TXT at ${ID_NAME} cannot be written: a CNAME stands there, and a CNAME stands alone\n` +
        '  delete the one before writing the other',
    );
    expect(zone.writes).toBe(0);
  });

  it('gets a CNAME there from somebody else in the same moment', async () => {
    const { fake, zone, provider } = await startRig();
    const act = (): void =>
      zone.put([{ name: ID_NAME, type: 'CNAME', ttlSeconds: 300, rdata: ['elsewhere.example.net.'] }]);
    fake.fail({ kind: 'meanwhile', act }, ({ path }) => path.endsWith('/batch'));
    expect(said(await errorOf(provider.apply([idChange(null, 'x')], signal)))).toBe(
      `PROVIDER_REFUSED: a CNAME stands alone, so Cloudflare did not change the records of ${ZONE}\n` +
        '  delete the one record before writing the other',
    );
  });

  it('has a record of somebody else', async () => {
    const { zone, provider } = await startRig({ records: [txtSet(ID_NAME, 300, ['v=STSv1; id=theirs;'])] });
    expect(said(await errorOf(provider.apply([idChange(null, 'v=STSv1; id=ours;')], signal)))).toBe(
      `CHANGED_SINCE_READ: ${ID_NAME} TXT is no longer what was read: now "v=STSv1; id=theirs;", then nothing\n` +
        '  somebody else changed the record; run stsync again to see the new difference',
    );
    expect(zone.writes).toBe(0);
  });
});

describe('`baseUrl`', () => {
  it('leads to a web page', async () => {
    const { fake } = await startRig();
    fake.fail({ kind: 'html', status: 200, isDone: false });
    expect(await readSays(fake.baseUrl)).toBe(
      `PROVIDER_BAD_ANSWER: API answered with text/html (HTTP 200), which is not Cloudflare's API\n` +
        '  correct `baseUrl`, or look what stands in between (a proxy, a login page); then run again',
    );
  });

  it('leads to nothing', async () => {
    const port = await closedPort(createServer());
    expect(await readSays(`http://127.0.0.1:${port}/client/v4`)).toBe(
      'PROVIDER_UNREACHABLE: API cannot be reached: ECONNREFUSED\n' +
        '  look whether this machine reaches the API (proxy, firewall), correct `baseUrl` if it is set; then run again',
    );
  });

  it('leads to a name without an address', async () => {
    expect(await readSays('http://api.cloudflare.invalid/client/v4')).toMatch(
      /^PROVIDER_UNREACHABLE: API has no address: (?:ENOTFOUND|EAI_AGAIN)\n/,
    );
  });
});

describeWith(['openssl'], 'the certificate of the API', () => {
  let ca: Ca;
  beforeAll(() => {
    ca = makeCa();
  });
  afterAll(() => ca[Symbol.asyncDispose]());

  it('is not to be trusted: nothing is sent', async () => {
    await using fake = await startCloudflare(ca.selfSigned('127.0.0.1'));
    fake.addZone(ZONE);
    expect(await readSays(fake.baseUrl)).toBe(
      'PROVIDER_UNREACHABLE: the certificate of API is not to be trusted: DEPTH_ZERO_SELF_SIGNED_CERT\n' +
        '  correct `baseUrl`; for a certificate authority of your own, set NODE_EXTRA_CA_CERTS to its file',
    );
    expect(fake.requests).toEqual([]);
  });
});

it('a service that redirects is not followed: the token goes nowhere else', async () => {
  const { fake, provider } = await startRig();
  const headers = { location: `${fake.baseUrl}/zones` };
  fake.fail({ kind: 'says', reply: { status: 302, body: null, headers } });
  expect(await errorOf(provider.read([key], signal))).toMatchObject({ code: 'PROVIDER_UNREACHABLE' });
  expect(fake.requests.length).toBe(1);
});
