import { gzipSync } from 'node:zlib';

import { beforeEach, describe, expect, test } from 'vitest';

import { type Found, type IntakeRules, readIntake } from '../../../src/services/reports/read-intake.ts';
import { policyWith, rangeOf, reportWith, summaryWith } from '../../core/tls-report/report-builder.ts';
import { forwarded, type Keys, newKeys, reportMail } from '../../support/report-mail.ts';

const report = reportWith({});
let keys: Keys;
beforeEach(() => {
  keys = newKeys();
});

async function take(
  bytes: Uint8Array | null,
  rules: Partial<IntakeRules> = {},
  source = 'in/a',
): Promise<readonly Found[]> {
  return readIntake(source, bytes, {
    rules: { acceptUnsigned: false, isStrict: false, ...rules },
    lookUpKey: keys.lookUpKey,
    isOurs: (domain) => domain === 'example.com' || domain === 'mx1.example.com',
    now: () => new Date('2026-09-08T06:00:00Z'),
  });
}

/** `dkim sender.example`, `quarantined NOT_OUR_DOMAIN`, `again`. */
function shortly(found: readonly Found[]): readonly string[] {
  return found.map((one) => {
    if (one.kind === 'again') return 'again';
    if (one.kind === 'set-aside') return `${one.item.state} ${one.item.code}`;
    const { verdict, proof } = one.report;
    return proof === null ? verdict : `${verdict} ${proof.domain}`;
  });
}

function remarks(found: readonly Found[]): readonly string[] {
  return found.flatMap((one) =>
    one.kind === 'keep' ? one.report.remarks.map((text) => text.split(' ')[0] ?? '') : [],
  );
}

function tlsaOf(domain: string): unknown {
  return {
    policy: { 'policy-type': 'tlsa', 'policy-domain': domain },
    summary: { 'total-successful-session-count': 1, 'total-failure-session-count': 0 },
  };
}

