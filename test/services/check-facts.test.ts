/**
 * `check` from the answers of name servers and policy host to its findings: the pitfalls of the field that can be seen from outside, each as one
 * thing wrong with a good domain. `test/core/check/pitfalls.test.ts` has what each fact means; here the facts are gathered.
 */
import { describe, expect, it } from 'vitest';
import type { CheckReport } from '../../src/core/check/model.ts';
import type { LookupSet } from '../../src/effects/dns/resolver.ts';
import { checkDomain } from '../../src/services/check.ts';
import { TableNetwork } from '../support/table-network.ts';

const D = 'example.com';
const HOST = `mta-sts.${D}`;
const RANDOM = 'stsync-check-0';
const BODY = `version: STSv1\r\nmode: enforce\r\nmx: mx1.${D}\r\nmax_age: 1209600\r\n`;

type Answers = Readonly<Record<string, readonly string[] | null>>;

const good: Answers = {
  [`${D} MX`]: [`10 mx1.${D}.`],
  [`mx1.${D} A`]: ['192.0.2.25'],
  [`_mta-sts.${D} TXT`]: ['"v=STSv1; id=1;"'],
  [`${HOST} A`]: ['192.0.2.1'],
  [`_smtp._tls.${D} TXT`]: ['"v=TLSRPTv1; rua=mailto:tls@reports.example;"'],
};

interface Case {
  /** By `NAME TYPE`, beside those of a good domain; null takes one away. */
  readonly answers?: Answers;
  readonly body?: string;
  readonly isAuthoritative?: boolean;
  readonly domain?: string;
}

function typeOf(text: string): LookupSet['type'] {
  const types = ['MX', 'A', 'AAAA', 'TXT', 'CNAME', 'CAA', 'DS', 'TLSA', 'NS'] as const;
  const type = types.find((one) => one === text);
  if (type === undefined) throw new Error(`no such type in a test: ${text}`);
  return type;
}

function check({ answers = {}, body = BODY, isAuthoritative = true, domain = D }: Case): Promise<CheckReport> {
  const sets = Object.entries({ ...good, ...answers }).flatMap(([key, rdata]): [string, LookupSet][] => {
    const [name = '', type = ''] = key.split(' ');
    return rdata === null ? [] : [[key, { name, type: typeOf(type), ttlSeconds: 300, rdata }]];
  });
  const internet = new TableNetwork(new Map(sets), () => [body]);
  internet.isAuthoritative = isAuthoritative;
  return checkDomain(domain, {
    network: internet.network,
    signal: new AbortController().signal,
    now: () => new Date('2026-11-24T12:00:00Z'),
    randomLabel: () => RANDOM,
  });
}

