/** The worker with our own client, over HTTPS at the fake CA, and the state on disk: what a CA says in its answers, from end to end. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { openAcme } from '../../../src/effects/acme/client.ts';
import { openCertificateStore } from '../../../src/effects/store-sqlite-certificates.ts';
import { loadTrust } from '../../../src/effects/trust.ts';
import { accountKey, learnAccountUrl } from '../../../src/services/certificates/account.ts';
import { type FakeAcme, startFakeAcme } from '../../fakes/acme-server.ts';
import { tempDirectory } from '../../effects/temp-directory.ts';
import { describeWith } from '../../servers/programs.ts';
import { sharedCa } from '../../support/shared-ca.ts';
import { DAY, HOST, HOUR, MINUTE, Rig } from './rig.ts';

const ca = sharedCa();

interface Place {
  readonly fake: FakeAcme;
  readonly rig: Rig;
  readonly store: ReturnType<typeof openCertificateStore>;
  readonly open: () => ReturnType<typeof openAcme>;
  /** The worker of a new process. */
  readonly start: () => void;
}

async function place(hosts: readonly string[] = [HOST]): Promise<Place> {
  const fake = await startFakeAcme(ca, { profiles: { short: 'six days' }, sign });
  onTestFinished(() => fake[Symbol.asyncDispose]());
  const rig = await Rig.open(hosts);
  rig.activity = () => fake.server.requests.length;
  const store = openCertificateStore(join(tempDirectory(), 'stsync.db'), () => undefined);
  onTestFinished(() => store.close());
  const { directoryUrl } = fake;
  const open = (): ReturnType<typeof openAcme> =>
    openAcme({
      directoryUrl,
      ca: loadTrust(ca.file),
      accountKeyPem: accountKey(store, directoryUrl),
      contact: [],
      externalAccount: null,
      clock: rig.clock,
      signal: new AbortController().signal,
    });
  return {
    fake,
    rig,
    store,
    open,
    start: () => void rig.start({ acme: open(), directoryUrl, store, profile: 'short' }),
  };
}

/** By the intermediate, for 20 days from today. */
function sign(csr: Uint8Array): string {
  const extensions = join(ca.directory, 'signed.cnf');
  writeFileSync(extensions, 'authorityKeyIdentifier=keyid\n');
  const args = [
    'x509',
    '-req',
    '-inform',
    'DER',
    '-CA',
    'middle.crt',
    '-CAkey',
    'middle.key',
    '-copy_extensions',
    'copy',
  ];
  const options = { cwd: ca.directory, input: csr, encoding: 'utf8' } as const;
  return `${execFileSync('openssl', [...args, '-days', '20', '-extfile', extensions], options)}${ca.chain}`;
}

describeWith(['openssl'], 'the worker at the fake CA', () => {
  test('orders with the profile, and renews in the suggested window, naming what it replaces', async () => {
    const { fake, rig, store, start } = await place();
    start();
    await rig.pass(10 * MINUTE, MINUTE);
    const first = store.read(HOST)?.certificate;
    expect([rig.news, rig.troubles, fake.orders.map(({ profile }) => profile)]).toEqual([[HOST], [], ['short']]);
    const [from, to] = [8, 9].map((days) => new Date(rig.clock.now().getTime() + days * DAY).toISOString());
    fake.window = { suggestedWindow: { start: from, end: to } };
    await rig.pass(2 * DAY, HOUR);
    expect(store.read(HOST)?.renewal?.isSuggested).toBe(true);
    await rig.pass(6.8 * DAY, HOUR);
    expect(fake.orders.length).toBe(2);
    expect(fake.orders[1]?.replaces).toMatch(/^[\w-]+\.[\w-]+$/);
    expect(store.read(HOST)?.certificate?.stamp).not.toBe(first?.stamp);
  });

  test('goes on with the order of the process before it, which was waiting for the CA', async () => {
    const { fake, rig, store, start } = await place();
    fake.looks = 1_000;
    start();
    await rig.pass(MINUTE, 5_000);
    expect(store.read(HOST)?.order?.url).toMatch(/\/orders\/0$/);
    await rig.stop();
    fake.looks = 1;
    start();
    await rig.pass(10 * MINUTE, MINUTE);
    expect([rig.news, fake.orders.length]).toEqual([[HOST], 1]);
  });

  test('is parked by a rate limit as long as the answer says', async () => {
    const { fake, rig, start } = await place(['mta-sts.a.test', 'mta-sts.b.test']);
    fake.server.fail({ kind: 'busy', retryAfterSeconds: 3_600 }, ({ path }) => path === '/orders', 2);
    start();
    await rig.pass(50 * MINUTE, MINUTE);
    expect([rig.news, fake.orders.length]).toEqual([[], 0]);
    await rig.pass(HOUR, MINUTE);
    expect([rig.news.toSorted(), rig.troubles]).toEqual([['mta-sts.a.test', 'mta-sts.b.test'], []]);
  });
});

describeWith(['openssl'], 'the account', () => {
  test('is the one of the state, by a key that is made once', async () => {
    const { fake, store, open } = await place();
    const url = await learnAccountUrl(open(), store, fake.directoryUrl);
    expect(await learnAccountUrl(open(), store, fake.directoryUrl)).toBe(url);
    expect([store.account(fake.directoryUrl)?.url, fake.accounts.length]).toEqual([url, 1]);
  });
});
