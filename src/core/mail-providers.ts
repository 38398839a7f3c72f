/**
 * Floor 0. What is known of mail providers: how their MX hosts look, which patterns cover them, and whether they serve a policy for their
 * customers. A row has the address where the name is given out by the provider, or says where the names were seen. What has no such support is
 * not here: an unknown provider costs nothing, since the live MX hosts themselves are always right patterns.
 */
import { matchMx } from './mx.ts';
import { byCodePoint, isWithin } from './names.ts';

export interface MailProvider {
  readonly name: string;
  /** A host is the provider's when one of these matches (as in a policy), or is a suffix: `.pphosted.com` matches at any depth. */
  readonly hosts: readonly string[];
  /** Patterns that cover every host of one kind: the first of each pair matches the live host. Empty: list the live hosts. */
  readonly patterns: readonly string[];
  /** Where both records of the domain can be CNAMEs to, so that the provider serves the policy (RFC 8461 §8.2). Null: it does not. */
  readonly delegation: { readonly idRecord: string; readonly policyHost: string | null } | null;
  /** What a person should know; whole sentences. */
  readonly note: string | null;
  /** Where the names come from. */
  readonly source: string;
}

const REPOSITORIES = 'zone data in public repositories';

export const mailProviders: readonly MailProvider[] = [
  {
    name: 'Microsoft 365',
    // The new names (DNSSEC and DANE) have the tenant, then a label of their own: example-com.a-v1.mx.microsoft.
    hosts: ['*.mail.protection.outlook.com', '.mx.microsoft'],
    patterns: ['*.mail.protection.outlook.com'],
    delegation: null,
    note: 'Microsoft does not serve the policy. `*.mx.microsoft` does not match `tenant.a-v1.mx.microsoft`: the wildcard is one label.',
    source: 'https://learn.microsoft.com/purview/enhancing-mail-flow-with-mta-sts',
  },
  {
    name: 'Outlook.com (consumer)',
    hosts: ['*.olc.protection.outlook.com'],
    patterns: ['*.olc.protection.outlook.com'],
    delegation: null,
    note: null,
    source: REPOSITORIES,
  },
  {
    name: 'Google Workspace',
    hosts: ['smtp.google.com', 'aspmx.l.google.com', '*.aspmx.l.google.com', '*.googlemail.com'],
    patterns: ['smtp.google.com', 'aspmx.l.google.com', '*.aspmx.l.google.com', '*.googlemail.com'],
    delegation: null,
    note: 'Google does not serve the policy. `*.l.google.com` does not match `alt1.aspmx.l.google.com`.',
    source: 'https://support.google.com/a/answer/174125',
  },
  {
    name: 'Gmail (consumer)',
    hosts: ['gmail-smtp-in.l.google.com', '*.gmail-smtp-in.l.google.com'],
    patterns: ['gmail-smtp-in.l.google.com', '*.gmail-smtp-in.l.google.com'],
    delegation: null,
    note: null,
    source: 'https://mta-sts.gmail.com/.well-known/mta-sts.txt',
  },
  {
    name: 'Proton Mail',
    hosts: ['mail.protonmail.ch', 'mailsec.protonmail.ch'],
    patterns: ['mail.protonmail.ch', 'mailsec.protonmail.ch'],
    delegation: null,
    note: null,
    source: 'https://mta-sts.protonmail.com/.well-known/mta-sts.txt',
  },
  {
    name: 'Zoho Mail',
    hosts: ['mx.zoho.com', 'mx.zoho.eu', 'mx.zoho.in', '*.zoho.com', '*.zoho.eu', '*.zoho.in', '*.zohomail.com'],
    patterns: [],
    delegation: null,
    note: 'The names depend on the data centre: mx, mx2 and mx3 of zoho.com, zoho.eu, zoho.in and so on.',
    source: REPOSITORIES,
  },
  {
    name: 'Fastmail',
    hosts: ['*.messagingengine.com'],
    patterns: ['*.messagingengine.com'],
    delegation: null,
    note: null,
    source: REPOSITORIES,
  },
  {
    name: 'Cloudflare Email Routing',
    hosts: ['*.mx.cloudflare.net'],
    patterns: ['*.mx.cloudflare.net'],
    delegation: { idRecord: '_mta-sts.mx.cloudflare.net', policyHost: null },
    note:
      'Cloudflare gives an id record to point at (with the proxy off), but no host that answers for your name: a Worker or another host has ' +
      'to serve the policy of mta-sts.mx.cloudflare.net.',
    source: 'https://developers.cloudflare.com/email-routing/setup/mta-sts/',
  },
  {
    name: 'iCloud Mail',
    hosts: ['*.mail.icloud.com'],
    patterns: ['*.mail.icloud.com'],
    delegation: null,
    note: null,
    source: REPOSITORIES,
  },
  {
    name: 'Mimecast',
    hosts: ['.mimecast.com'],
    patterns: [],
    delegation: null,
    note: 'The names depend on the region; list the live hosts.',
    source: REPOSITORIES,
  },
  {
    name: 'Proofpoint',
    // mx0a-00000000.pphosted.com and mxa-00000000.gslb.pphosted.com: one label or two.
    hosts: ['.pphosted.com', '.ppe-hosted.com'],
    patterns: [],
    delegation: null,
    note: 'Names with `gslb` have two labels before pphosted.com, which `*.pphosted.com` does not match; list the live hosts.',
    source: REPOSITORIES,
  },
  {
    name: 'Yandex',
    hosts: ['mx.yandex.net', 'mx.yandex.ru'],
    patterns: ['mx.yandex.net', 'mx.yandex.ru'],
    delegation: null,
    note: null,
    source: REPOSITORIES,
  },
  {
    name: 'Tuta',
    hosts: ['mail.tutanota.de'],
    patterns: ['mail.tutanota.de'],
    delegation: { idRecord: 'mta-sts.tutanota.de', policyHost: 'mta-sts.tutanota.de' },
    note: 'Tuta serves the policy for your name: both `_mta-sts` and `mta-sts` are CNAMEs to mta-sts.tutanota.de.',
    source: REPOSITORIES,
  },
  {
    name: 'Migadu',
    hosts: ['aspmx1.migadu.com', 'aspmx2.migadu.com'],
    patterns: ['aspmx1.migadu.com', 'aspmx2.migadu.com'],
    delegation: null,
    note: null,
    source: REPOSITORIES,
  },
  {
    name: 'mailbox.org',
    hosts: ['mxext1.mailbox.org', 'mxext2.mailbox.org', 'mxext3.mailbox.org'],
    patterns: ['mxext1.mailbox.org', 'mxext2.mailbox.org', 'mxext3.mailbox.org'],
    delegation: null,
    note: null,
    source: REPOSITORIES,
  },
  {
    name: 'Titan',
    hosts: ['mx1.titan.email', 'mx2.titan.email'],
    patterns: ['mx1.titan.email', 'mx2.titan.email'],
    delegation: null,
    note: null,
    source: REPOSITORIES,
  },
  {
    name: 'GoDaddy',
    hosts: [
      'smtp.secureserver.net',
      'mailstore1.secureserver.net',
      '.europe.secureserver.net',
      '.asia.secureserver.net',
    ],
    patterns: [],
    delegation: null,
    note: 'Microsoft 365 bought at GoDaddy has the MX of Microsoft.',
    source: REPOSITORIES,
  },
  {
    name: 'OVHcloud',
    hosts: ['*.mail.ovh.net', 'mx0.ovh.net', 'mx1.ovh.net', 'mx2.ovh.net', 'mx3.ovh.net', 'mx4.ovh.net'],
    patterns: [],
    delegation: null,
    note: null,
    source: REPOSITORIES,
  },
  {
    name: 'IONOS',
    hosts: ['*.ionos.com', '*.ionos.de', '*.ionos.co.uk', '*.ionos.es', '*.ionos.fr'],
    patterns: [],
    delegation: null,
    note: 'mx00 and mx01 of ionos.com, ionos.de and so on: list the live hosts.',
    source: REPOSITORIES,
  },
  {
    name: 'Gandi',
    hosts: ['spool.mail.gandi.net', 'fb.mail.gandi.net'],
    patterns: ['spool.mail.gandi.net', 'fb.mail.gandi.net'],
    delegation: null,
    note: null,
    source: REPOSITORIES,
  },
  {
    name: 'Infomaniak',
    hosts: ['mta-gw.infomaniak.ch'],
    patterns: ['mta-gw.infomaniak.ch'],
    delegation: null,
    note: null,
    source: REPOSITORIES,
  },
];

