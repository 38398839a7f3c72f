/**
 * One row a pitfall (FIELD section 2 and RFC 8461), each as one thing wrong with a good domain. What no look from outside can see: a body that
 * changed under a kept id (2), an id that changes at every deploy (3), a policy that a sender still holds (5 to 7), a filter by user agent or country
 * (9), flattening of a CNAME (11), MX of subdomains without asking for them (16), alias domains (22), what is done with reports (24), who
 * watches (25), senders that mix up domains (20).
 */
import { describe, expect, test } from 'vitest';
import type { CheckFacts } from '../../../src/core/check/facts.ts';
import { checkReport } from '../../../src/core/check/report.ts';
import { failed, facts, idRecord, mx, mxHost, nameFact, noHost, policy, reports, served } from './facts.ts';

type Row = readonly [pitfall: string, code: string, severity: string, rest: Partial<CheckFacts>, says?: RegExp];

const body = (...lines: readonly string[]): string => lines.map((line) => `${line}\r\n`).join('');
const unreadable = { kind: 'unreadable', code: 'DNS_ADDRESSES', message: 'no answer', hint: null } as const;
const goodLines = ['version: STSv1', 'mode: enforce', 'mx: mx1.example.com', 'mx: mx2.example.com', 'max_age: 1209600'];

const record: readonly Row[] = [
  ['no MTA-STS at all', 'MTA_STS_MISSING', 'error', { idRecord: idRecord(), policyHost: noHost, fetches: [] }],
  ['a policy that nothing announces', 'ID_RECORD_MISSING', 'error', { idRecord: idRecord() }],
  ['two records', 'DOUBLED_RECORD', 'error', { idRecord: idRecord('v=STSv1; id=1;', 'v=STSv1; id=2;') }, /2 strings/],
  ['no id in it', 'BROKEN_RECORD', 'error', { idRecord: idRecord('v=STSv1;') }, /no id/],
  [
    'an id with a hyphen',
    'BROKEN_RECORD',
    'error',
    { idRecord: idRecord('v=STSv1; id=2026-11-24;') },
    /1 to 32 letters/,
  ],
  [
    'a blank before the first semicolon, erratum 6285',
    'BROKEN_RECORD',
    'error',
    { idRecord: idRecord('v=STSv1 ; id=1;') },
    /does not begin/,
  ],
  [
    'a version in other case, pitfall 26',
    'BROKEN_RECORD',
    'error',
    { idRecord: idRecord('v=stsv1; id=1;') },
    /does not begin/,
  ],
  ['quotes in the text', 'BROKEN_RECORD', 'error', { idRecord: idRecord('"v=STSv1; id=1;"') }, /does not begin/],
  ['an extension', 'UNUSUAL_FIELD', 'info', { idRecord: idRecord('v=STSv1; id=1; x=y;') }],
  [
    'a CNAME that leads to nothing',
    'DANGLING_CNAME',
    'error',
    { idRecord: nameFact('_mta-sts.example.com', [], { chain: ['sts.example.net'] }) },
    /sts\.example\.net/,
  ],
  [
    'a CNAME on the id alone, pitfall 12',
    'HALF_DELEGATED',
    'error',
    {
      idRecord: nameFact('_mta-sts.example.com', ['v=STSv1; id=1;'], { chain: ['_mta-sts.example.net'] }),
      policyHost: noHost,
      fetches: [],
    },
  ],
  [
    'a delegated id',
    'ID_RECORD_DELEGATED',
    'info',
    { idRecord: nameFact('_mta-sts.example.com', ['v=STSv1; id=1;'], { chain: ['_mta-sts.example.net'] }) },
    /_mta-sts\.example\.net/,
  ],
  [
    'a TTL of a week',
    'ID_TTL_HIGH',
    'info',
    { idRecord: nameFact('_mta-sts.example.com', ['v=STSv1; id=1;'], { ttlSeconds: 604_800 }) },
  ],
  [
    'name servers that differ',
    'DNS_DIFFERS',
    'warning',
    {
      idRecord: nameFact('_mta-sts.example.com', ['v=STSv1; id=1;'], {
        views: [
          { server: 'ns1', texts: ['v=STSv1; id=1;'] },
          { server: 'ns2', texts: [] },
        ],
      }),
    },
    /ns2 shows nothing/,
  ],
  [
    'only a resolver',
    'NOT_AUTHORITATIVE',
    'warning',
    { idRecord: nameFact('_mta-sts.example.com', ['v=STSv1; id=1;'], { isAuthoritative: false }) },
  ],
  [
    'a record that cannot be read',
    'DNS_ADDRESSES',
    'error',
    { idRecord: nameFact('_mta-sts.example.com', [], { unreadable }) },
  ],
  [
    'the policy of the domain above, pitfall 16',
    'NOT_INHERITED',
    'warning',
    { idRecord: idRecord(), policyHost: noHost, fetches: [], parent: { domain: 'com.example', hasIdRecord: true } },
  ],
];

