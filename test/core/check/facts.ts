/** A domain where everything is right, and ways to break one thing of it. */
import type { CheckFacts, MxHostFact, NameFact, PolicyFetch } from '../../../src/core/check/facts.ts';
import { formatPolicy, type StsPolicy } from '../../../src/core/policy.ts';

export const goodPolicy: StsPolicy = {
  mode: 'enforce',
  maxAgeSeconds: 1_209_600,
  mx: ['mx1.example.com', 'mx2.example.com'],
};

export function nameFact(name: string, texts: readonly string[], rest: Partial<NameFact> = {}): NameFact {
  return {
    name,
    chain: [],
    texts,
    ttlSeconds: texts.length === 0 ? null : 300,
    views: [],
    isAuthoritative: true,
    unreadable: null,
    ...rest,
  };
}

export function idRecord(...texts: readonly string[]): NameFact {
  return nameFact('_mta-sts.example.com', texts);
}

export function reports(...texts: readonly string[]): NameFact {
  return nameFact('_smtp._tls.example.com', texts);
}

const certificate = {
  names: ['mta-sts.example.com'],
  notBefore: new Date('2026-11-01T00:00:00Z'),
  notAfter: new Date('2027-01-30T00:00:00Z'),
  issuer: 'C=US, O=Example CA',
  isTrusted: true,
};

/** A fetch that gave this body. */
export function served(body: string, rest: Partial<PolicyFetch> = {}): PolicyFetch {
  return { address: '203.0.113.7', body, mediaType: 'text/plain', certificate, failure: null, warnings: [], ...rest };
}

/** The good policy with something else in it. */
export function policy(rest: Partial<StsPolicy>): readonly PolicyFetch[] {
  return [served(formatPolicy({ ...goodPolicy, ...rest }))];
}

/** A fetch that failed. */
export function failed(code: NonNullable<PolicyFetch['failure']>['code'], message: string): PolicyFetch {
  return {
    address: '203.0.113.7',
    body: null,
    mediaType: null,
    certificate: null,
    failure: { code, message, hint: null },
    warnings: [],
  };
}

export function mxHost(name: string, rest: Partial<MxHostFact> = {}): MxHostFact {
  return {
    name,
    chain: [],
    addresses: ['203.0.113.25'],
    unreadable: null,
    provider: null,
    offers: [{ address: '203.0.113.25', verdict: 'good', reason: '' }],
    tlsa: [],
    isSigned: null,
    ...rest,
  };
}

/** MX hosts that all are as they should be. */
export function mx(...hosts: readonly string[]): Pick<CheckFacts, 'mx' | 'mxHosts'> {
  return {
    mx: { kind: 'hosts', hosts, ttlSeconds: 3600, isAuthoritative: true },
    mxHosts: hosts.map((host) => mxHost(host)),
  };
}

export const noHost = { name: 'mta-sts.example.com', chain: [], addresses: [], unreadable: null };

export function facts(rest: Partial<CheckFacts> = {}): CheckFacts {
  return {
    domain: 'example.com',
    at: new Date('2026-11-24T12:00:00Z'),
    ...mx('mx1.example.com', 'mx2.example.com'),
    idRecord: idRecord('v=STSv1; id=20261101T000000;'),
    policyHost: { ...noHost, addresses: ['203.0.113.7'] },
    fetches: policy({}),
    reports: reports('v=TLSRPTv1; rua=https://reports.example.net/tls;'),
    caa: { name: null, texts: [] },
    zone: { name: 'example.com', isSigned: false },
    wildcard: { name: 'stsync-check-0.example.com', texts: [], addresses: [] },
    parent: null,
    ...rest,
  };
}
