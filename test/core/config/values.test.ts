/** Single values: durations, names, patterns, paths, secrets, the world. */
import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/core/secret.ts';
import { codes, good, HEAD, onlyDomain, parse, printed } from './load.ts';

const DOMAIN = 'domains: { example.com: { mx: [mx1.example.com] } }\n';
const withKey = (key: string): string => `domains: { example.com: { mx: [mx1.example.com], ${key} } }\n`;

function cloudflare(token: string): string {
  return HEAD.replace('zonefile, directory: ./zones', `cloudflare, apiToken: ${token}`);
}

function publisherOf(text: string): unknown {
  return good(`${HEAD.replace(/publisher.*/, `publisher: ${text}`)}${DOMAIN}`).domains[0]?.publisher;
}

describe('a duration', () => {
  it.each([
    ['300', 300],
    ['"300"', 300],
    ['90s', 90],
    ['5m', 300],
    ['2h', 7200],
    ['1d', 86_400],
    ['2w', 1_209_600],
    ['"2w"', 1_209_600],
    ['012', 12],
    ['31557600', 31_557_600],
  ])('reads %s', (text, seconds) => {
    expect(onlyDomain(withKey(`maxAge: ${text}`)).maxAgeSeconds).toBe(seconds);
  });

  it.each([
    ['2 w', 'BAD_DURATION'],
    ['2W', 'BAD_DURATION'],
    ['1.5d', 'BAD_DURATION'],
    ['-1', 'BAD_DURATION'],
    ['1e99', 'BAD_DURATION'],
    ['.nan', 'BAD_DURATION'],
    ['1y', 'BAD_DURATION'],
    ['""', 'BAD_DURATION'],
    ['0', 'MAX_AGE_RANGE'],
    ['53w', 'MAX_AGE_RANGE'],
    ['null', 'WRONG_TYPE'],
  ])('refuses %s', (text, code) => {
    expect(codes(HEAD + withKey(`maxAge: ${text}`))).toEqual([code]);
  });

  it('may be 0 for testingFor', () => {
    expect(onlyDomain(withKey('testingFor: 0')).testingForSeconds).toBe(0);
  });
});

describe('names', () => {
  it('become A-labels in lower case without the final dot', () => {
    const config = good(`${HEAD}domains:\n  Bücher.Example.: { mx: [MX.Bücher.example., "*.Example.NET"] }\n`);
    expect(config.domains[0]).toMatchObject({
      domain: 'xn--bcher-kva.example',
      mx: ['*.example.net', 'mx.xn--bcher-kva.example'],
    });
  });

  it('make a set of patterns: order, case and doubles in the YAML do not count', () => {
    const a = onlyDomain('domains: { example.com: { mx: [b.example, a.example, B.Example] } }');
    expect(a.mx).toEqual(['a.example', 'b.example']);
  });

  it('sort the domains by code point', () => {
    const config = good(`${HEAD}defaults: { mx: live }\ndomains: { b.example: , a.example: , a-b.example: }`);
    expect(config.domains.map(({ domain }) => domain)).toEqual(['a-b.example', 'a.example', 'b.example']);
  });

  it('may begin with underscores in idRecord', () => {
    expect(onlyDomain(withKey('idRecord: _MTA-STS.example.net.')).idRecord).toBe('_mta-sts.example.net');
    expect(onlyDomain(withKey('idRecord: ids.example.net')).idRecord).toBe('ids.example.net');
    expect(codes(HEAD + withKey('idRecord: a._b.example.net'))).toEqual(['BAD_NAME']);
  });

  it('keep a domain that looks like a number as text', () => {
    expect(good(`${HEAD}domains: { 1.10e: { mx: live } }`).domains[0]?.domain).toBe('1.10e');
  });
});

