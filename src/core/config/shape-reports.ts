/** Floor 0. `reports:`, which TLS reports are counted. */
import type { ReportsConfig } from './model.ts';
import { flag, type Reader, transform } from './readers.ts';
import { object } from './readers-composed.ts';

/** Where there is no `reports:`. */
export const defaultReports: ReportsConfig = { acceptUnsigned: false, strict: false };

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
    },
    { what: '`reports`', canBeEmpty: true },
  ),
  (reports): ReportsConfig => ({
    acceptUnsigned: reports.acceptUnsigned?.value ?? defaultReports.acceptUnsigned,
    strict: reports.strict?.value ?? defaultReports.strict,
  }),
);
