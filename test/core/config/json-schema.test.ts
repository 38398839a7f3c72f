/** The JSON Schema and `parseConfig` come from one definition; ajv reads the schema here as an editor would. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse as parseYamlText } from 'yaml';
import { configJsonSchema } from '../../../src/core/config/config-shape.ts';
import { codes, HEAD, testDescriptors } from './load.ts';

const schema = configJsonSchema(testDescriptors);
const check = new Ajv({ strict: false }).compile(JSON.parse(JSON.stringify(schema)));

function accepts(text: string): boolean {
  return check(parseYamlText(text));
}

const FULL = `version: 1
providers:
  local: { type: zonefile, directory: ./zones, reload: rndc reload }
  update: { type: rfc2136, server: "192.0.2.1:53", keyFile: ./key }
publisher: { type: directory, directory: ./policies, addresses: [192.0.2.1], proof: file, spread: 1m }
state: ./stsync.db
world:
  resolvers: ["127.0.0.1:53"]
  authorities: { example.com: ["127.0.0.1:5301"] }
  connectTo: { "mta-sts.example.com:443": "127.0.0.1:8443" }
  caFile: ./ca.pem
  allowPrivateAddresses: false
  smtpProbe: off
  concurrency: 256
  deadline: 10m
schedule: "*/15 * * * *"
source: { git: "git@git.example.net:dns.git", branch: main, path: domains, interval: 1m, keyFile: ./deploy_key }
daemon:
  listen: 0.0.0.0:9780
  auth: { type: header, header: X-Forwarded-User, from: [10.0.0.5/32, 10.0.1.1] }
  hooks: { secret: "\${env:HOOK}" }
  timezone: Europe/Berlin
  domainMetrics: true
notifications:
  - { type: webhook, url: "\${env:HOOK}", template: slack, on: [drift, held, failed, recovered] }
  - { type: mail, to: [ops@example.com], from: stsync@example.com, server: "localhost:25", on: [failed] }
limits: { changedDomains: 50, changedPercent: 2.5 }
defaults: { provider: local, maxAge: 1d, ttl: 300, tlsReports: ["mailto:tls-reports@example.net"] }
profiles:
  m365: { mx: ["*.mail.protection.outlook.com"], mode: enforce, allow: [testing-before-enforce] }
domains:
  example.com:
    provider: { _mta-sts: [local, update], mta-sts: local }
    publisher: { type: external, hostname: policies.example.net }
    mx: live
    mode: none
    maxAge: 2w
    testingFor: 4w
    observe: provider
    idRecord: _mta-sts.example.net
    adopt: true
    absent: false
  example.org: { profile: m365 }
  example.net: { mx: [mx1.example.net] }
`;
const EMPTY_DOMAIN = `${HEAD}defaults: { mx: live }\ndomains:\n  example.com:\n`;
const one = (keys: string): string => `${HEAD}domains: { example.com: { ${keys} } }\n`;

describe('the JSON Schema', () => {
  it.each([
    ['every key', FULL],
    ['a domain with nothing after the colon', EMPTY_DOMAIN],
    ['a plain config', one('mx: [mx1.example.com]')],
  ])('accepts %s, as validate does', (_title, text) => {
    expect(codes(text, { environment: { HOOK: 'https://chat.example.net/hook' } })).toEqual([]);
    expect(accepts(text)).toBe(true);
  });

  it.each([
    ['an unknown key of a domain', one('mx: live, max_age: 1d')],
    ['an unknown key at the top', `${HEAD}domain: {}\n`],
    ['an unknown option of a provider', HEAD.replace('directory: ./zones', 'directory: ./zones, dir: x')],
    ['an unknown type of provider', HEAD.replace('zonefile', 'zone-file')],
    ['a missing option', HEAD.replace(', directory: ./zones', '')],
    ['neither of two keys of which one is needed', HEAD.replace(', hostname: policies.example.net', '')],
    ['both of two keys of which one is needed', HEAD.replace('hostname:', 'addresses: [192.0.2.1], hostname:')],
    ['an unknown mode', one('mx: live, mode: enforced')],
    ['a bad duration', one('mx: live, maxAge: 2 weeks')],
    ['a max_age that is too large', one('mx: live, maxAge: 31557601')],
    ['text for a list', one('mx: mx1.example.com')],
    ['an unknown guard', one('mx: live, allow: [no-guard]')],
    ['allow in the defaults', `${HEAD}defaults: { allow: [reports-agree] }\n`],
    ['a profile in a profile', `${HEAD}profiles: { a: { profile: b } }\n`],
    ['a version that is not 1', HEAD.replace('version: 1', 'version: 2')],
    ['a source without a repository', `${HEAD}source: { branch: main }\n`],
    ['an unknown key of the daemon', `${HEAD}daemon: { listn: off }\n`],
    ['an unknown way to log in', `${HEAD}daemon: { auth: { type: oidc } }\n`],
    [
      'an unknown change to tell',
      `${HEAD}notifications: [{ type: mail, to: [a@b.example], from: a@b.example, on: [changed] }]\n`,
    ],
    ['a hook secret written out', `${HEAD}daemon: { hooks: { secret: abc } }\n`],
    ['a secret written out', HEAD.replace('zonefile, directory: ./zones', 'cloudflare, apiToken: abc')],
  ])('refuses %s, as validate does', (_title, text) => {
    expect(codes(text)).not.toEqual([]);
    expect(accepts(text)).toBe(false);
  });

  it('accepts domains.example.yaml, as validate does', () => {
    const text = readFileSync(path.join(import.meta.dirname, '../../../domains.example.yaml'), 'utf8');
    expect(codes(text)).toEqual([]);
    expect(accepts(text)).toBe(true);
  });

  it('describes every key in one sentence', () => {
    const lacking = Object.entries(schema.properties ?? {}).filter(
      ([, { description }]) => !description?.endsWith('.'),
    );
    expect(lacking).toEqual([]);
  });
});
