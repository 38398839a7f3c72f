/** The table of mail providers: what it recognises, and that its patterns cover what it recognises. */
import { describe, expect, test } from 'vitest';
import { mailProviders, patternsFor, recogniseHost, recogniseProvider } from '../../src/core/mail-providers.ts';
import { coverMx, parsePattern } from '../../src/core/mx.ts';

test.each([
  ['example-com.mail.protection.outlook.com', 'Microsoft 365', ['*.mail.protection.outlook.com']],
  ['example-com.a-v1.mx.microsoft', 'Microsoft 365', ['*.a-v1.mx.microsoft']],
  ['example-com.q-v1.mx.microsoft', 'Microsoft 365', ['*.q-v1.mx.microsoft']],
  ['aspmx.l.google.com', 'Google Workspace', ['aspmx.l.google.com']],
  ['alt1.aspmx.l.google.com', 'Google Workspace', ['*.aspmx.l.google.com']],
  ['aspmx2.googlemail.com', 'Google Workspace', ['*.googlemail.com']],
  ['smtp.google.com', 'Google Workspace', ['smtp.google.com']],
  ['gmail-smtp-in.l.google.com', 'Gmail (consumer)', ['gmail-smtp-in.l.google.com']],
  ['mail.protonmail.ch', 'Proton Mail', ['mail.protonmail.ch']],
  ['mx2.zoho.eu', 'Zoho Mail', ['mx2.zoho.eu']],
  ['in1-smtp.messagingengine.com', 'Fastmail', ['*.messagingengine.com']],
  ['route1.mx.cloudflare.net', 'Cloudflare Email Routing', ['*.mx.cloudflare.net']],
  ['mx01.mail.icloud.com', 'iCloud Mail', ['*.mail.icloud.com']],
  ['eu-smtp-inbound-1.mimecast.com', 'Mimecast', ['eu-smtp-inbound-1.mimecast.com']],
  ['mxa-00000001.gslb.pphosted.com', 'Proofpoint', ['mxa-00000001.gslb.pphosted.com']],
  ['mx00.ionos.co.uk', 'IONOS', ['mx00.ionos.co.uk']],
  ['mx1.mail.ovh.net', 'OVHcloud', ['mx1.mail.ovh.net']],
])('%s is %s, covered by %j', (host, name, patterns) => {
  expect(recogniseHost(host)?.name).toBe(name);
  expect(patternsFor([host])).toEqual(patterns);
});

test.each(['mx1.example.com', 'mail.evil-mx.microsoft.example', 'evilpphosted.com', 'l.google.com'])(
  '%s is nobody that is known, and its own pattern',
  (host) => {
    expect(recogniseProvider([host])).toEqual([]);
    expect(patternsFor([host])).toEqual([host]);
  },
);

test('several providers are named each once, in the order of the table', () => {
  const hosts = ['aspmx.l.google.com', 'alt1.aspmx.l.google.com', 'a.mail.protection.outlook.com'];
  expect(recogniseProvider(hosts).map((one) => one.name)).toEqual(['Microsoft 365', 'Google Workspace']);
  expect(coverMx(patternsFor(hosts), hosts)).toEqual({ uncovered: [], unused: [] });
});

describe.each(mailProviders)('$name', ({ patterns, hosts, source }) => {
  test('has patterns as a policy may have them, and a source', () => {
    for (const pattern of patterns) expect(parsePattern(pattern)).toMatchObject({ ok: true, value: pattern });
    for (const host of hosts.filter((one) => !one.startsWith('.'))) expect(parsePattern(host).ok).toBe(true);
    expect(source).toMatch(/^https:\/\/|repositories/);
  });
});
