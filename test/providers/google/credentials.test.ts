/** Who we are: every way to log in that works without Google, and every way that does not, as a user reads it. */
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import { readIdentity } from '../../../providers/google/credentials.ts';
import { FAKE_ACCESS_TOKEN, startGoogle, type GoogleFake } from '../../fakes/google.ts';
import { makeCa } from '../../support/ca.ts';
import { describeWith } from '../../servers/programs.ts';
import { testContext } from '../context.ts';
import { signal, ZONE } from '../id-record.ts';
import { errorOf, providerOn, temporaryDirectory } from './rig.ts';
import { writeWorkloadFile } from './workload.ts';

const key = { name: `_mta-sts.${ZONE}`, type: 'TXT' } as const;

async function started(): Promise<GoogleFake> {
  const fake = await startGoogle();
  onTestFinished(() => fake.stop());
  fake.addZone(ZONE);
  return fake;
}

describe('a login', () => {
  it('by workload identity federation fetches one token for many calls', async () => {
    const fake = await started();
    const provider = await providerOn(fake);
    await provider.read([key], signal);
    await provider.read([key], signal);
    expect(fake.requests.filter(({ path }) => path === '/token')).toHaveLength(1);
    expect(fake.requests.filter(({ path }) => path !== '/token').every(({ hasCredentials }) => hasCredentials)).toBe(
      true,
    );
  });

  it('by the key of a service account signs its own token and asks no token server', async () => {
    const fake = await started();
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    fake.settings.serviceAccountKey = publicKey.export({ type: 'spki', format: 'pem' });
    const keyFile = join(temporaryDirectory(), 'key.json');
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    const account = { type: 'service_account', client_email: 'stsync@p.iam.gserviceaccount.com', private_key: pem };
    writeFileSync(keyFile, JSON.stringify(account));
    const provider = await providerOn(fake, { keyFile });
    expect(await provider.read([key], signal)).toEqual([]);
    expect(fake.requests.every(({ path }) => path !== '/token')).toBe(true);
  });

  it('that the token server refuses names the credentials, and asks the API nothing', async () => {
    const fake = await started();
    const keyFile = writeWorkloadFile(temporaryDirectory(), fake.origin, 'somebody else');
    const error = await errorOf((await providerOn(fake, { keyFile })).read([key], signal));
    expect(error).toMatchObject({ code: 'PROVIDER_CREDENTIALS', retryable: false });
    expect(error.message).toBe('Google gives no token for these credentials (HTTP 400)');
    expect(fake.requests.every(({ path }) => path === '/token')).toBe(true);
  });

  it('whose token server cannot be reached may work later', async () => {
    const fake = await started();
    const keyFile = writeWorkloadFile(temporaryDirectory(), 'http://127.0.0.1:1');
    const error = await errorOf((await providerOn(fake, { keyFile })).read([key], signal));
    expect(error).toMatchObject({ code: 'PROVIDER_UNREACHABLE', retryable: true });
  });
});

describe('a key file', () => {
  it.each<[string, string | null, RegExp]>([
    ['that does not exist', null, /does not exist/],
    ['that is no JSON shows nothing of itself', 'private_key: hush', /is no JSON/],
    ['without a type', '{"private_key":"hush"}', /has no `type`/],
    [
      'of a type that Google does not know',
      '{"type":"magic","private_key":"hush"}',
      /no credentials file that Google knows/,
    ],
  ])('%s is PROVIDER_CREDENTIALS with its path', async (_, text, message) => {
    const path = join(temporaryDirectory(), 'key.json');
    if (text !== null) writeFileSync(path, text);
    const error = await errorOf(readIdentity({ project: 'p', keyFile: path }, testContext().files));
    expect(error).toMatchObject({ code: 'PROVIDER_CREDENTIALS', where: path });
    expect(error.message).toMatch(message);
    expect(`${error.message} ${error.stack ?? ''}`).not.toContain('hush');
  });
});

describe('the API says no', () => {
  it('to a token that it does not know', async () => {
    const fake = await started();
    fake.settings.tokens.clear();
    const error = await errorOf((await providerOn(fake)).read([key], signal));
    expect(error).toMatchObject({ code: 'PROVIDER_DENIED', retryable: false });
    expect(error.message).toMatch(/^Google does not accept the credentials/);
  });

  it('to reading without the right, which is named', async () => {
    const fake = await started();
    fake.settings.tokens.set(FAKE_ACCESS_TOKEN, { canRead: false, canChange: false });
    const error = await errorOf((await providerOn(fake)).read([key], signal));
    expect(error.code).toBe('PROVIDER_DENIED');
    expect(error.hint).toContain('dns.managedZones.list');
  });

  it('to changing without the right, which is named', async () => {
    const fake = await started();
    fake.settings.tokens.set(FAKE_ACCESS_TOKEN, { canRead: true, canChange: false });
    const after = { ...key, ttlSeconds: 300, rdata: ['"x"'] };
    const error = await errorOf((await providerOn(fake)).apply([{ ...key, before: null, after }], signal));
    expect(error.code).toBe('PROVIDER_DENIED');
    expect(error.message).toContain(`may not change the records of ${ZONE}`);
    expect(error.hint).toContain('dns.changes.create');
  });

  it('to another project', async () => {
    const fake = await started();
    const error = await errorOf((await providerOn({ project: 'other', origin: fake.origin })).read([key], signal));
    expect(error.message).toContain('the zones of project other');
  });
});

describeWith(['openssl'], 'over TLS', () => {
  it('a certificate that nobody trusts is said, with the cure', async () => {
    const ca = makeCa();
    onTestFinished(() => ca[Symbol.asyncDispose]());
    const tls = await startGoogle(ca.issue({ names: ['localhost'] }));
    onTestFinished(() => tls.stop());
    const plain = await started();
    const keyFile = writeWorkloadFile(temporaryDirectory(), plain.origin);
    const error = await errorOf((await providerOn(tls, { keyFile })).read([key], signal));
    expect(error.code).toBe('PROVIDER_UNREACHABLE');
    expect(error.message).toMatch(/certificate .* is not to be trusted/);
    expect(error.hint).toContain('NODE_EXTRA_CA_CERTS');
  });
});
