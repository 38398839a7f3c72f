/** Verdict, what senders do, and what to do: whole sentences, since people act by them. */
import { describe, expect, test } from 'vitest';
import type { CheckFacts } from '../../../src/core/check/facts.ts';
import type { Verdict } from '../../../src/core/check/model.ts';
import { plain } from '../../../src/core/check/plain.ts';
import { renderCheckMarkdown } from '../../../src/core/check/render-markdown.ts';
import { renderCheckText } from '../../../src/core/check/render-text.ts';
import { checkReport } from '../../../src/core/check/report.ts';
import { parsePolicy } from '../../../src/core/policy.ts';
import { parseStsRecords } from '../../../src/core/txt-records.ts';
import { facts, failed, idRecord, mx, mxHost, nameFact, noHost, policy, reports } from './facts.ts';

const unreadable = { kind: 'unreadable', code: 'DNS_ADDRESSES', message: 'no answer', hint: null } as const;
const nothing = { idRecord: idRecord(), policyHost: noHost, fetches: [], reports: reports() };

describe('the verdict', () => {
  test.each<[Verdict, string, Partial<CheckFacts>]>([
    ['protected', 'only encrypted and to the right hosts', {}],
    ['protected', 'not every address', { fetches: [...policy({}), failed('HTTPS_TIMEOUT', 'no answer')] }],
    ['refusing', 'senders refuse mx3.example.com now', mx('mx1.example.com', 'mx3.example.com')],
    ['refusing', 'senders refuse every live MX host now', mx('mx3.example.com')],
    ['testing', 'nothing would be refused', { fetches: policy({ mode: 'testing' }) }],
    ['testing', 'mx3.example.com would be refused', { fetches: policy({ mode: 'testing' }), ...mx('mx3.example.com') }],
    ['unprotected', 'no MTA-STS', nothing],
    ['unprotected', 'senders do not look at the policy', { idRecord: idRecord() }],
    ['unprotected', 'its host has no address', { policyHost: noHost, fetches: [] }],
    ['unprotected', 'cannot be fetched', { fetches: [failed('CERT_NAME', 'no')] }],
    ['unprotected', 'mode none', { fetches: policy({ mode: 'none' }) }],
    ['no-mail', 'takes no mail', { mx: { kind: 'null-mx', isAuthoritative: true }, mxHosts: [] }],
    ['no-mail', 'does not exist', { mx: { kind: 'no-domain', isAuthoritative: true }, mxHosts: [], ...nothing }],
    ['unknown', 'could not be told', { idRecord: nameFact('_mta-sts.example.com', [], { unreadable }) }],
    ['unknown', 'MX could not be read', { mx: unreadable, mxHosts: [] }],
  ])('%s: %s', (kind, sentence, rest) => {
    const { verdict } = checkReport(facts(rest));
    expect(verdict.kind).toBe(kind);
    expect(verdict.sentence).toContain(sentence);
  });
});

/** What each of Gmail, Exchange Online and Postfix does. */
function does(rest: Partial<CheckFacts>): readonly string[] {
  return checkReport(facts(rest)).senders.map((one) => one.does);
}

describe('senders', () => {
  test('deliver only over verified TLS under a policy that all MX pass', () => {
    for (const sentence of does({})) expect(sentence).toContain('every live MX passes');
  });

  test('refuse in their own ways when no MX passes', () => {
    const [gmail, exchange, postfix] = does(mx('mx3.example.com'));
    expect(gmail).toContain('refuses every live MX: mx3.example.com (is matched by no mx line of the policy)');
    expect(exchange).toContain('5.4.8');
    expect(postfix).toContain('5 days');
  });

  test('skip the one that does not pass', () => {
    expect(does(mx('mx1.example.com', 'mx3.example.com'))[0]).toMatch(
      /^skips mx3\.example\.com .* delivers to the others/,
    );
  });

  test('differ in a wildcard that is too short: Postfix matches names at any depth', () => {
    const [gmail, , postfix] = does({ ...mx('tenant.a-v1.mx.microsoft'), fetches: policy({ mx: ['*.mx.microsoft'] }) });
    expect(gmail).toContain('refuses every live MX');
    expect(postfix).toContain('every live MX passes');
  });

  test('report in testing, except Postfix, and nobody does without a report record', () => {
    const [gmail, , postfix] = does({ fetches: policy({ mode: 'testing' }) });
    expect(gmail).toContain('delivers to every MX and reports');
    expect(postfix).toContain('strict_testing');
    expect(does({ fetches: policy({ mode: 'testing' }), reports: reports() })[0]).toContain(
      'there is no TLS-RPT record',
    );
  });

  test('go by what they hold when the policy cannot be fetched', () => {
    const [gmail, , postfix] = does({ fetches: [failed('HTTPS_STATUS', 'status 404')] });
    expect(gmail).toContain('sts-policy-fetch-error');
    expect(postfix).toContain('holds from before');
  });

  test('see no policy behind a doubled record', () => {
    for (const sentence of does({ idRecord: idRecord('v=STSv1; id=1;', 'v=STSv1; id=2;') }))
      expect(sentence).toContain('cannot use the record');
  });

  test('go by DANE first where they know it', () => {
    const [gmail, exchange, postfix] = does({
      zone: { name: 'example.com', isSigned: true },
      mxHosts: [mxHost('mx1.example.com', { tlsa: ['3 1 1 AB'], isSigned: true })],
    });
    expect(gmail).not.toContain('DANE');
    expect(exchange).toContain('By DANE first');
    expect(postfix).toContain('in the place of DANE');
  });

  test('bounce at once for null MX', () => {
    for (const sentence of does({ mx: { kind: 'null-mx', isAuthoritative: true }, mxHosts: [] }))
      expect(sentence).toContain('RFC 7505');
  });
});