const host: readonly Row[] = [
  [
    'a record before its host, pitfall 21',
    'RECORD_BEFORE_POLICY',
    'error',
    { policyHost: noHost, fetches: [] },
    /does not exist/,
  ],
  [
    'a host that leads nowhere',
    'RECORD_BEFORE_POLICY',
    'error',
    { policyHost: { ...noHost, chain: ['gone.example.net'] }, fetches: [] },
    /gone\.example\.net/,
  ],
  [
    'a record before its certificate, pitfall 21',
    'RECORD_BEFORE_CERTIFICATE',
    'error',
    { fetches: [failed('CERT_NAME', 'the certificate is not valid')] },
  ],
  ['an expired certificate', 'CERT_EXPIRED', 'error', { fetches: [failed('CERT_EXPIRED', 'expired')] }],
  ['a certificate of nobody', 'CERT_UNTRUSTED', 'error', { fetches: [failed('CERT_UNTRUSTED', 'self-signed')] }],
  [
    'a certificate at its end',
    'CERT_EXPIRES_SOON',
    'warning',
    { fetches: [served(body(...goodLines), { warnings: [{ code: 'CERT_EXPIRES_SOON', message: 'in 3 days' }] })] },
  ],
  [
    'a redirect, pitfall 8',
    'HTTPS_REDIRECT',
    'error',
    { fetches: [failed('HTTPS_REDIRECT', '301 to https://www.example.com/')] },
    /301/,
  ],
  ['HTML with 200, pitfall 8', 'HTTPS_HTML', 'error', { fetches: [failed('HTTPS_HTML', 'a page')] }],
  [
    'a record whose policy is 404',
    'RECORD_BEFORE_POLICY',
    'error',
    { fetches: [failed('HTTPS_STATUS', 'status 404')] },
  ],
  [
    'a filter for robots, pitfall 9',
    'HTTPS_STATUS',
    'error',
    { fetches: [failed('HTTPS_STATUS', 'status 403')] },
    /403/,
  ],
  [
    'a cache before it',
    'HTTPS_CACHED',
    'warning',
    { fetches: [served(body(...goodLines), { warnings: [{ code: 'HTTPS_CACHED', message: '86400 s' }] })] },
  ],
  [
    'the wrong media type',
    'WRONG_MEDIA_TYPE',
    'warning',
    { fetches: [served(body(...goodLines), { warnings: [{ code: 'WRONG_MEDIA_TYPE', message: 'octets' }] })] },
  ],
  [
    'one address of two fails',
    'HTTPS_TIMEOUT',
    'error',
    { fetches: [...policy({}), { ...failed('HTTPS_TIMEOUT', 'no answer'), address: '203.0.113.8' }] },
    /203\.0\.113\.8/,
  ],
  ['addresses that differ', 'ADDRESSES_DIFFER', 'error', { fetches: [...policy({}), ...policy({ mode: 'testing' })] }],
  ['a host that cannot be looked up', 'DNS_ADDRESSES', 'error', { policyHost: { ...noHost, unreadable }, fetches: [] }],
  [
    'a wildcard TXT, RFC 8461 §10.4',
    'WILDCARD_RECORD',
    'warning',
    { wildcard: { name: 'x.example.com', texts: ['v=spf1 -all'], addresses: [] } },
  ],
  [
    'a wildcard that carries the policy',
    'WILDCARD_RECORD',
    'error',
    { wildcard: { name: 'x.example.com', texts: ['v=STSv1; id=1;'], addresses: [] } },
  ],
  [
    'any site at mta-sts, pitfall 13',
    'WILDCARD_RECORD',
    'warning',
    { wildcard: { name: 'x.example.com', texts: [], addresses: ['203.0.113.7'] } },
  ],
  [
    'a wildcard site elsewhere',
    'WILDCARD_RECORD',
    'info',
    { wildcard: { name: 'x.example.com', texts: [], addresses: ['203.0.113.99'] } },
  ],
  [
    'CAA, pitfall 14',
    'CAA_PRESENT',
    'info',
    { caa: { name: 'example.com', texts: ['0 issue "letsencrypt.org"'] } },
    /letsencrypt\.org/,
  ],
  [
    'CAA that forbids all, pitfall 14',
    'CAA_FORBIDS',
    'warning',
    { caa: { name: 'example.com', texts: ['0 issue ";"'] } },
  ],
  ['subdomains, RFC 8461 §3.4', 'NOT_FOR_SUBDOMAINS', 'info', {}],
];