describe('paths', () => {
  it('are relative to the file that names them', () => {
    const config = good({
      'conf/a.yaml': `version: 1\nworld: { caFile: ../ca.pem }\n${DOMAIN}`,
      '/srv/b.yaml': 'providers: { main: { type: zonefile, directory: ./zones } }\nstate: data/stsync.db\n',
      'c.yaml': 'publisher: { type: directory, directory: /var/www, hostname: policies.example.net }\n',
    });
    expect(config.world.caFile).toBe('/etc/stsync/ca.pem');
    expect(config.providers.get('main')?.options).toEqual({ directory: '/srv/zones' });
    expect(config.state).toEqual({ kind: 'file', path: '/srv/data/stsync.db' });
    expect(config.domains[0]?.publisher).toMatchObject({ directory: '/var/www' });
  });
});

describe('secrets', () => {
  it('come from the environment, whatever they look like', () => {
    const config = good(cloudflare('"${env:TOKEN}"') + DOMAIN, { environment: { TOKEN: '012' } });
    const token = config.providers.get('main')?.options['apiToken'];
    expect(token).toBeInstanceOf(Secret);
    expect(token instanceof Secret && token.reveal()).toBe('012');
    expect(JSON.stringify(config.providers.get('main'))).not.toContain('012');
  });

  it('come from files relative to the YAML', () => {
    const config = good(cloudflare('"${file:secrets/token}"') + DOMAIN, {
      secretFiles: { '/etc/stsync/secrets/token': 'from the file' },
    });
    const token = config.providers.get('main')?.options['apiToken'];
    expect(token instanceof Secret && token.reveal()).toBe('from the file');
  });

  it('fill in a database URL, which is then a secret as a whole', () => {
    const config = good(`${HEAD}state: "postgres://stsync:\${env:PASSWORD}@db/stsync"\n${DOMAIN}`, {
      environment: { PASSWORD: 'hunter2' },
    });
    expect(config.state.kind === 'url' && config.state.url.reveal()).toBe('postgres://stsync:hunter2@db/stsync');
  });

  it('are a path when what they fill in is one, and a database URL needs none', () => {
    const fromEnvironment = good(`${HEAD}state: "\${env:DIR}/x.db"\n${DOMAIN}`, { environment: { DIR: '/var/lib' } });
    expect(fromEnvironment.state).toEqual({ kind: 'file', path: '/var/lib/x.db' });
    expect(good(`${HEAD}state: postgres://db/stsync\n${DOMAIN}`).state.kind).toBe('url');
  });

  it('are all reported when several are missing, by name and never by value', () => {
    const text = printed(`${cloudflare('"${env:A}${env:B}${file:c}"')}state: "\${env:D}"\n${DOMAIN}`, {
      environment: { A: 'a-secret-value' },
    });
    expect(text.match(/MISSING_SECRET/g)).toHaveLength(3);
    expect(text).toContain('the environment variable B,');
    expect(text).toContain('the file c,');
    expect(text).not.toContain('a-secret-value');
  });

  it('are read in a group of options too', () => {
    const tsig = 'rfc2136, server: ns1.example.com, tsig: { name: k., algorithm: hmac-sha256, secret: "${env:KEY}" }';
    const config = good(HEAD.replace('zonefile, directory: ./zones', tsig) + DOMAIN, {
      environment: { KEY: 'c2VjcmV0' },
    });
    expect(config.providers.get('main')?.options).toMatchObject({ server: 'ns1.example.com', tsig: { name: 'k.' } });
    expect(JSON.stringify([...config.providers])).not.toContain('c2VjcmV0');
  });

  it('are refused when the YAML has them, also as a number', () => {
    expect(codes(cloudflare('0123456789') + DOMAIN)).toEqual(['SECRET_IN_YAML']);
    expect(printed(cloudflare('4711') + DOMAIN)).not.toContain('4711');
  });
});

