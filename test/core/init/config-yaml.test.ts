/** What `init` writes is a config: it passes `validate` once `FILL_IN` is filled in, and says what is live. */
import { describe, expect, test } from 'vitest';
import type { CheckFacts } from '../../../src/core/check/facts.ts';
import { initYaml, type InitChoices } from '../../../src/core/init/config-yaml.ts';
import { parse } from '../config/load.ts';
import { facts, idRecord, mx, nameFact, noHost, policy, reports } from '../check/facts.ts';

const choices: InitChoices = { zoneDirectory: './zones', publisherDirectory: './www', world: [] };

function yaml(
  rest: Partial<CheckFacts>,
  given: Partial<InitChoices> = {},
  nameServers: readonly string[] = [],
): string {
  return initYaml([{ facts: facts(rest), nameServers }], { ...choices, ...given });
}

/** The one domain of a text that has to pass. */
function domainOf(text: string): unknown {
  const parsed = parse(text);
  expect(parsed.ok ? [] : parsed.faults).toEqual([]);
  return parsed.ok ? parsed.config.domains[0] : null;
}

describe('a domain', () => {
  test('is written as it is live', () => {
    const rua = 'mailto:a@example.net';
    const text = yaml({
      reports: reports(`v=TLSRPTv1; rua=${rua},https://example.net/x;`),
      policyHost: { ...noHost, chain: ['sts.example.net'], addresses: ['203.0.113.7'] },
    });
    expect(domainOf(text)).toMatchObject({
      domain: 'example.com',
      mode: 'enforce',
      maxAgeSeconds: 1_209_600,
      mx: ['mx1.example.com', 'mx2.example.com'],
      ttlSeconds: 300,
      tlsReports: [rua, 'https://example.net/x'],
      adopt: true,
      publisher: { type: 'directory', target: { hostname: 'sts.example.net' } },
    });
  });

  test('whose id is of ours and names another body will get a new one, and says so', () => {
    expect(yaml({ idRecord: idRecord('v=STSv1; id=202611240930000000000000000000;') })).toContain('makes a new id');
  });

  test('of ours is not adopted again', () => {
    expect(yaml({ idRecord: idRecord('v=STSv1; id=20261124093000592b2f84c0e6c844;') })).not.toContain('adopt');
  });

  test('with addresses at the policy host has a publisher with these', () => {
    expect(domainOf(yaml({}))).toMatchObject({
      publisher: { target: { kind: 'addresses', addresses: ['203.0.113.7'] } },
    });
  });

  test('without a policy gets the patterns of its provider, in testing', () => {
    const text = yaml({ idRecord: idRecord(), fetches: [], ...mx('example-com.mail.protection.outlook.com') });
    expect(domainOf(text)).toMatchObject({ mode: 'testing', mx: ['*.mail.protection.outlook.com'] });
    expect(text).toContain('(Microsoft 365)');
  });

  test('keeps the patterns of the live policy, and says what they lack', () => {
    const text = yaml(mx('mx1.example.com', 'mx3.example.com'));
    expect(domainOf(text)).toMatchObject({ mx: ['mx1.example.com', 'mx2.example.com'] });
    expect(text).toContain('# no pattern of the live policy matches mx3.example.com; to cover it add mx3.example.com');
    expect(text).toContain('# mx2.example.com matches no live MX');
  });

  test('that takes no mail is a comment', () => {
    const text = yaml({
      mx: { kind: 'null-mx', isAuthoritative: true },
      mxHosts: [],
      idRecord: idRecord(),
      fetches: [],
      policyHost: noHost,
    });
    expect(text).toContain('# example.com: it takes no mail');
  });

  test('with mode none and no mail is still written, as it is live', () => {
    expect(domainOf(yaml({ fetches: policy({ mode: 'none', mx: [] }) }))).toMatchObject({ mode: 'none', mx: [] });
  });

  test.each<[string, Partial<CheckFacts>, string]>([
    ['no report record', { reports: reports() }, '# tlsReports: ["mailto:ADDRESS"]'],
    ['a broken report record', { reports: reports('v=TLSRPTv1;') }, 'senders cannot use the record now'],
    [
      'a doubled id record',
      { idRecord: idRecord('v=STSv1; id=1;', 'v=STSv1; id=2;') },
      '# senders cannot use _mta-sts now',
    ],
    [
      'a delegated id record',
      { idRecord: nameFact('_mta-sts.example.com', ['v=STSv1; id=1;'], { chain: ['a.example.net'] }) },
      '# idRecord: a.example.net',
    ],
    [
      'an id record delegated to a name that is made from the domain',
      {
        idRecord: nameFact('_mta-sts.example.com', ['v=STSv1; id=1;'], {
          chain: ['_mta-sts.example.com.sts.example.net'],
        }),
      },
      'delegation: { zone: sts.example.net }',
    ],
    [
      'another TTL',
      { reports: nameFact('_smtp._tls.example.com', ['v=TLSRPTv1; rua=mailto:a@b.example'], { ttlSeconds: 3600 }) },
      'has 1h now',
    ],
  ])('with %s has a comment that says so', (_what, rest, comment) => {
    const text = yaml(rest);
    expect(text).toContain(comment);
    domainOf(text);
  });
});

describe('what nobody outside can know', () => {
  test('is refused by validate until it is filled in', () => {
    const text = yaml(
      { policyHost: noHost, fetches: [], idRecord: idRecord() },
      { zoneDirectory: null, publisherDirectory: null },
    );
    const parsed = parse(text);
    expect(parsed.ok ? [] : parsed.faults.map((fault) => fault.code)).toEqual(['UNKNOWN_VALUE', 'BAD_NAME']);
    domainOf(
      text
        .replace('{ type: FILL_IN }', '{ type: zonefile, directory: ./zones }')
        .replace('FILL_IN', 'policies.example.net'),
    );
  });

  test('is guessed from the name servers', () => {
    const text = yaml({}, { zoneDirectory: null }, ['anna.ns.cloudflare.com', 'bob.ns.cloudflare.com']);
    expect(text).toContain('# main: { type: cloudflare');
    expect(text).not.toContain('# main: { type: route53');
  });

  test('somebody else serves the policies, unless a directory is named', () => {
    expect(domainOf(yaml({}, { publisherDirectory: null }))).toMatchObject({ publisher: { type: 'external' } });
  });
});

/** A policy host that is a CNAME. */
function host(name: string): CheckFacts['policyHost'] {
  return { ...noHost, chain: [name], addresses: ['203.0.113.7'] };
}

test('the most common publisher stands at the top, the others at their domains', () => {
  const text = initYaml(
    ['a.example', 'b.example', 'c.example'].map((domain, index) => ({
      facts: facts({ domain, policyHost: host(index === 1 ? 'other.example.net' : 'sts.example.net') }),
      nameServers: [],
    })),
    choices,
  );
  expect(text.match(/sts\.example\.net/g)).toHaveLength(1);
  expect(text.match(/^ {4}publisher: /gm)).toHaveLength(1);
  const parsed = parse(text);
  expect(parsed.ok ? parsed.config.domains.map((one) => one.domain) : parsed.faults).toEqual([
    'a.example',
    'b.example',
    'c.example',
  ]);
});

test('what a stranger wrote into a record stays in its comment', () => {
  const text = yaml({ reports: reports('v=TLSRPTv1; rua=mailto:a@b.example\ndomains: {}') });
  expect(text).not.toContain('\ndomains: {}');
  domainOf(text);
});
