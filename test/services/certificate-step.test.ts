/** A policy host whose certificate comes by ACME: nothing that senders could miss goes out before it is there (rule 5). */
import { beforeEach, describe, expect, it } from 'vitest';

import { type CertificateFacts, newRecord } from '../../src/core/certificates/model.ts';
import { defaultAcme } from '../../src/core/config/shape-acme.ts';
import type { AcmeChallenge, DomainConfig } from '../../src/core/config/model.ts';
import type { DomainPlan } from '../../src/core/plan/model.ts';
import { exitCodeOf } from '../../src/core/plan/report.ts';
import { TableNetwork } from '../support/table-network.ts';
import { hostName, mxSet, theDomain, wantedDomain, World } from '../support/world.ts';

const D = 'example.com';
const HOST = `mta-sts.${D}`;
const DAY_MS = 86_400_000;

function wanted(challenge: AcmeChallenge = 'http-01', target = 'policies.example.net'): DomainConfig {
  const publisher = {
    type: 'server',
    target: { kind: 'hostname', hostname: hostName(target) },
    proof: 'https',
    spreadSeconds: 0,
    isBehindProxy: false,
    listen: ['[::]:443'],
    http: ['[::]:80'],
    proxyProtocol: null,
    certificates: null,
    acme: { ...defaultAcme, challenge },
  } as const;
  return wantedDomain(D, { observe: 'dns', publisher, tlsReports: null });
}

let world: World;
beforeEach(() => {
  const old = { name: 'old.example.net', type: 'A', ttlSeconds: 300, rdata: ['192.0.2.9'] } as const;
  world = new World([mxSet(D, [`mx1.${D}`]), old]);
  const isServed = (host: string): boolean => world.certificates.get(host)?.certificate != null;
  world.network = new TableNetwork(world.sets, (host) => [
    isServed(host) ? (world.files.get(host) ?? null) : null,
  ]).network;
});

const unheard: CertificateFacts = newRecord(HOST, defaultAcme.directoryUrl, new Date(0));
const failure = { code: 'ACME_REFUSED', message: 'CAA forbids it', hint: 'change CAA', at: new Date(0) } as const;

/** From now on there is a certificate, for so many days. */
function issue(days = 90, rest: Partial<CertificateFacts> = {}): void {
  const [notBefore, notAfter] = [world.now, new Date(world.now.getTime() + days * DAY_MS)];
  const certificate = { notBefore, notAfter, issuedAt: notBefore, directoryUrl: defaultAcme.directoryUrl, stamp: 'a' };
  world.certificates.set(HOST, { ...unheard, certificate, ...rest });
}

async function sync(one: DomainConfig = wanted()): Promise<DomainPlan> {
  return theDomain(await world.later(60).sync([one]));
}

function outcomes(plan: DomainPlan): readonly string[] {
  return plan.steps.map(({ kind, name, outcome }) => `${kind} ${name} ${outcome}`);
}