/** The provider of one MX host; null: none that is known. `recogniseHost('tenant.a-v1.mx.microsoft')` is Microsoft 365. */
export function recogniseHost(host: string): MailProvider | null {
  const isIts = (one: string): boolean => (one.startsWith('.') ? isWithin(host, one.slice(1)) : matchMx(one, host));
  return mailProviders.find((provider) => provider.hosts.some(isIts)) ?? null;
}

/** The providers of these MX hosts, each once, in the order of the table. Several: mail goes to several. */
export function recogniseProvider(mxHosts: readonly string[]): readonly MailProvider[] {
  const found = new Set(mxHosts.map(recogniseHost));
  return mailProviders.filter((provider) => found.has(provider));
}

/**
 * Patterns that cover exactly the live hosts and what their provider may put in their place: the provider's pattern where it has one that
 * matches, else the host itself. For the new names of Microsoft 365 the wildcard stands for the tenant: `*.a-v1.mx.microsoft`.
 */
export function patternsFor(mxHosts: readonly string[]): readonly string[] {
  const patterns = mxHosts.flatMap((host): readonly string[] => {
    const provider = recogniseHost(host);
    const [, tail] = /^[^.]+\.([^.]+\.mx\.microsoft)$/.exec(host) ?? [];
    if (tail !== undefined) return [`*.${tail}`];
    const matching = provider?.patterns.filter((pattern) => matchMx(pattern, host)) ?? [];
    return matching.length > 0 ? matching : [host];
  });
  return [...new Set(patterns)].toSorted(byCodePoint);
}
