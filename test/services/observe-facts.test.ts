/** What fetches and probes of many addresses come to (rules 5 and 8). */
import { describe, expect, it } from 'vitest';
import type { AddressFetch } from '../../src/effects/fetch-policy.ts';
import type { MxAddressProbe } from '../../src/effects/probe-mx.ts';
import { offerOf } from '../../src/services/observe-offers.ts';
import { servedFact } from '../../src/services/observe-policy.ts';
import { TableNetwork } from '../support/table-network.ts';
import { mxSet, theDomain, wantedDomain, World } from '../support/world.ts';

const certificate = { names: [], notBefore: new Date(0), notAfter: new Date(0), issuer: '', isTrusted: true };
const body = (mx: string): string => `version: STSv1\nmode: testing\nmx: ${mx}\nmax_age: 86400\n`;

function served(address: string, text: string): AddressFetch {
  const outcome = {
    kind: 'body',
    bytes: new TextEncoder().encode(text),
    mediaType: null,
    certificate,
    warnings: [],
  } as const;
  return { address, isConnectTo: false, outcome };
}

function failed(address: string, code: 'HTTPS_NO_ROUTE' | 'HTTPS_TIMEOUT'): AddressFetch {
  return {
    address,
    isConnectTo: false,
    outcome: { kind: 'failed', code, message: 'no', hint: null, certificate: null },
  };
}

describe('the policy that is served', () => {
  it.each([
    ['one body', [served('192.0.2.1', body('a.example'))], 'body'],
    [
      'the same meaning in other bytes',
      [served('192.0.2.1', body('a.example')), served('192.0.2.2', body('A.example').replaceAll('\n', '\r\n'))],
      'body',
    ],
    ['two policies', [served('192.0.2.1', body('a.example')), served('192.0.2.2', body('b.example'))], 'unproved'],
    [
      'a time-out at one address',
      [served('192.0.2.1', body('a.example')), failed('192.0.2.2', 'HTTPS_TIMEOUT')],
      'unproved',
    ],
    [
      'no route to IPv6 at all',
      [served('192.0.2.1', body('a.example')), failed('2001:db8::1', 'HTTPS_NO_ROUTE')],
      'body',
    ],
    [
      'no route to one of two IPv4 addresses',
      [served('192.0.2.1', body('a.example')), failed('192.0.2.2', 'HTTPS_NO_ROUTE')],
      'unproved',
    ],
    ['no route at all', [failed('192.0.2.1', 'HTTPS_NO_ROUTE'), failed('2001:db8::1', 'HTTPS_NO_ROUTE')], 'unproved'],
    ['no address', [], 'absent'],
  ] as const)('%s', (_title, fetches, kind) => {
    expect(servedFact('mta-sts.example.com', fetches).kind).toBe(kind);
  });
});

describe('a family without a route', () => {
  const fetches = [served('192.0.2.1', body('a.example')), failed('2001:db8::1', 'HTTPS_NO_ROUTE')];

  it('is named, so that a run can tell where nobody looked', () => {
    expect(servedFact('mta-sts.example.com', fetches)).toMatchObject({ kind: 'body', leftOut: ['2001:db8::1'] });
    expect(servedFact('mta-sts.example.com', fetches.slice(0, 1))).toMatchObject({ leftOut: [] });
  });

  it('is a finding of the run and a word in the journal, and stops nothing', async () => {
    const world = new World([mxSet('example.com', ['mx1.example.com'])]);
    const internet = new TableNetwork(world.sets, () => []);
    const text = (host: string): string => world.files.get(host) ?? '';
    const fetch = (host: string): Promise<readonly AddressFetch[]> =>
      Promise.resolve([served('192.0.2.1', text(host)), failed('2001:db8::1', 'HTTPS_NO_ROUTE')]);
    world.network = { ...internet.network, fetcher: { fetch } };
    const publisher = {
      ...wantedDomain('example.com').publisher,
      type: 'directory',
      directory: '/www',
      proof: 'https',
    } as const;
    const wanted = [wantedDomain('example.com', { observe: 'dns', publisher })];
    expect(theDomain(await world.sync(wanted)).status).toBe('changed');
    expect(world.journal.find((entry) => entry.kind === 'verify')?.note).toBe(
      'proof: https, at every address but 2001:db8::1, where this machine has no route',
    );
    const plan = theDomain(await world.later(60).sync(wanted));
    expect(plan.status).toBe('in sync');
    expect(plan.findings.filter((finding) => finding.code === 'HTTPS_NO_ROUTE')).toMatchObject([{ severity: 'info' }]);
  });
});

describe('what an MX host offers', () => {
  const good = { kind: 'starttls', certificate, isValidForName: true, reason: null, protocol: 'TLSv1.3' } as const;
  const refused = { kind: 'failed', code: 'SMTP_REFUSED', message: 'no' } as const;
  it.each([
    ['good everywhere', [good, good], 'good'],
    ['good at one address, closed at the other', [good, refused], 'good'],
    ['closed everywhere', [refused], 'unreachable'],
    ['no STARTTLS at one address', [good, { kind: 'no-starttls', banner: 'hi' }], 'bad'],
    ['STARTTLS that fails', [{ kind: 'failed', code: 'TLS_FAILED', message: 'garbage' }], 'bad'],
    ['a certificate that is not valid', [{ ...good, isValidForName: false, reason: 'expired' }], 'bad'],
  ] as const)('%s', (_title, outcomes, verdict) => {
    const probes: readonly MxAddressProbe[] = outcomes.map((outcome, index) => ({
      address: `192.0.2.${index + 1}`,
      outcome,
    }));
    expect(offerOf('mx1.example.com', probes).verdict).toBe(verdict);
  });
});
