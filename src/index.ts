/** The library export (DESIGN section 5): the pure core. Nothing here reads a clock, a file or the network. */
export { policyId } from './core/id.ts';
export { coverMx, matchMx } from './core/mx.ts';
export { formatPolicy, parsePolicy, type PolicyMode, type StsPolicy } from './core/policy.ts';
export type { Issue, Parsed } from './core/result.ts';
export type { TlsReport, TlsReportFailure, TlsReportPolicy } from './core/tls-report/model.ts';
export { parseTlsReport } from './core/tls-report/parse-tls-report.ts';
export { parseStsRecords, parseTlsRptRecords } from './core/txt-records.ts';
export { type Question, type SafeDates, type Served, whenSafe } from './core/when-safe.ts';
