/** Floor 4. TLS reports that a mail server hands over. */
import type { Config } from '../core/config/model.ts';
import { mailboxOf, reportMailboxes } from '../core/reports/report-mailboxes.ts';
import { systemClock } from '../effects/clock.ts';
import { openMailListener } from '../effects/reports/mail-listener.ts';
import { openMailAnswers } from '../services/reports/answer-mail.ts';
import type { DaemonPart } from './daemon-parts.ts';
import type { IntakeView } from './reports-part.ts';

/** `listen` and `protocol` at the start count: others need a restart. Recipients are those of the config in force. */
export async function reportsLmtp({ daemon, takeIn }: IntakeView): Promise<DaemonPart> {
  const { config, state, log } = daemon;
  const { lmtp } = config.reports;
  if (lmtp === null) return { close: async () => undefined };
  const { listen, protocol } = lmtp;
  let [seen, mailboxes] = [config, recipientsOf(config)];
  const listener = openMailListener({
    listen,
    protocol,
    isOurs: (address) => {
      const now = state().inForce?.config ?? seen;
      // To gather them of 100,000 domains takes longer than a mail.
      if (now !== seen) [seen, mailboxes] = [now, recipientsOf(now)];
      return mailboxes.has(mailboxOf(address) ?? '');
    },
    take: openMailAnswers(protocol, takeIn, log),
    clock: systemClock,
    onTrouble: ({ code, message, hint }) => log.warn({ hint }, `${code} ${message}`),
    onBroken: (reason) => log.debug({ reason }, 'a connection for TLS reports broke'),
  });
  log.info({ listen, protocol, recipients: mailboxes.size }, 'TLS reports by mail');
  return { close: () => listener.stop() };
}

function recipientsOf({ domains, reports }: Config): ReadonlySet<string> {
  const stated = reports.lmtp?.recipients;
  return stated == null ? reportMailboxes(domains) : new Set(stated.flatMap((address) => mailboxOf(address) ?? []));
}
