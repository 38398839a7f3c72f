/** Certificates in the state: what comes back, what outlives a kill, and what a damaged row stops. */
import { spawnSync } from 'node:child_process';
import { renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import { type CertificateRecord, glanceOf, newRecord } from '../../src/core/certificates/model.ts';
import { noMemory } from '../../src/core/memory.ts';
import type { CertificateStore } from '../../src/effects/certificate-store.ts';
import { openDatabase } from '../../src/effects/sqlite.ts';
import { openCertificateStore } from '../../src/effects/store-sqlite-certificates.ts';
import { openStore, openStoreReadOnly } from '../../src/effects/store-sqlite.ts';
import { listing, tempDirectory } from './temp-directory.ts';

const HOST = 'mta-sts.example.com';
const CA = 'https://ca.test/directory';
const at = new Date('2026-11-24T09:30:00.123Z');
const later = new Date('2027-01-24T09:30:00.123Z');
const empty = newRecord(HOST, CA, at);
const full: CertificateRecord = {
  ...empty,
  certificate: {
    notBefore: at,
    notAfter: later,
    issuedAt: at,
    directoryUrl: 'https://staging.test',
    stamp: 'abc',
    chainPem: 'THE CHAIN',
    keyPem: 'THE KEY',
  },
  order: { url: 'https://ca.test/order/1', startedAt: at, keyPem: 'THE ORDER KEY' },
  failures: 2,
  nextAttemptAt: later,
  lastFailure: { code: 'HOST_ELSEWHERE', message: 'it leads elsewhere', hint: 'set the CNAME', at },
  renewal: { renewAt: later, askAgainAt: at, isSuggested: true },
};

const troubles: string[] = [];

function open(path: string): CertificateStore {
  troubles.length = 0;
  const store = openCertificateStore(path, ({ code, message }) => void troubles.push(`${code} ${message}`));
  onTestFinished(() => store.close());
  return store;
}

function newPath(): string {
  return join(tempDirectory(), 'stsync.db');
}

function facts({ certificate, order, ...rest }: CertificateRecord): unknown {
  const { chainPem: _chain, keyPem: _key, ...validity } = certificate ?? {};
  const { keyPem: _orderKey, ...underWay } = order ?? {};
  return { ...rest, certificate: certificate && validity, order: order && underWay };
}

function edit(path: string, sql: string): void {
  const db = openDatabase(path);
  db.exec(sql);
  db.close();
}

describe('what is kept of a host', () => {
  test.each([
    ['nothing but that it is wanted', empty],
    ['all there is', full],
    [
      'no hint, and to be asked about now',
      {
        ...full,
        lastFailure: { ...failureOf(full), hint: null },
        renewal: { renewAt: later, askAgainAt: null, isSuggested: false },
      },
    ],
  ])('comes back whole, and light for all hosts and for a plan: %s', (_what, record) => {
    const path = newPath();
    const store = open(path);
    expect([store.read(HOST), store.list()]).toEqual([null, []]);
    store.save([record, { ...empty, host: 'mta-sts.a.test' }]);
    expect(store.read(HOST)).toEqual(record);
    expect(store.list()).toEqual([facts({ ...empty, host: 'mta-sts.a.test' }), facts(record)]);
    expect(store.glances()).toEqual(store.list().map(glanceOf));
    const reader = openStoreReadOnly(path);
    onTestFinished(() => reader?.close());
    expect([reader?.certificate(HOST), reader?.certificate('mta-sts.b.test')]).toEqual([facts(record), null]);
  });

  test('is replaced by what is saved next, and goes when it is removed', () => {
    const store = open(newPath());
    store.save([full]);
    store.save([empty]);
    expect(store.read(HOST)).toEqual(empty);
    store.remove(HOST);
    store.remove(HOST);
    expect([store.read(HOST), store.list()]).toEqual([null, []]);
  });

  test('is saved for all or for none', () => {
    const store = open(newPath());
    const broken = { ...full, wantedSince: new Date(Number.NaN) };
    expect(() => store.save([{ ...empty, host: 'mta-sts.a.test' }, broken])).toThrow(RangeError);
    expect(store.list()).toEqual([]);
    store.save([full]);
    expect(store.read(HOST)).toEqual(full);
  });

  test('is written while a run has the state open, and the run writes on', () => {
    const path = newPath();
    const run = openStore(path);
    onTestFinished(() => run.close());
    const store = open(path);
    run.saveMemory('example.com', noMemory);
    store.save([full]);
    run.saveMemory('example.net', noMemory);
    expect([run.certificate(HOST), run.domains()]).toEqual([facts(full), ['example.com', 'example.net']]);
    expect(store.read(HOST)).toEqual(full);
  });

  test('is there after a kill, and the file is for its owner alone', () => {
    const path = newPath();
    const [module, model] = ['effects/store-sqlite-certificates.ts', 'core/certificates/model.ts'].map((file) =>
      JSON.stringify(join(import.meta.dirname, '../../src', file)),
    );
    const script = `const { openCertificateStore } = await import(${module}); const { newRecord } = await import(${model});
      const store = openCertificateStore(${JSON.stringify(path)}, () => undefined);
      store.save([{ ...newRecord('${HOST}', '${CA}', new Date(${at.getTime()})), order: { url: 'https://ca.test/order/1', startedAt: new Date(0), keyPem: 'K' } }]);
      store.saveAccount('${CA}', { keyPem: 'A', newKeyPem: 'B', url: null });
      process.kill(process.pid, 'SIGKILL');`;
    const { signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect([signal, stderr]).toEqual(['SIGKILL', '']);
    const store = open(path);
    expect(store.read(HOST)?.order).toEqual({ url: 'https://ca.test/order/1', startedAt: new Date(0), keyPem: 'K' });
    expect(store.account(CA)).toEqual({ keyPem: 'A', newKeyPem: 'B', url: null });
    for (const side of ['', '-wal', '-shm']) expect(statSync(`${path}${side}`).mode & 0o777).toBe(0o600);
  });

  test('is looked through for 100,000 hosts in a moment, without their PEMs', () => {
    const path = newPath();
    const store = open(path);
    const pem = 'x'.repeat(3_000);
    const many = Array.from({ length: 100_000 }, (_, index) => ({
      ...full,
      host: `mta-sts.${index}.test`,
      ...(index % 100 === 0 && full.certificate !== null
        ? { certificate: { ...full.certificate, chainPem: pem } }
        : {}),
    }));
    store.save(many);
    const began = performance.now();
    expect(store.list().length).toBe(100_000);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  test('follows a state that was replaced', () => {
    const path = newPath();
    const store = open(path);
    store.save([full]);
    renameSync(path, `${path}.old`);
    for (const side of ['-wal', '-shm']) rmSync(`${path}${side}`, { force: true });
    expect(store.read(HOST)).toEqual(full);
    openStore(path).close();
    expect(store.read(HOST)).toBeNull();
    store.save([empty]);
    expect(store.read(HOST)).toEqual(empty);
  });
});

function failureOf({ lastFailure }: CertificateRecord): NonNullable<CertificateRecord['lastFailure']> {
  if (lastFailure === null) throw new Error('there is none');
  return lastFailure;
}

describe('a damaged row', () => {
  test.each([
    ['failures = -1', /failures of the certificate of mta-sts\.example\.com is no count/],
    ["not_after = 'soon'", /not_after of .* is not a date/],
    ["failure_code = 'OH'", /failure_code of .* is no code of ours/],
    ['order_started_at = NULL', /order_started_at of .* is not a text/],
    ["renew_at = ''", /renew_at of .* is not a date/],
  ])('(%s) is STATE_UNREADABLE with its place, and stops no other host', (sql, message) => {
    const path = newPath();
    const store = open(path);
    store.save([full, { ...empty, host: 'mta-sts.a.test' }]);
    edit(path, `UPDATE certificates SET ${sql} WHERE host = '${HOST}'`);
    expect(() => store.read(HOST)).toThrow(
      expect.objectContaining({ code: 'STATE_UNREADABLE', message: expect.stringMatching(message) }),
    );
    expect(store.list().map(({ host }) => host)).toEqual(['mta-sts.a.test']);
    expect(troubles).toEqual([expect.stringMatching(message)]);
    const reader = openStoreReadOnly(path);
    onTestFinished(() => reader?.close());
    expect(() => reader?.certificate(HOST)).toThrow(expect.objectContaining({ code: 'STATE_UNREADABLE' }));
  });

  test.each([
    ['a key is missing', 'UPDATE certificate_pems SET key = NULL', /key of .* is not a text/],
    [
      'the key of the order is missing',
      'UPDATE certificate_pems SET order_key = NULL',
      /order_key of .* is not a text/,
    ],
    ['all PEMs are missing', 'DELETE FROM certificate_pems', /chain of .* is missing/],
  ])('where %s says so, and shows no key', (_what, sql, message) => {
    const path = newPath();
    const store = open(path);
    store.save([full]);
    edit(path, sql);
    const error = thrownBy(() => store.read(HOST));
    expect(error.message).toMatch(message);
    for (const secret of ['THE KEY', 'THE ORDER KEY']) expect(`${error.message} ${error.stack}`).not.toContain(secret);
  });

  test('of a queue is STATE_UNREADABLE', () => {
    const path = newPath();
    const store = open(path);
    store.saveQueue(CA, { tokens: 1, at, parkedUntil: null });
    edit(path, "UPDATE acme_queues SET at = 'x'");
    expect(() => store.queue(CA)).toThrow(expect.objectContaining({ code: 'STATE_UNREADABLE' }));
  });
});

function thrownBy(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('it did not throw');
}

test('accounts and queues are kept for each CA by itself', () => {
  const store = open(newPath());
  expect([store.account(CA), store.queue(CA)]).toEqual([null, null]);
  const account = { keyPem: 'A', newKeyPem: null, url: 'https://ca.test/account/1' };
  const queue = { tokens: -3.25, at, parkedUntil: later };
  store.saveAccount(CA, account);
  store.saveAccount('https://other.test', { ...account, newKeyPem: 'B' });
  store.saveQueue(CA, { ...queue, parkedUntil: null });
  store.saveQueue(CA, queue);
  expect([store.account(CA), store.queue(CA)]).toEqual([account, queue]);
  expect(store.account('https://other.test')?.newKeyPem).toBe('B');
});

/** As the release before made it. Never to be changed: such files exist. */
function thirdSchema(path: string): void {
  openStore(path).close();
  edit(
    path,
    `DROP TABLE certificates; DROP TABLE certificate_pems; DROP TABLE acme_accounts; DROP TABLE acme_queues;
     DROP TABLE reports; DROP TABLE report_policies; DROP TABLE report_details; DROP TABLE report_days; DROP TABLE report_failures;
     DROP TABLE held_policies; DROP TABLE reports_set_aside; DROP TABLE sender_names; DROP TABLE report_alerts; PRAGMA user_version = 3;
     INSERT INTO policies VALUES ('${HOST}', 'body')`,
  );
}

describe('a state of the third schema', () => {
  test('is brought to this one, by the worker as by a run, and keeps all that it had', () => {
    const path = newPath();
    thirdSchema(path);
    const store = open(path);
    store.save([full]);
    const run = openStore(path);
    onTestFinished(() => run.close());
    expect([run.policyBody(HOST), run.certificate(HOST)]).toEqual(['body', facts(full)]);
  });

  test('is read by a dry run as it stands: no certificate, and nothing on disk changes', () => {
    const path = newPath();
    thirdSchema(path);
    const before = listing(join(path, '..'));
    const reader = openStoreReadOnly(path);
    expect(reader?.certificate(HOST)).toBeNull();
    reader?.close();
    expect(listing(join(path, '..'))).toEqual(before);
  });
});
