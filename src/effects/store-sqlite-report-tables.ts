/** Floor 2. The part of the SQLite store with TLS reports: its tables. */

/**
 * What the fifth version of the schema added. `report_days` and `report_failures` are sums that need no report any more; `reports` tells copies and may
 * outlive its policies and details.
 */
export const REPORT_TABLES = `
  CREATE TABLE reports (
    id INTEGER PRIMARY KEY AUTOINCREMENT, slot TEXT NOT NULL, verdict TEXT NOT NULL,
    domain TEXT NOT NULL, reporter TEXT NOT NULL, organization TEXT NOT NULL, contact TEXT, report_id TEXT NOT NULL,
    day TEXT NOT NULL, start_at TEXT NOT NULL, end_at TEXT NOT NULL, received_at TEXT NOT NULL, source TEXT NOT NULL,
    signer TEXT, selector TEXT, algorithm TEXT, remarks TEXT NOT NULL
  ) STRICT;
  CREATE INDEX reports_by_slot ON reports (slot);
  CREATE INDEX reports_by_domain ON reports (domain, day);
  CREATE INDEX reports_by_day ON reports (day);
  CREATE TABLE report_policies (
    report INTEGER NOT NULL, number INTEGER NOT NULL, type TEXT NOT NULL, named_domain TEXT, strings TEXT NOT NULL, mx TEXT NOT NULL,
    succeeded INTEGER NOT NULL, failed INTEGER NOT NULL, PRIMARY KEY (report, number)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE report_details (
    report INTEGER NOT NULL, policy INTEGER NOT NULL, number INTEGER NOT NULL, result TEXT NOT NULL, sessions INTEGER NOT NULL,
    sending_ip TEXT, mx TEXT, helo TEXT, receiving_ip TEXT, information TEXT, reason TEXT, PRIMARY KEY (report, policy, number)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE report_days (
    domain TEXT NOT NULL, day TEXT NOT NULL, reporter TEXT NOT NULL, verdict TEXT NOT NULL, policy_type TEXT NOT NULL, held TEXT NOT NULL,
    reports INTEGER NOT NULL, succeeded INTEGER NOT NULL, failed INTEGER NOT NULL,
    PRIMARY KEY (domain, day, reporter, verdict, policy_type, held)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX report_days_by_day ON report_days (day);
  CREATE TABLE report_failures (
    domain TEXT NOT NULL, day TEXT NOT NULL, reporter TEXT NOT NULL, verdict TEXT NOT NULL, policy_type TEXT NOT NULL, held TEXT NOT NULL,
    result TEXT NOT NULL, source TEXT NOT NULL, mx TEXT NOT NULL, details INTEGER NOT NULL, sessions INTEGER NOT NULL,
    PRIMARY KEY (domain, day, reporter, verdict, policy_type, held, result, source, mx)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX report_failures_by_day ON report_failures (day);
  CREATE TABLE held_policies (hash TEXT NOT NULL PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE reports_set_aside (
    id INTEGER PRIMARY KEY AUTOINCREMENT, digest TEXT NOT NULL, code TEXT NOT NULL, domain TEXT NOT NULL, state TEXT NOT NULL, message TEXT NOT NULL,
    organization TEXT, source TEXT NOT NULL, times INTEGER NOT NULL, first_at TEXT NOT NULL, last_at TEXT NOT NULL, content BLOB,
    UNIQUE (digest, code, domain)
  ) STRICT;
`;

/**
 * What the sixth version added. `is_whole` 0: the policies and details of a report are gone, its counts stay, and no copy replaces it. `way`: as
 * what a thing set aside is to be read again.
 */
export const REPORT_TABLES_6 = `
  ALTER TABLE reports ADD COLUMN is_whole INTEGER NOT NULL DEFAULT 1;
  CREATE INDEX reports_whole_by_day ON reports (day) WHERE is_whole = 1;
  CREATE TABLE sender_names (
    address TEXT NOT NULL PRIMARY KEY, name TEXT, is_confirmed INTEGER NOT NULL, looked_at TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE report_alerts (
    domain TEXT NOT NULL, key TEXT NOT NULL, message TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (domain, key)
  ) STRICT, WITHOUT ROWID;
  ALTER TABLE reports_set_aside ADD COLUMN way TEXT NOT NULL DEFAULT 'hand';
`;
