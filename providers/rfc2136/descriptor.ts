/** What the provider `rfc2136` is, as data. docs/providers/rfc2136.md shows the same rights, and tests run with them. */
import type { ProviderDescriptor } from '../../src/provider.ts';

const BIND = `update-policy {
  grant stsync name _mta-sts.example.com. TXT;
  grant stsync name _smtp._tls.example.com. TXT;
  grant stsync name mta-sts.example.com. CNAME;
};`;

const KNOT = `acl:
  - id: stsync
    key: stsync
    action: update
    update-type: [TXT, CNAME]
    update-owner: name
    update-owner-match: equal
    update-owner-name: [_mta-sts, _smtp._tls, mta-sts]`;

const POWERDNS = `pdnsutil set-meta example.com TSIG-ALLOW-DNSUPDATE stsync
pdnsutil set-meta example.com ALLOW-DNSUPDATE-FROM 127.0.0.1/32`;

export const descriptor: ProviderDescriptor = {
  type: 'rfc2136',
  title: 'Dynamic update with TSIG (BIND, Knot, PowerDNS and others)',
  options: [
    {
      name: 'server',
      kind: 'host-port',
      isRequired: true,
      description: 'The primary server, HOST or HOST:PORT',
      environment: 'RFC2136_NAMESERVER',
    },
    {
      name: 'keyFile',
      kind: 'path',
      isRequired: false,
      description: 'A TSIG key file in the form of BIND (tsig-keygen)',
    },
    {
      name: 'tsig',
      kind: {
        group: [
          {
            name: 'name',
            kind: 'text',
            isRequired: true,
            description: 'Name of the key',
            environment: 'RFC2136_TSIG_KEY',
          },
          {
            name: 'algorithm',
            kind: 'text',
            isRequired: true,
            description: 'hmac-sha256, hmac-sha384, hmac-sha512, hmac-sha224 or hmac-sha1',
            environment: 'RFC2136_TSIG_ALGORITHM',
          },
          {
            name: 'secret',
            kind: 'secret',
            isRequired: true,
            description: 'The key in Base64',
            environment: 'RFC2136_TSIG_SECRET',
          },
        ],
      },
      isRequired: false,
      description: 'The TSIG key written out',
    },
  ],
  exactlyOneOf: [['keyFile', 'tsig']],
  leastPrivilege: `BIND, in the zone:\n${BIND}\nKnot:\n${KNOT}\nPowerDNS, the whole zone:\n${POWERDNS}`,
  limits: [
    'BIND and Knot ignore a CNAME beside other data without an error (2026), so every update is read back.',
    'PowerDNS knows no rights by name: the key may change the whole zone (4.7, 2026).',
    'TCP only, 32 connections at a time, 10 seconds for an answer; the changes of one zone in one message of at most 65,535 bytes.',
    'Wildcards are not expanded: a record is read at the name where it stands.',
  ],
  documentation: 'https://www.rfc-editor.org/rfc/rfc2136',
  isBuilt: true,
};