describe('a mail', () => {
  test('signed by the reporting domain counts, with who signed', async () => {
    const [found] = await take(await keys.sign(reportMail(report)));
    expect(found).toMatchObject({
      kind: 'keep',
      report: {
        domain: 'example.com',
        verdict: 'dkim',
        proof: { domain: 'sender.example', selector: 's1', algorithm: 'rsa-sha256' },
        reportId: 'r-1',
      },
    });
  });

  test('signed with Ed25519 counts', async () => {
    const found = await take(await keys.sign(reportMail(report), { selector: 'ed' }));
    expect(shortly(found)).toEqual(['dkim sender.example']);
  });

  test('signed, with line ends of Unix, counts: a Maildir has them', async () => {
    const signed = await keys.sign(reportMail(report));
    expect(shortly(await take(Buffer.from(signed.toString('latin1').replaceAll('\r\n', '\n'), 'latin1')))).toEqual([
      'dkim sender.example',
    ]);
  });

  test('with a key for tlsrpt alone counts: RFC 8460 §3 recommends such keys', async () => {
    keys.setTags('s1._domainkey.sender.example', 's=tlsrpt;');
    const mail = await keys.sign(reportMail(report));
    expect(shortly(await take(mail))).toEqual(['dkim sender.example']);
    expect(shortly(await take(mail, { isStrict: true }))).toEqual(['dkim sender.example']);
  });

  test('with a key for mail alone counts with a remark, and not when strict', async () => {
    keys.setTags('s1._domainkey.sender.example', 's=email;');
    const mail = await keys.sign(reportMail(report));
    expect(remarks(await take(mail))).toContain('DKIM_KEY_SERVICE');
    expect(shortly(await take(mail, { isStrict: true }))).toEqual(['quarantined DKIM_UNPROVED']);
  });

  test('with a key for everything counts, and not when strict', async () => {
    const mail = await keys.sign(reportMail(report));
    expect(remarks(await take(mail))).not.toContain('DKIM_KEY_SERVICE');
    expect(shortly(await take(mail, { isStrict: true }))).toEqual(['quarantined DKIM_UNPROVED']);
  });

  test('without signature is quarantined, and counts as unsigned where that is accepted', async () => {
    expect(shortly(await take(reportMail(report)))).toEqual(['quarantined DKIM_UNPROVED']);
    const found = await take(reportMail(report), { acceptUnsigned: true });
    expect([shortly(found), remarks(found)]).toEqual([['unsigned'], ['DKIM_UNPROVED']]);
    expect(keys.asked).toEqual([]);
  });

  test('with l= proves nothing, RFC 8460 §3', async () => {
    const mail = await keys.sign(reportMail(report), { bodyLength: 100_000 });
    expect(mail.toString('latin1')).toMatch(/[;\s]l=\d+;/);
    expect(shortly(await take(mail))).toEqual(['quarantined DKIM_UNPROVED']);
  });

  test('signed by somebody else proves nothing', async () => {
    const mail = await keys.sign(reportMail(report), { domain: 'evil.example' });
    expect(shortly(await take(mail))).toEqual(['quarantined DKIM_UNPROVED']);
  });

  test.each(['mail.sender.example', 'sender.example'])(
    'signed by %s, above or below, counts with a remark',
    async (domain) => {
      const from = domain === 'sender.example' ? 'tls@mail.sender.example' : 'tls@sender.example';
      const mail = await keys.sign(reportMail(reportWith({ 'contact-info': from })), { domain });
      const found = await take(mail);
      expect([shortly(found), remarks(found)]).toEqual([[`dkim ${domain}`], ['DKIM_OTHER_NAME', 'DKIM_HEADERS']]);
      keys.setTags(`s1._domainkey.${domain}`, 's=tlsrpt;');
      expect(shortly(await take(mail, { isStrict: true }))).toEqual(['quarantined DKIM_UNPROVED']);
    },
  );

  test('changed after it was signed proves nothing', async () => {
    const mail = await keys.sign(reportMail(report));
    const changed = Buffer.from(mail.toString('latin1').replace('A report.', 'A report!'), 'latin1');
    expect(shortly(await take(changed))).toEqual(['quarantined DKIM_UNPROVED']);
  });

  test('with a key in testing proves nothing, RFC 6376 §3.6.1', async () => {
    keys.setTags('s1._domainkey.sender.example', 't=y;');
    expect(shortly(await take(await keys.sign(reportMail(report))))).toEqual(['quarantined DKIM_UNPROVED']);
  });

  test('whose key DNS does not tell is to be taken in again; a key that is not there is final', async () => {
    const mail = await keys.sign(reportMail(report));
    keys.set('s1._domainkey.sender.example', 'failed');
    expect(shortly(await take(mail))).toEqual(['again']);
    expect(shortly(await take(mail, { acceptUnsigned: true }))).toEqual(['again']);
    keys.set('s1._domainkey.sender.example', null);
    expect(shortly(await take(mail))).toEqual(['quarantined DKIM_UNPROVED']);
  });

  test('of another signer whose key DNS does not tell is not waited for', async () => {
    keys.set('s1._domainkey.evil.example', 'failed');
    const mail = await keys.sign(reportMail(report), { domain: 'evil.example' });
    expect(shortly(await take(mail))).toEqual(['quarantined DKIM_UNPROVED']);
  });

  test('with many signatures is not worth the queries', async () => {
    let mail = reportMail(report);
    for (let n = 0; n < 6; n++) mail = await keys.sign(mail, { selector: `n${n}` });
    expect(shortly(await take(mail))).toEqual(['quarantined DKIM_UNPROVED']);
    expect(keys.asked).toEqual([]);
  });

  test('without contact-info in its report is from whoever its header says', async () => {
    const mail = await keys.sign(reportMail(reportWith({ 'contact-info': null })));
    expect(shortly(await take(mail))).toEqual(['dkim sender.example']);
    const other = await keys.sign(reportMail(reportWith({ 'contact-info': null })), { domain: 'evil.example' });
    expect(shortly(await take(other))).toEqual(['quarantined DKIM_UNPROVED']);
  });

  test('names the domain in its headers only where they are signed; else whoever has a signed mail could say another', async () => {
    const nameless = policyWith({ 'policy-domain': undefined });
    const mail = reportMail(nameless, { fileName: 'report.json.gz' });
    const headerList = 'From:TLS-Report-Domain:TLS-Report-Submitter';
    const other = 'TLS-Report-Domain: mx1.example.com\r\n';
    const signed = await keys.sign(mail, { headerList });
    expect(await take(signed)).toMatchObject([{ kind: 'keep', report: { domain: 'example.com' } }]);
    expect(await take(Buffer.concat([Buffer.from(other), signed]))).toMatchObject([
      { report: { domain: 'example.com' } },
    ]);
    expect(shortly(await take(await keys.sign(mail)))).toEqual(['quarantined NO_POLICY_DOMAIN']);
    const name = 'Content-Disposition: attachment; filename="a!mx1.example.com!1!2.json"\r\n';
    const alone = await keys.sign(Buffer.from(`From: tls@sender.example\r\n${name}\r\n${nameless}\r\n`), {
      headerList: 'From',
    });
    expect(shortly(await take(alone))).toEqual(['quarantined NO_POLICY_DOMAIN']);
    // The name of a file in a part stands in the body, which is signed.
    const named = await keys.sign(reportMail(nameless));
    expect(await take(Buffer.concat([Buffer.from(other), named]))).toMatchObject([
      { report: { domain: 'example.com' } },
    ]);
  });

  test('forwarded whole as an attachment still verifies, also in two wrappings', async () => {
    const mail = await keys.sign(reportMail(report));
    expect(shortly(await take(forwarded(mail)))).toEqual(['dkim sender.example']);
    expect(shortly(await take(forwarded(forwarded(mail))))).toEqual(['dkim sender.example']);
    expect(shortly(await take(forwarded(forwarded(forwarded(mail)))))).toEqual(['rejected NOT_A_REPORT']);
  });

  test('counts whatever its part is called', async () => {
    const odd = reportMail('', { attachment: Buffer.from(report), fileName: 'x.bin', contentType: 'text/plain' });
    expect(shortly(await take(await keys.sign(odd)))).toEqual(['dkim sender.example']);
  });

  test.each([
    ['no report', Buffer.from('Subject: hi\r\n\r\nHello\r\n'), 'rejected NOT_A_REPORT'],
    ['nothing', Buffer.alloc(0), 'rejected NOT_A_REPORT'],
    ['a DMARC report', reportMail('<?xml version="1.0"?><feedback/>'), 'rejected NOT_A_REPORT'],
    ['half a gzip', reportMail('', { attachment: gzipSync(report).subarray(0, 60) }), 'rejected GZIP_BROKEN'],
    ['a bomb', reportMail('', { attachment: gzipSync(Buffer.alloc(11 << 20)) }), 'rejected UNPACKS_TOO_LARGE'],
    ['a report with a fault', reportMail(reportWith({ 'report-id': null })), 'rejected REPORT_FIELD'],
    ['long headers', Buffer.from(`X: ${'a'.repeat(300 << 10)}\r\n\r\n`), 'rejected MAIL_BROKEN'],
    [
      'many parts',
      Buffer.from(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(200)}`),
      'rejected MAIL_BROKEN',
    ],
  ])('with %s is set aside with the reason', async (_what, mail, outcome) => {
    expect(shortly(await take(mail))).toEqual([outcome]);
  });
});

describe('a file', () => {
  test.each([
    ['JSON', Buffer.from(` \ufeff${report}`.trim())],
    ['gzip', gzipSync(report)],
  ])('of %s comes by hand, and needs no signature', async (_kind, bytes) => {
    expect(shortly(await take(bytes))).toEqual(['file']);
  });

  test('names the domain in its name where the report does not, RFC 8460 §5.1', async () => {
    const bytes = Buffer.from(policyWith({ 'policy-domain': undefined }));
    const found = await take(bytes, {}, 'in/sender.example!example.com!1!2.json');
    expect(found).toMatchObject([{ kind: 'keep', report: { domain: 'example.com' } }]);
    expect(shortly(await take(bytes, {}, 'in/report.json'))).toEqual(['quarantined NO_POLICY_DOMAIN']);
  });

  test('about several domains is cut, and each part judged by itself', async () => {
    const domains = ['example.com', 'other.example', 'mx1.example.com', 'example.com'];
    const found = await take(Buffer.from(reportWith({ policies: domains.map(tlsaOf) })));
    expect(shortly(found)).toEqual(['file', 'quarantined NOT_OUR_DOMAIN', 'file']);
    expect(found[0]).toMatchObject({ report: { domain: 'example.com', policies: [{}, {}] } });
  });

  test.each([
    ['too large', null, 'rejected FILE_TOO_LARGE'],
    [
      'from the day after tomorrow',
      Buffer.from(rangeOf('2026-09-09T06:00:01Z', '2026-09-10T00:00:00Z')),
      'quarantined DATE_IN_FUTURE',
    ],
    [
      'with absurd counts',
      Buffer.from(summaryWith({ 'total-successful-session-count': 1e12 })),
      'quarantined COUNT_IMPLAUSIBLE',
    ],
    ['of XML', Buffer.from('<feedback/>'), 'rejected NOT_A_REPORT'],
  ])('%s is set aside with the reason', async (_what, bytes, outcome) => {
    expect(shortly(await take(bytes))).toEqual([outcome]);
  });

  test('that is set aside is kept as it came, up to 1 MiB', async () => {
    const [small] = await take(Buffer.from('{"x":1}'));
    expect(small?.kind === 'set-aside' && small.item.content?.length).toBe(7);
    const [large] = await take(Buffer.from(`{"x":"${'x'.repeat(1 << 20)}"}`));
    expect(large?.kind === 'set-aside' && large.item.content).toBeNull();
  });
});
