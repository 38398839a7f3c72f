/** Floor 0. `reports:`, which TLS reports are counted. */
import type { ReportsConfig } from './model.ts';
import { isFaulty } from './publisher-host.ts';
import { flag, path, type Reader, transform } from './readers.ts';
import { object } from './readers-composed.ts';
import { reportsHttpsReader } from './shape-reports-https.ts';
import { reportsLmtpReader } from './shape-reports-lmtp.ts';
import { imapReader } from './shape-reports-imap.ts';
import { defaultKeep, reportsKeepReader } from './shape-reports-keep.ts';
import { reportsWeeklyReader } from './shape-reports-weekly.ts';

/** Where there is no `reports:`. */
export const defaultReports: ReportsConfig = {
  acceptUnsigned: false,
  strict: false,
  https: null,
  lmtp: null,
  imap: [],
  keep: defaultKeep,
  networkData: null,
  senderNames: true,
  weekly: null,
};

/** `reports:`. */
export const reportsReader: Reader<ReportsConfig> = transform(
  object(
    {
      acceptUnsigned: {
        reader: flag(),
        about: 'Also count reports by mail that no DKIM signature proves, marked as unsigned (default false).',
      },
      strict: {
        reader: flag(),
        about:
          'Only count reports signed by exactly the domain they name, with a key for TLS reports (s=tlsrpt); few senders have one (default false).',
      },
      https: { reader: reportsHttpsReader, about: 'Takes in reports by HTTPS (rua=https:) while the daemon runs.' },
      lmtp: { reader: reportsLmtpReader, about: 'Takes in reports by LMTP or SMTP while the daemon runs.' },
      imap: { reader: imapReader, about: 'Mailboxes that the daemon takes reports from: one, or a list.' },
      networkData: {
        reader: path(),
        about:
          'A MaxMind DB file (.mmdb) with ASN data: who owns the network of a sender. Nothing is asked of anybody.',
      },
      senderNames: {
        reader: flag(),
        about: 'Whether the daemon asks reverse DNS for the addresses that failures came from (default true).',
      },
      keep: { reader: reportsKeepReader, about: 'How long reports stay in the state.' },
      weekly: { reader: reportsWeeklyReader, about: 'The weekly mail to the `contacts` of each domain.' },
    },
    { what: '`reports`', canBeEmpty: true },
  ),
  (reports): ReportsConfig | undefined => {
    // Else `contacts` would seem to have nobody who writes to them.
    if (isFaulty(reports.weekly)) return undefined;
    return {
      acceptUnsigned: reports.acceptUnsigned?.value ?? defaultReports.acceptUnsigned,
      strict: reports.strict?.value ?? defaultReports.strict,
      https: reports.https?.value ?? null,
      lmtp: reports.lmtp?.value ?? null,
      imap: reports.imap?.value ?? defaultReports.imap,
      keep: reports.keep?.value ?? defaultKeep,
      networkData: reports.networkData?.value ?? null,
      senderNames: reports.senderNames?.value ?? defaultReports.senderNames,
      weekly: reports.weekly?.value ?? null,
    };
  },
);