/** The first words of each step. */
function steps(rest: Partial<CheckFacts>): readonly string[] {
  return checkReport(facts(rest)).instructions.map((one) => one.step.split(/[ :]/).slice(0, 2).join(' '));
}

describe('instructions', () => {
  test('from nothing: reports, host, policy, record, patience, in this order', () => {
    expect(steps(nothing)).toEqual(['Publish where', 'Make mta-sts.example.com', 'Serve this', 'When the', 'Leave it']);
  });

  test('what is to be copied is a policy and a record that senders read', () => {
    const { instructions } = checkReport(facts(nothing));
    const body = instructions.find((one) => one.step.startsWith('Serve'))?.copy.join('\r\n') ?? '';
    expect(parsePolicy(body)).toMatchObject({
      ok: true,
      value: { mode: 'testing', mx: ['mx1.example.com', 'mx2.example.com'] },
    });
    const [, text = ''] = /"(.*)"/.exec(instructions.find((one) => one.step.startsWith('When'))?.copy[0] ?? '') ?? [];
    expect(parseStsRecords([text])).toMatchObject({ ok: true });
  });

  test('a new MX: the live policy with the pattern of its provider, then a new id', () => {
    const { instructions } = checkReport(facts(mx('mx1.example.com', 'example-com.mail.protection.outlook.com')));
    expect(instructions.map((one) => one.copy)).toContainEqual([
      'version: STSv1',
      'mode: enforce',
      'mx: *.mail.protection.outlook.com',
      'mx: mx1.example.com',
      'mx: mx2.example.com',
      'max_age: 1209600',
    ]);
    expect(instructions.at(-1)?.step).toContain('When the policy is served at every address');
  });

  test('an MX without TLS under enforce: the way out first', () => {
    const bad = { address: '203.0.113.26', verdict: 'bad', reason: 'offers no STARTTLS at 203.0.113.26' } as const;
    expect(steps({ mxHosts: [mxHost('mx1.example.com', { offers: [bad] })] })).toEqual(['Mail to', 'Mend the']);
  });

  test('a provider that serves the policy: two CNAMEs', () => {
    const { instructions } = checkReport(facts({ ...nothing, ...mx('mail.tutanota.de') }));
    expect(instructions.flatMap((one) => one.copy)).toContain(
      'mta-sts.example.com. 3600 IN CNAME mta-sts.tutanota.de.',
    );
  });

  test('a parked domain with a policy: the safe removal', () => {
    expect(steps({ mx: { kind: 'null-mx', isAuthoritative: true }, mxHosts: [] })).toEqual([
      'Serve this',
      'Wait 14',
      'Remove _mta-sts.example.com',
    ]);
  });
});

describe('the formats', () => {
  const options = { isVerbose: true, paint: (_style: unknown, text: string) => text };

  test('put the verdict first and the facts last', () => {
    const text = renderCheckText(checkReport(facts()), options);
    expect(text).toMatch(/^example\.com {2}protected {2}enforce/);
    // Senders that do the same are one paragraph.
    expect(text).toContain('  Gmail, Exchange Online, Postfix with postfix-mta-sts-resolver\n');
    expect(text.trimEnd().split('\n').at(-1)).toContain('_smtp._tls.example.com TXT');
  });

  test('show what strangers wrote without letting it act', () => {
    const report = checkReport(facts({ idRecord: idRecord('v=STSv1 \u001b[2J; | <script>') }));
    expect(renderCheckText(report, options)).not.toContain('\u001b');
    const markdown = renderCheckMarkdown(report);
    for (const text of ['\u001b', '| <script>', ' <script>']) expect(markdown).not.toContain(text);
    expect(plain('a\u202eb\u0007')).toBe('a\\u202eb\\u0007');
  });

  test('give JSON with the facts', () => {
    const report: unknown = JSON.parse(JSON.stringify(checkReport(facts())));
    expect(report).toMatchObject({
      domain: 'example.com',
      verdict: { kind: 'protected' },
      facts: { mx: { kind: 'hosts' } },
    });
  });
});