const content: readonly Row[] = [
  [
    'a byte order mark',
    'BROKEN_POLICY',
    'error',
    { fetches: [served(`\ufeff${body(...goodLines)}`)] },
    /byte order mark/,
  ],
  ['an empty line', 'BROKEN_POLICY', 'error', { fetches: [served(body(...goodLines, ''))] }, /empty line/],
  [
    'version in other case, pitfall 26',
    'BROKEN_POLICY',
    'error',
    { fetches: [served(body('version: stsv1', ...goodLines.slice(1)))] },
    /stsv1/,
  ],
  [
    'max_age over a year',
    'BROKEN_POLICY',
    'error',
    { fetches: [served(body(...goodLines.slice(0, 4), 'max_age: 99999999'))] },
    /at most/,
  ],
  [
    'U-labels, pitfall 17',
    'BROKEN_POLICY',
    'error',
    { fetches: [served(body(...goodLines, 'mx: mx.bücher.example'))] },
    /bücher/,
  ],
  [
    'a mode that is none',
    'BROKEN_POLICY',
    'error',
    { fetches: [served(body('version: STSv1', 'mode: enforced', ...goodLines.slice(2)))] },
    /enforced/,
  ],
  ['a field twice', 'UNUSUAL_FIELD', 'info', { fetches: [served(body(...goodLines, 'mode: none'))] }],
  ['LF', 'POLICY_LINE_ENDS', 'info', { fetches: [served(`${goodLines.join('\n')}\n`)] }],
  ['no end of the last line', 'POLICY_LINE_ENDS', 'info', { fetches: [served(goodLines.join('\r\n'))] }],
  ['version not first', 'POLICY_ORDER', 'info', { fetches: [served(body(...goodLines.slice(1), 'version: STSv1'))] }],
  ['max_age of an hour', 'MAX_AGE_LOW', 'warning', { fetches: policy({ maxAgeSeconds: 3600 }) }],
  ['enforce for a day', 'MAX_AGE_LOW', 'info', { fetches: policy({ maxAgeSeconds: 86_400 }) }],
  [
    'testing for a year',
    'MAX_AGE_HIGH',
    'warning',
    { fetches: policy({ mode: 'testing', maxAgeSeconds: 31_536_000 }) },
  ],
  ['testing', 'MODE_TESTING', 'info', { fetches: policy({ mode: 'testing', maxAgeSeconds: 86_400 }) }],
  ['none', 'MODE_NONE', 'warning', { fetches: policy({ mode: 'none' }) }],
];

