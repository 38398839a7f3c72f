/**
 * Floor 0. Every stable code that stsync prints, by kind. Codes are never renamed; docs/errors.md has a row for each and a test compares.
 * Grammar codes stand at their parsers and are listed here for the same test.
 */

/** Issues of the parsers (`Parsed`). */
export const grammarCodes = [
  'BAD_NAME',
  'BAD_PATTERN',
  'BAD_RUA',
  'BODY_TOO_LARGE',
  'DUPLICATE_FIELD',
  'IP_ADDRESS',
  'MAX_AGE_MISSING',
  'MAX_AGE_SYNTAX',
  'MAX_AGE_TOO_LARGE',
  'MODE_MISSING',
  'MODE_UNKNOWN',
  'MULTIPLE_RECORDS',
  'MX_MISSING',
  'MX_SYNTAX',
  'MX_WITH_PREFERENCE',
  'NO_RECORD',
  'NOT_UTF8',
  'POLICY_SYNTAX',
  'RECORD_SYNTAX',
  'TXT_SYNTAX',
  'TXT_TOO_LONG',
  'UNKNOWN_FIELD',
  'UNKNOWN_SCHEME',
  'VERSION_MISSING',
  'VERSION_UNKNOWN',
] as const;

/** Faults of the YAML, printed as `file:line:col: CODE message`. */
export const configCodes = [
  // filled by core/config
] as const;

/** What effects throw (`StsyncError`). */
export const errorCodes = [
  'BAD_CONFIG',
  'CHANGED_SINCE_READ',
  'INTERNAL',
  'LOCKED',
  'NOT_BUILT_YET',
  'PROVIDER_REFUSED',
  'PUBLISHER_UNREADABLE',
  'PUBLISHER_UNWRITABLE',
  'STATE_UNREADABLE',
  'STATE_UNWRITABLE',
  'USAGE',
  'ZONE_CHECK_FAILED',
  'ZONE_DYNAMIC',
  'ZONE_NOT_FOUND',
  'ZONE_RELOAD_FAILED',
  'ZONE_SYNTAX',
  'ZONE_UNREADABLE',
  'ZONE_UNWRITABLE',
] as const;

/** What a run tells a person about a domain or about itself (`Finding`). */
export const findingCodes = [
  // filled by core/plan
] as const;

export type GrammarCode = (typeof grammarCodes)[number];
export type ConfigCode = (typeof configCodes)[number];
export type ErrorCode = (typeof errorCodes)[number];
export type FindingCode = (typeof findingCodes)[number];
