/** `reports.https` and `reports.lmtp`: what they become, and what is refused. */
import { describe, expect, it } from 'vitest';
import type { ReportsConfig } from '../../../src/core/config/model.ts';
import { codes, good, HEAD } from './load.ts';

const DOMAIN = 'domains: { example.com: { mx: [mx1.example.com] } }\n';

function reports(keys: string): ReportsConfig {
  return good(`${HEAD}reports: { ${keys} }\n${DOMAIN}`).reports;
}

function codesOf(keys: string): readonly string[] {
  return codes(`${HEAD}reports: { ${keys} }\n${DOMAIN}`);
}

describe('reports.https', () => {
  it.each([
    ['', null],
    ['https: {}', { path: '/tls-reports', listen: [] }],
    ['https:', { path: '/tls-reports', listen: [] }],
    ['https: { path: /v1/tlsrpt }', { path: '/v1/tlsrpt', listen: [] }],
    ['https: { listen: "127.0.0.1:9782" }', { path: '/tls-reports', listen: ['127.0.0.1:9782'] }],
    [
      'https: { listen: ["[::1]:1", systemd:r], plainOnNetwork: true }',
      { path: '/tls-reports', listen: ['[::1]:1', 'systemd:r'] },
    ],
  ])('reads %j', (keys, https) => {
    expect(reports(keys).https).toEqual(https);
  });

  it.each([
    'tls-reports',
    '/',
    '//a',
    '/a/',
    '/a/../b',
    '/a?b',
    '/a%20b',
    '/.well-known/acme-challenge/a',
    '/ask',
    '/a b',
  ])('refuses the path %j', (path) => {
    expect(codesOf(`https: { path: "${path}" }`)).toEqual(['BAD_VALUE']);
  });

  it('refuses plain HTTP on a network that nobody stated', () => {
    expect(codesOf('https: { listen: "0.0.0.0:80" }')).toEqual(['BAD_VALUE']);
    expect(codesOf('https: { listen: systemd:r }')).toEqual(['BAD_VALUE']);
  });
});

describe('reports.lmtp', () => {
  it.each([
    ['lmtp: { listen: "127.0.0.1:24" }', { listen: '127.0.0.1:24', protocol: 'lmtp', recipients: null }],
    ['lmtp: { listen: ./lmtp.sock }', { listen: '/etc/stsync/lmtp.sock', protocol: 'lmtp', recipients: null }],
    [
      'lmtp: { listen: "[::]:25", protocol: smtp, recipients: ["tls@bücher.example"] }',
      { listen: '[::]:25', protocol: 'smtp', recipients: ['tls@xn--bcher-kva.example'] },
    ],
  ])('reads %j', (keys, lmtp) => {
    expect(reports(keys).lmtp).toEqual(lmtp);
  });

  it.each([
    ['lmtp: {}', 'MISSING_KEY'],
    ['lmtp: { listen: lmtp.sock }', 'BAD_ADDRESS'],
    [`lmtp: { listen: /${'x'.repeat(107)} }`, 'BAD_VALUE'],
    ['lmtp: { listen: "127.0.0.1:24", recipients: [] }', 'BAD_VALUE'],
    ['lmtp: { listen: "127.0.0.1:24", recipients: [tls] }', 'BAD_VALUE'],
    ['lmtp: { listen: "127.0.0.1:24", protocol: pop3 }', 'UNKNOWN_VALUE'],
  ])('refuses %j', (keys, code) => {
    expect(codesOf(keys)).toEqual([code]);
  });
});
