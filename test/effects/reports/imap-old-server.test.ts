/** A mailbox at a server that knows RFC 3501 and nothing else: no MOVE, no UIDPLUS, no IDLE. */
import { expect, it } from 'vitest';

import { connectMailbox } from '../../../src/effects/reports/imap-mailbox.ts';
import { startDovecot, whyNoDovecot } from '../../servers/dovecot.ts';
import { describeUnless } from '../../servers/programs.ts';
import { sharedCa } from '../../support/shared-ca.ts';
import { letter, mailboxAt, PASSWORD } from './mailbox-config.ts';

describeUnless(whyNoDovecot(), 'a mailbox at an old server', () => {
  const ca = sharedCa();

  it('is read, marked and cleared by copies', async () => {
    const certificate = ca.issue({ names: ['localhost'] });
    const passwords = { reports: PASSWORD };
    await using dovecot = await startDovecot({ certificate, passwords, capability: 'IMAP4rev1' });
    for (let count = 0; count < 3; count++) dovecot.deliver('reports', letter);
    const session = await connectMailbox(
      mailboxAt(dovecot.port, { host: 'localhost', caFile: ca.file }),
      { caFile: null, signal: new AbortController().signal },
      { onNews: () => undefined, onEnd: () => undefined },
    );
    await session.open();
    const [first = 0, second = 0, third = 0] = await session.uids();
    await session.move([first, second]);
    await session.mark([third]);
    expect(await session.uids()).toEqual([]);
    expect([dovecot.mails('reports').length, dovecot.mails('reports', 'TLSRPT-done').length]).toEqual([1, 2]);
    await session.close();
  });
});
