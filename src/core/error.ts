/** Floor 0. The one error class of stsync. Grammar errors are values (`Parsed`); effects throw this. */
import type { ErrorCode } from './codes.ts';

export interface ErrorDetails {
  /** What the user can do about it, one sentence. */
  readonly hint?: string;
  /** Place: a file with line and column, a record name, a URL. */
  readonly where?: string;
  /** True when the same call may succeed later with nothing changed. The caller decides on a retry by this alone. */
  readonly retryable?: boolean;
  /** The service asked to be left alone for so long. */
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/** Carries a stable `code` (docs/errors.md has a row for each), a sentence without secrets, and the cure. */
export class StsyncError extends Error {
  override readonly name = 'StsyncError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly where: string | undefined;
  readonly retryable: boolean;
  readonly retryAfterSeconds: number | null;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.where = details.where;
    this.retryable = details.retryable ?? false;
    this.retryAfterSeconds = details.retryAfterSeconds ?? null;
  }
}