describe('a new domain', () => {
  it('gets its host record, and waits with policy and id until the certificate is there', async () => {
    const first = await sync();
    expect(outcomes(first)).toEqual([
      `upsert ${HOST} done`,
      `certificate ${HOST} pending`,
      `publish-policy ${HOST} skipped`,
      `verify ${HOST} skipped`,
      `upsert _mta-sts.${D} skipped`,
    ]);
    expect(first.status).toBe('waiting');
    expect(world.id(D)).toBeUndefined();
    issue();
    expect(outcomes(await sync())).toEqual([
      `publish-policy ${HOST} done`,
      `verify ${HOST} done`,
      `upsert _mta-sts.${D} done`,
    ]);
    expect((await sync()).status).toBe('in sync');
  });

  it('is drift in a dry run while the host record is to be written, and waiting when only the CA is waited for', async () => {
    expect(exitCodeOf(await world.dryRun([wanted()]))).toBe(2);
    await sync();
    const report = await world.dryRun([wanted()]);
    expect([theDomain(report).status, exitCodeOf(report)]).toEqual(['waiting', 0]);
  });

  it('says that it waits, and is failed with the reason and its cure when an attempt failed', async () => {
    await sync();
    expect((await sync()).findings).toContainEqual(expect.objectContaining({ code: 'CERTIFICATE_WAITS' }));
    const nextAttemptAt = new Date('2026-11-24T13:00:00Z');
    world.certificates.set(HOST, { ...unheard, failures: 1, lastFailure: failure, nextAttemptAt });
    const plan = await sync();
    expect(plan.status).toBe('failed');
    const message = 'CAA forbids it; it is tried again at 2026-11-24 13:00 UTC';
    expect(plan.findings).toContainEqual({ code: 'ACME_REFUSED', severity: 'error', message, hint: 'change CAA' });
  });

  it('says when its turn comes, where many are before it', async () => {
    await sync();
    world.certificates.set(HOST, { ...unheard, wantedSince: world.now });
    for (let index = 0; index < 1_000; index++)
      world.certificates.set(`${index}`, { ...unheard, host: `${index}`, wantedSince: new Date(0) });
    // 300 can be ordered at once, and one more each 36 s.
    const turn = new Date(Math.ceil((world.now.getTime() + 60_000 + 701 * 36_000) / 60_000) * 60_000);
    const text = `its turn at the CA comes about ${turn.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
    const plan = await sync();
    expect(plan.steps[0]).toMatchObject({ kind: 'certificate', reason: text });
    expect(plan.findings).toContainEqual(
      expect.objectContaining({ code: 'CERTIFICATE_WAITS', message: `${HOST} has no certificate yet: ${text}` }),
    );
  });

  it('waits for a certificate again when the one it had has ended', async () => {
    await sync();
    issue(1);
    await sync();
    world.later(2 * 86_400);
    world.certificates.set(HOST, { ...unheard, certificate: world.certificates.get(HOST)?.certificate ?? null });
    const plan = theDomain(await world.sync([{ ...wanted(), maxAgeSeconds: 604_800 }]));
    expect(outcomes(plan)).toContain(`certificate ${HOST} pending`);
    expect(outcomes(plan)).toContain(`publish-policy ${HOST} skipped`);
  });
});

async function announcedElsewhere(): Promise<string | undefined> {
  issue();
  const directory = { ...wantedDomain(D).publisher, type: 'directory', directory: '/www', proof: 'https' } as const;
  const target = { kind: 'hostname', hostname: hostName('old.example.net') } as const;
  await sync(wantedDomain(D, { observe: 'dns', publisher: { ...directory, target } }));
  world.certificates.delete(HOST);
  expect(world.id(D)).toBeDefined();
  return world.id(D);
}

describe('a policy host that moves here', () => {
  it('moves its record before the certificate is there where the CA looks at the host, and the id stays', async () => {
    const id = await announcedElsewhere();
    expect(outcomes(await sync())).toEqual([
      `upsert ${HOST} done`,
      `certificate ${HOST} pending`,
      `verify ${HOST} skipped`,
    ]);
    issue();
    await sync();
    expect(world.id(D)).toBe(id);
  });

  it('moves its record after certificate and proof where the CA looks at a TXT record', async () => {
    await announcedElsewhere();
    expect(outcomes(await sync(wanted('dns-01')))).toEqual([
      `certificate ${HOST} pending`,
      `verify ${HOST} skipped`,
      `upsert ${HOST} skipped`,
    ]);
    issue();
    expect(outcomes(await sync(wanted('dns-01')))).toEqual([`verify ${HOST} done`, `upsert ${HOST} done`]);
  });
});

describe('a certificate that cannot be renewed', () => {
  it.each([
    [20, 'warning'],
    [6, 'error'],
  ])('and has %i days left is a %s with the reason, and the domain stays in sync', async (days, severity) => {
    issue();
    await sync();
    issue(days, { lastFailure: failure, failures: 3 });
    const plan = await sync();
    expect(plan.findings).toContainEqual(
      expect.objectContaining({ code: 'CERT_EXPIRES_SOON', severity, hint: 'change CAA' }),
    );
    expect(plan.status).toBe('in sync');
  });
});