const mail: readonly Row[] = [
  [
    'a new MX under enforce, pitfall 4',
    'UNCOVERED_MX',
    'error',
    mx('mx1.example.com', 'mx2.example.com', 'mx3.example.com'),
    /mx3\.example\.com/,
  ],
  [
    'a new MX under testing',
    'UNCOVERED_MX',
    'warning',
    { ...mx('mx3.example.com'), fetches: policy({ mode: 'testing' }) },
  ],
  [
    '*.mx.microsoft, pitfall 18',
    'WILDCARD_TOO_SHORT',
    'error',
    { ...mx('example-com.a-v1.mx.microsoft'), fetches: policy({ mx: ['*.mx.microsoft'] }) },
    /does not match example-com\.a-v1\.mx\.microsoft/,
  ],
  [
    '*.l.google.com, pitfall 19',
    'WILDCARD_TOO_SHORT',
    'error',
    { ...mx('aspmx.l.google.com', 'alt1.aspmx.l.google.com'), fetches: policy({ mx: ['*.l.google.com'] }) },
    /does not match alt1\.aspmx/,
  ],
  ['a pattern of nothing', 'UNUSED_PATTERN', 'info', mx('mx1.example.com')],
  [
    'no STARTTLS at one address, RFC 8461 §8.4',
    'MX_STARTTLS',
    'error',
    {
      mxHosts: [
        mxHost('mx1.example.com'),
        mxHost('mx2.example.com', {
          offers: [{ address: '203.0.113.26', verdict: 'bad', reason: 'offers no STARTTLS at 203.0.113.26' }],
        }),
      ],
    },
    /203\.0\.113\.26/,
  ],
  [
    'the same in testing',
    'MX_STARTTLS',
    'warning',
    {
      mxHosts: [
        mxHost('mx1.example.com', {
          offers: [{ address: '203.0.113.26', verdict: 'bad', reason: 'offers no STARTTLS' }],
        }),
      ],
      fetches: policy({ mode: 'testing' }),
    },
  ],
  [
    'a backup MX that is down, RFC 8461 §8.4',
    'MX_STARTTLS',
    'error',
    {
      mxHosts: [
        mxHost('mx1.example.com'),
        mxHost('mx2.example.com', { offers: [{ address: '203.0.113.26', verdict: 'unreachable', reason: '' }] }),
      ],
    },
    /answers at no address/,
  ],
  [
    'port 25 closed from here',
    'SMTP_UNPROVED',
    'info',
    {
      mxHosts: [
        mxHost('mx1.example.com', { offers: [{ address: '203.0.113.26', verdict: 'unreachable', reason: '' }] }),
      ],
    },
  ],
  [
    'an MX that is a CNAME',
    'MX_CNAME',
    'warning',
    { mxHosts: [mxHost('mx1.example.com', { chain: ['a.example.net'] })] },
  ],
  [
    'an MX without address',
    'MX_NO_ADDRESS',
    'warning',
    { mxHosts: [mxHost('mx1.example.com', { addresses: [], offers: [] })] },
  ],
  [
    'an MX that cannot be looked up',
    'DNS_ADDRESSES',
    'warning',
    { mxHosts: [mxHost('mx1.example.com', { unreadable, offers: [] })] },
  ],
  ['null MX', 'NULL_MX', 'info', { mx: { kind: 'null-mx', isAuthoritative: true }, mxHosts: [] }],
  [
    'a parked domain with a copied policy, pitfall 15',
    'PARKED_POLICY',
    'warning',
    { mx: { kind: 'null-mx', isAuthoritative: true }, mxHosts: [] },
  ],
  [
    'implicit MX',
    'IMPLICIT_MX',
    'warning',
    { mx: { kind: 'no-mx', hasAddress: true, isAuthoritative: true }, mxHosts: [mxHost('example.com')] },
  ],
  ['no mail at all', 'NO_MX', 'info', { mx: { kind: 'no-mx', hasAddress: false, isAuthoritative: true }, mxHosts: [] }],
  ['NXDOMAIN', 'NO_DOMAIN', 'error', { mx: { kind: 'no-domain', isAuthoritative: true }, mxHosts: [] }],
  [
    'NXDOMAIN from a resolver alone',
    'NOT_AUTHORITATIVE',
    'warning',
    { mx: { kind: 'no-domain', isAuthoritative: false }, mxHosts: [] },
  ],
  [
    'hosts from a resolver alone',
    'NOT_AUTHORITATIVE',
    'warning',
    { mx: { kind: 'hosts', hosts: ['mx1.example.com'], ttlSeconds: 60, isAuthoritative: false } },
  ],
  ['MX that cannot be read', 'DNS_ADDRESSES', 'error', { mx: unreadable, mxHosts: [] }],
  [
    'DANE, RFC 8461 §2',
    'DANE_PRESENT',
    'info',
    {
      zone: { name: 'example.com', isSigned: true },
      mxHosts: [mxHost('mx1.example.com', { tlsa: ['3 1 1 AB'], isSigned: true })],
    },
  ],
  [
    'DANE in a zone that is not signed',
    'DANE_PARTIAL',
    'info',
    { mxHosts: [mxHost('mx1.example.com', { tlsa: ['3 1 1 AB'], isSigned: false })] },
  ],
];

