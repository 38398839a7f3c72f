/** Domain, then profile, then defaults, then what is built in (DESIGN section 4). */
import { describe, expect, it } from 'vitest';
import { codes, good, HEAD, onlyDomain } from './load.ts';

const DOMAIN = 'domains: { example.com: { mx: [mx1.example.com] } }\n';

function say(maxAge: string | null): string {
  return maxAge === null ? '{}' : `{ maxAge: ${maxAge} }`;
}

function publisher(name: string): string {
  return `publisher: { type: external, hostname: ${name}.example.net }`;
}

describe('what is built in', () => {
  it('holds where nothing is said', () => {
    expect(onlyDomain(DOMAIN)).toMatchObject({
      domain: 'example.com',
      place: { file: 'domains.yaml', line: 4, column: 12 },
      providers: { kind: 'all', names: ['main'] },
      publisher: { type: 'directory', proof: 'https', spreadSeconds: 0 },
      mode: 'testing',
      maxAgeSeconds: 86_400,
      mx: ['mx1.example.com'],
      ttlSeconds: 300,
      tlsReports: null,
      allow: new Set(),
      adopt: false,
      stepBack: false,
      absent: false,
      observe: 'dns',
      testingForSeconds: 1_209_600,
      idRecord: null,
    });
  });

  it('covers the world, the schedule, the limits and the state', () => {
    expect(good(HEAD + DOMAIN)).toMatchObject({
      state: { kind: 'file', path: '/etc/stsync/stsync.db' },
      schedule: '*/15 * * * *',
      source: null,
      sourceCommit: null,
      daemon: { listen: '127.0.0.1:9780', auth: null, hooks: null, timezone: 'UTC', domainMetrics: false },
      notifications: [],
      reports: { acceptUnsigned: false, strict: false, https: null, lmtp: null, imap: [] },
      limits: { changedDomains: 50, changedPercent: 10 },
      world: {
        resolvers: [],
        authorities: new Map(),
        connectTo: new Map(),
        caFile: null,
        allowPrivateAddresses: false,
        smtpProbe: true,
        concurrency: 256,
        deadlineSeconds: 600,
      },
    });
  });
});

describe('precedence', () => {
  // Each row: what defaults, profile and domain say of maxAge, and what holds.
  it.each([
    ['the defaults over what is built in', '2d', null, null, 172_800],
    ['the profile over the defaults', '2d', '3d', null, 259_200],
    ['the domain over the profile', '2d', '3d', '4d', 345_600],
    ['the domain over the defaults', '2d', null, '4d', 345_600],
    ['the profile over what is built in', null, '3d', null, 259_200],
  ])('takes %s', (_title, defaults, profile, domain, seconds) => {
    const own = domain === null ? '' : `maxAge: ${domain}, `;
    const text = `defaults: ${say(defaults)}\nprofiles: { p: ${say(profile)} }\ndomains: { example.com: { ${own}profile: p, mx: [a.example] } }\n`;
    expect(onlyDomain(text).maxAgeSeconds).toBe(seconds);
  });

  it('replaces lists whole and never adds to them', () => {
    const text = `profiles: { p: { mx: [a.example], allow: [reports-agree], tlsReports: ["mailto:a@example.com"] } }
domains: { example.com: { profile: p, mx: [b.example], allow: [], tlsReports: [] } }\n`;
    expect(onlyDomain(text)).toMatchObject({ mx: ['b.example'], allow: new Set(), tlsReports: [] });
  });

  it('takes the publisher of the domain, the profile, the defaults, then the top level', () => {
    const config = good(`${HEAD}defaults: { mx: live, ${publisher('c')} }
profiles: { p: { ${publisher('b')} } }
domains:
  a.example.com: { profile: p, ${publisher('a')} }
  b.example.com: { profile: p }
  c.example.com:
`);
    const targets = config.domains.map(({ publisher: { target } }) =>
      target.kind === 'hostname' ? target.hostname : null,
    );
    expect(targets).toEqual(['a.example.net', 'b.example.net', 'c.example.net']);
    expect(config.publisherHostnames).toEqual([
      'a.example.net',
      'b.example.net',
      'c.example.net',
      'policies.example.net',
    ]);
  });

  it('lets a domain be empty where the defaults suffice', () => {
    expect(onlyDomain('defaults: { mx: live }\ndomains:\n  example.com:\n').mx).toBe('live');
  });

  it('asks for no MX under mode none and under absent', () => {
    expect(onlyDomain('domains: { example.com: { mode: none } }').mx).toEqual([]);
    expect(onlyDomain('domains: { example.com: { absent: true } }').absent).toBe(true);
  });
});

describe('providers of a domain', () => {
  const two = HEAD.replace('main:', 'second: { type: memory }, main:');

  it('are the only one where there is one, and have to be named where there are two', () => {
    expect(onlyDomain(DOMAIN).providers).toEqual({ kind: 'all', names: ['main'] });
    expect(codes(two + DOMAIN)).toEqual(['NO_PROVIDER']);
  });

  it('may be a list, for a zone that is hosted twice', () => {
    const [domain] = good(`${two}domains: { example.com: { mx: live, provider: [main, second] } }`).domains;
    expect(domain?.providers).toEqual({ kind: 'all', names: ['main', 'second'] });
  });

  it('may be told by record; what the map leaves out comes from the level below', () => {
    const text = `${two}defaults: { provider: main }\ndomains: { example.com: { mx: live, provider: { _mta-sts: [main, second], mta-sts: second } } }`;
    const [domain] = good(text).domains;
    expect(domain?.providers).toEqual({
      kind: 'by-record',
      byRecord: new Map([
        ['_mta-sts', ['main', 'second']],
        ['mta-sts', ['second']],
        ['_smtp._tls', ['main']],
      ]),
    });
  });

  it('may leave out _smtp._tls where there are no TLS reports', () => {
    const map = 'provider: { _mta-sts: main, mta-sts: second }';
    expect(codes(`${two}domains: { example.com: { mx: live, ${map} } }`)).toEqual([]);
    expect(codes(`${two}domains: { example.com: { mx: live, ${map}, tlsReports: [] } }`)).toEqual(['NO_PROVIDER']);
  });
});
