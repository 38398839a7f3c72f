/** A signed report as mail, through Debian's Postfix by LMTP into the built daemon, to the summary on the terminal and the page in Chromium. */
import { statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { createTransport } from 'nodemailer';
import { expect, onTestFinished, test, vi } from 'vitest';

import { type Daemon, Folder } from '../cli/daemon-rig.ts';
import { reportWith } from '../core/tls-report/report-builder.ts';
import { type Postfix, postfixFault, startPostfix } from '../servers/postfix.ts';
import { describeUnless, findProgram } from '../servers/programs.ts';
import { CHROMIUM, launchChromium } from '../support/chromium.ts';
import { startDnsServer } from '../support/dns-server.ts';
import { closedPort } from '../support/tcp-server.ts';
import { type Keys, newKeys, reportMail } from '../support/report-mail.ts';

const MAILBOX = 'tls@reports.example.net';
const PATIENCE = { timeout: 25_000, interval: 50 };
const today = new Date().toISOString().slice(0, 10);
const report = reportWith({
  'date-range': { 'start-datetime': `${today}T00:00:00Z`, 'end-datetime': `${today}T00:00:01Z` },
});

async function keyRecord(keys: Keys): Promise<string> {
  const found = await keys.lookUpKey('s1._domainkey.sender.example');
  return found.kind === 'records' ? (found.records[0] ?? []).map((text) => `"${text}"`).join(' ') : '';
}

async function send(postfix: Postfix, raw: Uint8Array, to: readonly string[]): Promise<void> {
  const transport = createTransport({ host: '127.0.0.1', port: postfix.port, ignoreTLS: true });
  await transport.sendMail({ envelope: { from: 'tls@sender.example', to: [...to] }, raw: Buffer.from(raw) });
  transport.close();
}

async function summary(folder: Folder): Promise<string> {
  return (await folder.cli('reports', 'summary', 'example.com')).stdout;
}

/** What a person reads of the domain, and the pages that the links of the newest report lead to. */
async function pagesOf(port: number): Promise<readonly string[]> {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.getByRole('link', { name: 'example.com' }).first().click();
    const domain = await page.locator('main').innerText();
    await page.locator('a[href="/reports/1"]').first().click();
    return [domain, await page.locator('main').innerText()];
  } finally {
    await browser.close();
  }
}

const missing = findProgram(CHROMIUM) === null ? `not installed: ${CHROMIUM}` : null;

describeUnless(postfixFault() ?? missing, 'a report that Postfix hands over', () => {
  test(
    'shows in the summary and on the page of its domain; one for another mailbox is refused, and one while the daemon is down waits',
    { timeout: 90_000 },
    async () => {
      const keys = newKeys();
      await using dns = await startDnsServer();
      dns.zones.addZone('sender.example', []);
      dns.zones.setRecords('s1._domainkey.sender.example', 'TXT', [await keyRecord(keys)]);
      await using postfix = await startPostfix([
        'relay_domains = reports.example.net',
        'transport_maps = inline:{ reports.example.net=lmtp:unix:GROUP/lmtp.sock }',
        'minimal_backoff_time = 1s',
        'maximal_backoff_time = 1s',
        'transport_retry_time = 1s',
      ]);
      const port = await closedPort(createServer());
      const folder = new Folder({
        top: `world: { resolvers: ["${dns.address}"], authorities: { sender.example: ["${dns.address}"] } }
daemon: { listen: "127.0.0.1:${port}" }
reports: { lmtp: { listen: "${join(postfix.groupDirectory, 'lmtp.sock')}", recipients: [${MAILBOX}] } }`,
      });
      const signed = await keys.sign(reportMail(report));
      await send(postfix, signed, [MAILBOX]);
      await vi.waitFor(() => expect(postfix.deferred()).toHaveLength(1), PATIENCE);

      const daemon = folder.start();
      onTestFinished(() => daemon.kill('SIGKILL'));
      await daemon.run(1);
      expect(statSync(join(postfix.groupDirectory, 'lmtp.sock')).mode & 0o777).toBe(0o660);
      postfix.flush();
      await vi.waitFor(async () => expect(await summary(folder)).toContain('1 report of 1 reporter'), PATIENCE);
      expect(await summary(folder)).toContain('sts: 7 sessions, 2 failed (28.6 %)');
      expect((await folder.cli('reports', 'show', '1')).stdout).toContain('proof: DKIM signature of sender.example');

      const [domain = '', one = ''] = await pagesOf(port);
      expect(domain).toContain('mx1.example.com showed an expired certificate to sender.example');
      expect(domain).toMatch(/7 sessions in 1 report of 1 reporter/);
      expect(one).toMatch(/sender\.example[^]*certificate-expired/);

      // The same once more, beside one whose mailbox is none of ours.
      await send(postfix, signed, [MAILBOX, 'nobody@reports.example.net']);
      await vi.waitFor(() => expect(postfix.log()).toMatch(/to=<nobody@[^]*status=bounced[^]*550 5\.1\.1/), PATIENCE);
      await vi.waitFor(
        () => expect(postfix.log().match(/status=sent \(250 2\.6\.0 stored\)/g)).toHaveLength(2),
        PATIENCE,
      );
      expect(await summary(folder)).toContain('1 report of 1 reporter');
      await noBodiesIn(daemon);
    },
  );
});

async function noBodiesIn(daemon: Daemon): Promise<void> {
  await daemon.stop();
  const log = JSON.stringify(daemon.lines);
  expect(log).toContain('mail for TLS reports');
  expect(log).not.toMatch(/certificate-expired|192\.0\.2\.1|A report\./);
}
