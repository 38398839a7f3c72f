/** The certificates of the state as a listener has them: the newest at once, few in memory, and the old one where there is no better. */
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { newRecord } from '../../src/core/certificates/model.ts';
import { openCertificateStore } from '../../src/effects/store-sqlite-certificates.ts';
import { openStore } from '../../src/effects/store-sqlite.ts';
import { storedCertificates, type StoredCertificates } from '../../src/effects/stored-certificates.ts';
import { describeWith } from '../servers/programs.ts';
import { sharedCa } from '../support/shared-ca.ts';
import { cannotMount, readOnlyMount, smallDisk } from './small-disk.ts';
import { tempDirectory } from './temp-directory.ts';

const HOST = 'mta-sts.example.com';
const ca = sharedCa();
const at = new Date('2026-11-24T09:30:00Z');

class State {
  readonly path = join(tempDirectory(), 'stsync.db');
  readonly troubles: string[] = [];

  /** As the worker does it. */
  keep(host: string, stamp: string, pems?: { readonly cert: string; readonly key: string }): void {
    const { cert: chainPem, key: keyPem } = pems ?? ca.issue({ names: [host], commonName: stamp });
    const certificate = { notBefore: at, notAfter: at, issuedAt: at, directoryUrl: 'ca', stamp, chainPem, keyPem };
    this.store((store) => store.save([{ ...newRecord(host, 'ca', at), certificate }]));
  }

  store(work: (store: ReturnType<typeof openCertificateStore>) => void): void {
    const store = openCertificateStore(this.path, () => undefined);
    work(store);
    store.close();
  }

  serve(cached?: number, path: string = this.path): StoredCertificates {
    const onTrouble = ({ code, message }: Error & { code: string }): void =>
      void this.troubles.push(`${code} ${message}`);
    const served = storedCertificates({ path, onTrouble, ...(cached === undefined ? {} : { cached }) });
    onTestFinished(() => served.close());
    return served;
  }
}

describeWith(['openssl'], 'the certificates of the state', () => {
  test('are those that are kept, in any case of the name, and none for others', () => {
    const state = new State();
    state.keep(HOST, 'a');
    const served = state.serve();
    const context = served.context('MTA-STS.Example.Com');
    expect(context).not.toBeNull();
    // The same object: nothing is read or made again.
    expect(served.context(HOST)).toBe(context);
    expect([served.context('mta-sts.example.net'), served.context(''), state.troubles]).toEqual([null, null, []]);
  });

  test('change at once when one is renewed, and go when it is removed', () => {
    const state = new State();
    state.keep(HOST, 'a');
    const served = state.serve();
    const first = served.context(HOST);
    state.keep(HOST, 'b');
    const second = served.context(HOST);
    expect([second === null, second === first]).toEqual([false, false]);
    state.store((store) => store.save([newRecord(HOST, 'ca', at)]));
    expect(served.context(HOST)).toBeNull();
    state.keep(HOST, 'c');
    expect(served.context(HOST)).not.toBeNull();
    state.store((store) => store.remove(HOST));
    expect([served.context(HOST), state.troubles]).toEqual([null, []]);
  });

  test('stay in memory while there is room', () => {
    const state = new State();
    const hosts = ['a.test', 'b.test', 'c.test'];
    for (const host of hosts) state.keep(host, host);
    const served = state.serve(2);
    const [a, b] = [served.context('a.test'), served.context('b.test')];
    served.context('a.test');
    served.context('c.test');
    expect([served.context('a.test') === a, served.context('b.test') === b]).toEqual([true, false]);
  });

  test('that are of no use are told of once, and the one before stays in use', () => {
    const state = new State();
    state.keep(HOST, 'a');
    const served = state.serve();
    const context = served.context(HOST);
    const { cert } = ca.issue({ names: [HOST], commonName: 'other' });
    state.keep(HOST, 'b', { cert, key: ca.issue({ names: [HOST], commonName: 'a' }).key });
    expect([served.context(HOST) === context, served.context(HOST) === context]).toEqual([true, true]);
    expect(state.troubles).toEqual([expect.stringMatching(/^CERTIFICATE_UNUSABLE .*the one before it stays in use/)]);
    state.keep('mta-sts.new.test', 'c', { cert: 'none', key: 'none' });
    expect(served.context('mta-sts.new.test')).toBeNull();
    expect(state.troubles.at(-1)).toMatch(/senders cannot fetch its policy/);
    expect(state.troubles.join(' ')).not.toContain('PRIVATE KEY');
  });

  test('stay in use where the state cannot be read, which is told once', () => {
    const state = new State();
    state.keep(HOST, 'a');
    const served = state.serve();
    const context = served.context(HOST);
    served.close();
    for (const side of ['-wal', '-shm']) rmSync(`${state.path}${side}`, { force: true });
    writeFileSync(state.path, 'no database, and long enough to be looked at '.repeat(50));
    expect([served.context(HOST) === context, served.context(HOST) === context, served.context('b.test')]).toEqual([
      true,
      true,
      null,
    ]);
    expect(state.troubles).toEqual([expect.stringMatching(/^STATE_UNREADABLE .*is not a database$/)]);
  });

  test('may be asked for before there is a state, and by a state that is older than they are', () => {
    const state = new State();
    const served = state.serve();
    expect(served.context(HOST)).toBeNull();
    state.keep(HOST, 'a');
    expect([served.context(HOST) === null, state.troubles]).toEqual([false, []]);
  });

  test('leave a run of the same process able to write', () => {
    const state = new State();
    state.keep(HOST, 'a');
    const served = state.serve();
    served.context(HOST);
    const run = openStore(state.path);
    run.savePolicyBody(HOST, 'one');
    served.context(HOST);
    run.savePolicyBody(HOST, 'two');
    expect(run.policyBody(HOST)).toBe('two');
    run.close();
  });

  test.skipIf(cannotMount !== null).each([
    [
      'a full disk',
      (path: string): string => {
        const disk = smallDisk(256 * 1024);
        copyFileSync(path, join(disk, 'stsync.db'));
        expect(() => writeFileSync(join(disk, 'rest'), Buffer.alloc(1024 * 1024))).toThrow('ENOSPC');
        return disk;
      },
    ],
    ['a read-only one', (path: string): string => readOnlyMount(dirname(path))],
  ])(`are there also when the daemon starts on %s ${cannotMount ?? ''}`, (_what, place) => {
    const state = new State();
    state.keep(HOST, 'a');
    const served = state.serve(10, join(place(state.path), 'stsync.db'));
    expect([served.context(HOST) === null, state.troubles]).toEqual([false, []]);
    served.close();
  });
});