describe('a publisher', () => {
  it.each([
    ['{ type: directory, directory: d, hostname: h.example, proof: file }', { proof: 'file', spreadSeconds: 0 }],
    ['{ type: external, hostname: h.example }', { proof: 'https', spreadSeconds: 60 }],
    ['{ type: external, hostname: h.example, spread: 5m }', { spreadSeconds: 300 }],
    [
      '{ type: server, hostname: h.example }',
      {
        spreadSeconds: 0,
        isBehindProxy: false,
        listen: ['[::]:443'],
        http: ['[::]:80'],
        proxyProtocol: null,
        certificates: null,
      },
    ],
    ['{ type: server, hostname: h.example, tls: own }', { spreadSeconds: 0, isBehindProxy: false }],
    [
      '{ type: server, hostname: h.example, certificates: { directory: ./certs }, listen: "0.0.0.0:8443" }',
      { certificates: '/etc/stsync/certs', listen: ['0.0.0.0:8443'], http: null, acme: null },
    ],
    [
      '{ type: server, hostname: h.example, listen: ["192.0.2.1:443", "[2001:DB8:0::1]:443"] }',
      { listen: ['192.0.2.1:443', '[2001:db8::1]:443'] },
    ],
    [
      '{ type: server, hostname: h.example, tls: behind-proxy }',
      { spreadSeconds: 60, isBehindProxy: true, listen: ['127.0.0.1:9781'], http: null, acme: null },
    ],
    ['{ type: server, hostname: h.example, tls: behind-proxy, listen: "[::1]:80" }', { listen: ['[::1]:80'] }],
    [
      '{ type: server, hostname: h.example, tls: behind-proxy, listen: "10.0.0.5:80", plainOnNetwork: true }',
      { listen: ['10.0.0.5:80'] },
    ],
    [
      '{ type: server, hostname: h.example, listen: "systemd:https", http: ["systemd:http", "127.0.0.1:8080"] }',
      { listen: ['systemd:https'], http: ['systemd:http', '127.0.0.1:8080'] },
    ],
    [
      '{ type: server, hostname: h.example, proxyProtocol: [10.0.0.0/8, "2001:DB8::5"] }',
      { proxyProtocol: ['10.0.0.0/8', '2001:db8::5/128'] },
    ],
    [
      '{ type: server, addresses: [192.0.2.1, "2001:DB8:0::1"] }',
      { target: { kind: 'addresses', addresses: ['192.0.2.1', '2001:db8::1'] } },
    ],
  ])('reads %s', (text, expected) => {
    expect(publisherOf(text)).toMatchObject(expected);
  });
});

describe('the world', () => {
  it('reads servers with and without a port', () => {
    const { world } = good(`${HEAD}world:
  resolvers: [192.0.2.53, "192.0.2.54:5353", "2001:db8::53", "[2001:db8::54]:5353"]
  authorities: { Example.COM: ["127.0.0.1:5301"] }
  connectTo: { "MTA-STS.example.com:443": "127.0.0.1:8443", "mx1.example.com:25": "[::1]:2525" }
${DOMAIN}`);
    expect(world.resolvers).toEqual(['192.0.2.53:53', '192.0.2.54:5353', '[2001:db8::53]:53', '[2001:db8::54]:5353']);
    expect(world.authorities).toEqual(new Map([['example.com', ['127.0.0.1:5301']]]));
    expect([...world.connectTo]).toEqual([
      ['mta-sts.example.com:443', '127.0.0.1:8443'],
      ['mx1.example.com:25', '[::1]:2525'],
    ]);
  });

  it.each([
    ['on', true],
    ['off', false],
    ['true', true],
    ['false', false],
  ])('reads smtpProbe: %s', (text, value) => {
    expect(good(`${HEAD}world: { smtpProbe: ${text} }\n${DOMAIN}`).world.smtpProbe).toBe(value);
  });
});

describe('warnings', () => {
  it('name a provider and a profile that no domain uses, and stop nothing', () => {
    const result = parse(`${HEAD.replace('main:', 'spare: { type: memory }, main:')}profiles: { p: {} }
domains: { example.com: { mx: live, provider: main } }\n`);
    expect(result.ok && result.warnings.map(({ message }) => message)).toEqual([
      'no domain uses the provider "spare"',
      'no domain uses the profile "p"',
    ]);
  });
});
