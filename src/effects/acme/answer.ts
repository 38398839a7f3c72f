/** Floor 2. What a CA answered, before anybody judged it. */

/** Any answer, whatever its status. */
export interface AcmeAnswer {
  readonly url: string;
  readonly status: number;
  readonly body: Uint8Array;
  /** Without parameters, lower case; empty when none was said. */
  readonly mediaType: string;
  readonly location: string | null;
  readonly nonce: string | null;
  readonly retryAfterMs: number | null;
}