describe('check', () => {
  it('finds nothing to mend at a good domain', async () => {
    const { findings, verdict } = await check({});
    expect(findings.filter((one) => one.severity !== 'info')).toEqual([]);
    expect(verdict.kind).toBe('protected');
  });

  const wildcard = (type: string, ...rdata: readonly string[]): Answers => ({ [`${RANDOM}.${D} ${type}`]: rdata });
  const tlsa: Answers = { [`_25._tcp.mx1.${D} TLSA`]: ['3 1 1 ab'] };
  const mx = (...hosts: readonly string[]): Answers => ({ [`${D} MX`]: hosts.map((host) => `10 ${host}.`) });

  it.each<readonly [string, string, Case, RegExp]>([
    [
      'a CNAME on the id alone, pitfall 12',
      'HALF_DELEGATED',
      {
        answers: {
          [`_mta-sts.${D} TXT`]: null,
          [`_mta-sts.${D} CNAME`]: ['_mta-sts.example.net.'],
          '_mta-sts.example.net TXT': ['"v=STSv1; id=1;"'],
          [`${HOST} A`]: null,
        },
      },
      /_mta-sts\.example\.net/,
    ],
    [
      'a CNAME that leads to nothing',
      'DANGLING_CNAME',
      { answers: { [`_mta-sts.${D} TXT`]: null, [`_mta-sts.${D} CNAME`]: ['_mta-sts.example.net.'] } },
      /_mta-sts\.example\.net/,
    ],
    [
      'a record before its host, pitfall 21',
      'RECORD_BEFORE_POLICY',
      { answers: { [`${HOST} A`]: null } },
      /does not exist/,
    ],
    ['a page where the policy belongs, pitfall 8', 'BROKEN_POLICY', { body: '<html>404</html>' }, /no policy/],
    ['a wildcard TXT, pitfall 13', 'WILDCARD_RECORD', { answers: wildcard('TXT', '"v=spf1 -all"') }, /TXT/],
    [
      'a wildcard that carries the policy record',
      'WILDCARD_RECORD',
      { answers: wildcard('TXT', '"v=STSv1; id=1;"') },
      /every name below/,
    ],
    ['any site at mta-sts, pitfall 13', 'WILDCARD_RECORD', { answers: wildcard('A', '192.0.2.1') }, /same host/],
    ['CAA above the name, pitfall 14', 'CAA_PRESENT', { answers: { [`${D} CAA`]: ['0 issue "ca.example"'] } }, /at e/],
    [
      'CAA of the target of the CNAME, pitfall 14',
      'CAA_FORBIDS',
      {
        answers: {
          [`${HOST} A`]: null,
          [`${HOST} CNAME`]: ['policies.example.net.'],
          'policies.example.net CAA': ['0 issue ";"'],
          [`${D} CAA`]: ['0 issue "ca.example"'],
        },
      },
      /at mta-sts\.example\.com/,
    ],
    [
      'two labels at Microsoft, pitfall 18',
      'WILDCARD_TOO_SHORT',
      { answers: mx('example-com.a-v1.mx.microsoft'), body: BODY.replace(`mx1.${D}`, '*.mx.microsoft') },
      /example-com\.a-v1\.mx\.microsoft/,
    ],
    [
      '*.l.google.com, pitfall 19',
      'WILDCARD_TOO_SHORT',
      {
        answers: mx('aspmx.l.google.com', 'alt1.aspmx.l.google.com'),
        body: BODY.replace(`mx1.${D}`, '*.l.google.com'),
      },
      /does not match alt1\.aspmx\.l\.google\.com/,
    ],
    ['a new MX under enforce, pitfall 4', 'UNCOVERED_MX', { answers: mx(`mx1.${D}`, `mx2.${D}`) }, /mx2\.example\.com/],
    ['null MX with a copied policy, pitfall 15', 'PARKED_POLICY', { answers: { [`${D} MX`]: ['0 .'] } }, /no mail/],
    ['no MX, and an address', 'IMPLICIT_MX', { answers: { [`${D} MX`]: null, [`${D} A`]: ['192.0.2.9'] } }, /own addr/],
    ['U-labels, pitfall 17', 'BROKEN_POLICY', { body: BODY.replace(`mx1.${D}`, 'mx.bücher.example') }, /bücher/],
    ['a version in lower case, pitfall 26', 'BROKEN_POLICY', { body: BODY.replace('STSv1', 'stsv1') }, /stsv1/],
    [
      'DANE in signed zones',
      'DANE_PRESENT',
      { answers: { ...tlsa, [`${D} DS`]: ['1 13 2 ab'] } },
      /failing DANE is not mended/,
    ],
    ['DANE without DNSSEC', 'DANE_PARTIAL', { answers: tlsa }, /not signed/],
    [
      'a subdomain below a domain with a policy, pitfall 16',
      'NOT_INHERITED',
      {
        domain: `sub.${D}`,
        answers: { [`sub.${D} MX`]: [`10 mx1.${D}.`] },
      },
      /subdomains inherit nothing/,
    ],
    [
      'two id records',
      'DOUBLED_RECORD',
      { answers: { [`_mta-sts.${D} TXT`]: ['"v=STSv1; id=1;"', '"v=STSv1; id=2;"'] } },
      /2 strings/,
    ],
    ['MX that only a resolver shows', 'NOT_AUTHORITATIVE', { isAuthoritative: false }, /for MX/],
    [
      'NXDOMAIN that only a resolver says',
      'NOT_AUTHORITATIVE',
      { isAuthoritative: false, domain: 'gone.example' },
      /gone\.example could be asked for MX/,
    ],
    ['an MX that is a CNAME', 'MX_CNAME', { answers: { [`mx1.${D} CNAME`]: ['a.example.net.'] } }, /a\.example\.net/],
  ])('finds %s: %s', async (_pitfall, code, one, says) => {
    const found = (await check(one)).findings.filter((finding) => finding.code === code);
    expect(found.map((finding) => finding.message).join('\n')).toMatch(says);
    expect((await check({})).findings.filter((finding) => finding.code === code)).toEqual([]);
  });
});
