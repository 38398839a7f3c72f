/** `reports.imap`: what it becomes. The texts of the faults stand in test/bad-config. */
import { describe, expect, it } from 'vitest';

import type { ImapMailbox } from '../../../src/core/config/shape-reports-imap.ts';
import { secretValues } from '../../../src/core/secret-values.ts';
import { codes, good, HEAD, type World } from './load.ts';

const DOMAIN = 'domains: { example.com: { mx: [mx1.example.com] } }\n';
const world: World = { environment: { PASSWORD: 'pass-word', CLIENT: 'client-secret', REFRESH: 'refresh-token' } };
const BASE = 'host: imap.example.net, user: reports@example.net';
const OAUTH = 'tokenUrl: "https://login.example.net/token", clientId: app';

function mailboxesOf(yaml: string): readonly ImapMailbox[] {
  return good(`${HEAD}reports: { imap: ${yaml} }\n${DOMAIN}`, world).reports.imap;
}

function command(program: string): unknown {
  return mailboxesOf(`{ ${BASE}, tokenCommand: [${program}, --user, "a b"] }`)[0]?.login;
}

describe('reports.imap', () => {
  it('is none by itself, one as a map, several as a list', () => {
    expect(good(HEAD + DOMAIN).reports.imap).toEqual([]);
    const one = `{ ${BASE}, password: "\${env:PASSWORD}" }`;
    expect(mailboxesOf(one)).toEqual(mailboxesOf(`[${one}]`));
    expect(mailboxesOf(`[${one}, { ${BASE}, folder: Other, password: "\${env:PASSWORD}" }]`)).toHaveLength(2);
  });

  it('has the folders and the pace that most want', () => {
    const [mailbox] = mailboxesOf(`{ ${BASE}, password: "\${env:PASSWORD}" }`);
    expect(mailbox).toMatchObject({
      host: 'imap.example.net',
      port: 993,
      tls: 'implicit',
      user: 'reports@example.net',
      login: { kind: 'password' },
      folder: 'INBOX',
      done: 'TLSRPT-done',
      intervalSeconds: 600,
      caFile: null,
    });
    expect([...secretValues(mailbox)]).toEqual(['pass-word']);
  });

  it('knows the port of STARTTLS, and takes another', () => {
    const ports = ['tls: starttls', 'tls: starttls, port: 1143', 'port: 1993'].map(
      (keys) => mailboxesOf(`{ ${BASE}, password: "\${env:PASSWORD}", ${keys} }`)[0]?.port,
    );
    expect(ports).toEqual([143, 1143, 1993]);
  });

  it.each([
    ['refresh-token, refreshToken: "${env:REFRESH}"', ['refresh-token']],
    [
      'refresh-token, refreshToken: "${env:REFRESH}", clientSecret: "${env:CLIENT}"',
      ['client-secret', 'refresh-token'],
    ],
    ['client-credentials, clientSecret: "${env:CLIENT}", scope: mail', ['client-secret']],
  ])('gets tokens by %s', (type, secrets) => {
    const [mailbox] = mailboxesOf(`{ ${BASE}, oauth: { ${OAUTH}, type: ${type} } }`);
    expect(mailbox?.login.kind).toBe('oauth');
    expect([...secretValues(mailbox)]).toEqual(secrets);
  });

  it('finds a program by name, or by a path from the file that names it', () => {
    expect(command('oama')).toEqual({ kind: 'command', command: ['oama', '--user', 'a b'] });
    expect(command('./token.sh')).toEqual({ kind: 'command', command: ['/etc/stsync/token.sh', '--user', 'a b'] });
  });

  it.each([
    ['http://login.example.net/token', ['BAD_URL']],
    ['https://app:pass@login.example.net/token', ['BAD_URL']],
    ['http://127.0.0.1:8080/token', []],
    ['http://localhost:8080/token', []],
    ['file:///etc/token', ['BAD_URL']],
  ])('sends the secret of the client to %s or not', (url, expected) => {
    const oauth = `type: client-credentials, tokenUrl: "${url}", clientId: a, clientSecret: "\${env:CLIENT}", scope: m`;
    expect(codes(`${HEAD}reports: { imap: { ${BASE}, oauth: { ${oauth} } } }\n${DOMAIN}`, world)).toEqual(expected);
  });
});
