/** Login by access token at dovecot, which asks a server of its own what the token is good for (RFC 7662). */
import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';

import type { MailboxLogin } from '../../../src/core/config/shape-reports-imap.ts';
import { Secret } from '../../../src/core/secret.ts';
import { connectMailbox } from '../../../src/effects/reports/imap-mailbox.ts';
import type { MailboxSession } from '../../../src/effects/reports/mailbox.ts';
import { type Dovecot, startDovecot, whyNoDovecot } from '../../servers/dovecot.ts';
import { describeUnless } from '../../servers/programs.ts';
import { sharedCa } from '../../support/shared-ca.ts';
import { mailboxAt } from './mailbox-config.ts';

describeUnless(whyNoDovecot(), 'a login by access token', () => {
  const ca = sharedCa();
  let dovecot: Dovecot;
  let provider: Server;
  let url = '';
  let given = 0;
  const seen: string[] = [];
  /** Both halves of a provider: gives `good-N`, and says that those are good. */
  beforeAll(async () => {
    provider = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const isGood = body.includes('good-');
        seen.push(...(/good-\d/.exec(body) ?? []));
        const fields =
          request.url === '/token' ? { access_token: `good-${++given}` } : { active: isGood, username: 'reports' };
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(fields));
      });
    });
    await new Promise<void>((resolve) => void provider.listen(0, '127.0.0.1', resolve));
    const address = provider.address();
    url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
    const certificate = ca.issue({ names: ['localhost'] });
    dovecot = await startDovecot({ certificate, passwords: {}, introspectionUrl: `${url}/introspect` });
  });
  afterAll(async () => {
    await dovecot[Symbol.asyncDispose]();
    provider.close();
    provider.closeAllConnections();
  });

  const connect = (login: MailboxLogin): Promise<MailboxSession> =>
    connectMailbox(
      mailboxAt(dovecot.port, { host: 'localhost', caFile: ca.file, login }),
      { caFile: null, signal: new AbortController().signal },
      { onNews: () => undefined, onEnd: () => undefined },
    );

  it('gets a new token for each connection', async () => {
    const grant = { tokenUrl: `${url}/token`, clientId: 'app', clientSecret: null, scope: null };
    const login: MailboxLogin = { kind: 'oauth', grant: { ...grant, refreshToken: new Secret('refresh') } };
    for (let count = 0; count < 2; count++) {
      const session = await connect(login);
      await session.open();
      await session.close();
    }
    expect([given, seen]).toEqual([2, ['good-1', 'good-2']]);
  });

  it('takes the token of a command', async () => {
    const session = await connect({ kind: 'command', command: ['echo', 'good-enough'] });
    await session.open();
    await session.close();
  });

  it('is refused with a token that is not good, and does not say it', async () => {
    const error = await connect({ kind: 'command', command: ['echo', 'bad-token'] }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'IMAP_AUTH', retryable: false });
    expect(JSON.stringify([error, String(error)])).not.toMatch(/bad-token|YmFkLXRva2Vu/);
  });
});
