/** The built daemon with a mailbox at dovecot: a signed report comes as mail, is proved by a key from DNS, and is shown by `stsync reports summary`. */
import { expect, it, vi } from 'vitest';

import { startDovecot, whyNoDovecot } from '../../servers/dovecot.ts';
import { describeUnless } from '../../servers/programs.ts';
import { reportWith } from '../../core/tls-report/report-builder.ts';
import { startDnsServer } from '../../support/dns-server.ts';
import { type Keys, newKeys, reportMail } from '../../support/report-mail.ts';
import { sharedCa } from '../../support/shared-ca.ts';
import { letter, PASSWORD } from '../../effects/reports/mailbox-config.ts';
import { Folder } from '../daemon-rig.ts';

const today = new Date().toISOString().slice(0, 10);

function reportOf(id: string): string {
  const range = { 'start-datetime': `${today}T00:00:00Z`, 'end-datetime': `${today}T00:00:01Z` };
  return reportWith({ 'report-id': id, 'date-range': range });
}

async function keyRecord(keys: Keys): Promise<string> {
  const found = await keys.lookUpKey('s1._domainkey.sender.example');
  return found.kind === 'records' ? (found.records[0] ?? []).map((text) => `"${text}"`).join(' ') : '';
}

describeUnless(whyNoDovecot(), 'the daemon with a mailbox', () => {
  const ca = sharedCa();

  it(
    'takes reports in as they come, follows the config, and leaves all to the one that leads',
    { timeout: 120_000 },
    async () => {
      const keys = newKeys();
      const certificate = ca.issue({ names: ['localhost'] });
      await using dovecot = await startDovecot({ certificate, passwords: { reports: PASSWORD, second: PASSWORD } });
      await using dns = await startDnsServer();
      dns.zones.addZone('sender.example', []);
      dns.zones.setRecords('s1._domainkey.sender.example', 'TXT', [await keyRecord(keys)]);
      const folder = new Folder();
      const top = (users: readonly string[]): string =>
        `world: { resolvers: ["${dns.address}"], authorities: { sender.example: ["${dns.address}"] } }
reports:
  imap:
${users.map((user) => `    - { host: localhost, port: ${dovecot.port}, user: ${user}, password: "\${file:./password}", caFile: ${ca.file} }\n`).join('')}`;
      folder.write('password', PASSWORD);
      folder.yaml({ top: top(['reports']) });
      dovecot.deliver('reports', letter);
      dovecot.deliver('reports', await keys.sign(reportMail(reportOf('r-1'))));
      const daemon = folder.start();
      await daemon.line('mails with TLS reports were taken in');
      dovecot.deliver('reports', await keys.sign(reportMail(reportOf('r-2'))));
      await daemon.line('mails with TLS reports were taken in', 2);
      const { stdout } = await folder.cli('reports', 'summary', 'example.com');
      expect(stdout).toContain('2 reports of 1 reporter\n  sts: 14 sessions, 4 failed');
      expect((await folder.cli('reports', 'show', '1')).stdout).toContain(' as imap reports INBOX ');
      await vi.waitFor(() => expect(dovecot.mails('reports', 'TLSRPT-done')).toHaveLength(2));
      expect(dovecot.mails('reports')).toHaveLength(1);

      dovecot.deliver('second', await keys.sign(reportMail(reportOf('r-3'))));
      folder.yaml({ top: top(['second']) });
      await daemon.line('mails with TLS reports were taken in', 3);
      dovecot.deliver('reports', await keys.sign(reportMail(reportOf('r-4'))));
      await dovecot.kill();
      await daemon.line('IMAP_UNREACHABLE');
      await dovecot.restart();
      await daemon.line('the mailbox is read again');
      expect(dovecot.mails('reports')).toHaveLength(2);

      const logins = (): number => dovecot.log().split('Login: user=<second>').length;
      const before = logins();
      const standby = folder.start();
      await standby.line('another daemon works');
      dovecot.deliver('second', await keys.sign(reportMail(reportOf('r-5'))));
      await daemon.line('mails with TLS reports were taken in', 4);
      expect(logins()).toBe(before);
      expect((await daemon.stop()).code).toBe(0);
      dovecot.deliver('second', await keys.sign(reportMail(reportOf('r-6'))));
      await standby.line('mails with TLS reports were taken in');
      expect((await standby.stop()).code).toBe(0);
      expect(JSON.stringify(daemon.lines)).not.toContain(PASSWORD);
      expect(daemon.lines.filter(({ level }) => level === 'error')).toEqual([]);
    },
  );
});