const tlsRpt: readonly Row[] = [
  ['no report record', 'TLSRPT_MISSING', 'warning', { reports: reports() }],
  [
    'two report records',
    'DOUBLED_RECORD',
    'error',
    { reports: reports('v=TLSRPTv1; rua=mailto:a@example.net', 'v=TLSRPTv1; rua=mailto:b@example.net') },
  ],
  ['no rua', 'BROKEN_RECORD', 'error', { reports: reports('v=TLSRPTv1;') }],
  ['a version of another kind', 'BROKEN_RECORD', 'error', { reports: reports('v=TLSRPT1; rua=mailto:a@example.net') }],
  ['reports that go elsewhere', 'TLSRPT_OUTSIDE', 'info', {}, /reports\.example\.net/],
  [
    'reports by mail to the domain itself, pitfall 24',
    'TLSRPT_SAME_DOMAIN',
    'info',
    { reports: reports('v=TLSRPTv1; rua=mailto:a@example.com') },
  ],
  [
    'a record that cannot be read',
    'DNS_ADDRESSES',
    'warning',
    { reports: nameFact('_smtp._tls.example.com', [], { unreadable }) },
  ],
];

const parts = {
  'the id record': record,
  'the policy host': host,
  'the policy': content,
  MX: mail,
  'TLS reports': tlsRpt,
};

describe.each(Object.entries(parts))('%s', (_part, rows) => {
  test.each(rows.map((row) => [...row] as const))('%s: %s (%s)', (_pitfall, code, severity, rest, says) => {
    const found = checkReport(facts(rest)).findings.filter((one) => one.code === code);
    expect(found.map((one) => one.severity)).toContain(severity);
    if (says !== undefined) expect(found.map((one) => one.message).join('\n')).toMatch(says);
    // A fault says its cure, or it is in docs/errors.md.
    const silent = found.filter((one) => one.severity !== 'info' && one.hint === null && !isFromEffects(one.code));
    expect(silent).toEqual([]);
  });
});

/** What the effects and the name servers say brings its cure along. */
function isFromEffects(code: string): boolean {
  return code === 'WRONG_MEDIA_TYPE' || /^(?:HTTPS|CERT|DNS)_/.test(code);
}

test('a good domain has nothing to mend', () => {
  const { findings, instructions, verdict } = checkReport(facts());
  expect(findings.filter((one) => one.severity !== 'info')).toEqual([]);
  expect(instructions).toEqual([]);
  expect(verdict.kind).toBe('protected');
});
