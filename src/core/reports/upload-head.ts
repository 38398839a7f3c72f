/** Floor 0. What the head of a request says about a TLS report that is posted (RFC 8460 §5.4), before any of it is read. */
import { MAX_REPORT_BYTES } from '../tls-report/parse-tls-report.ts';

export interface UploadHead {
  readonly method: string;
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
  readonly contentLength: string | undefined;
}

const TYPES = ['application/tlsrpt+json', 'application/tlsrpt+gzip'];
/** What is in it tells the first bytes; some say of gzip that the JSON is encoded so. */
const ENCODINGS = ['', 'identity', 'gzip', 'x-gzip'];

/** The status that refuses it; null: the body may come. A body without a length is counted as it comes. */
export function judgeUploadHead(head: UploadHead): 405 | 413 | 415 | null {
  if (head.method !== 'POST') return 405;
  const type = head.contentType?.split(';')[0]?.trim().toLowerCase() ?? '';
  const encoding = head.contentEncoding?.trim().toLowerCase() ?? '';
  if (!TYPES.includes(type) || !ENCODINGS.includes(encoding)) return 415;
  return Number(head.contentLength ?? 0) > MAX_REPORT_BYTES ? 413 : null;
}
