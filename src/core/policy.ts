/** Floor 0. The policy body (RFC 8461 §3.2): a strict reader and the one writer. */
import { trimEndBlanks, trimStartBlanks } from './blanks.ts';
import { canonicalPatterns, parsePattern } from './mx.ts';
import { isIpAddress } from './names.ts';
import { failed, type Issue, parsed, type Parsed } from './result.ts';

export type PolicyMode = 'enforce' | 'testing' | 'none';

/** A policy that means something: known mode, max_age within its limit, MX patterns (none only under mode none). */
export interface StsPolicy {
  readonly mode: PolicyMode;
  /** Seconds, 0 to 31557600. */
  readonly maxAgeSeconds: number;
  /** MX patterns in A-labels and lower case: `mx1.example.com`, `*.example.net`. */
  readonly mx: readonly string[];
}

/** About a year: RFC 8461 §3.2 allows no more. */
export const MAX_MAX_AGE_SECONDS = 31_557_600;
/** Where readers may stop: RFC 8461 §3.3 suggests 64 kilobytes; this is the most that any of our readings accepts. */
const MAX_BODY_BYTES = 65_536;
/** What we write stays under the strictest reader known (rule 3). */
export const MAX_WRITTEN_BODY_BYTES = 64_000;

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/;
/** Visible characters with inner blanks: sts-policy-ext-value. Tabs are no inner blank; trailing white space is cut before. */
const VALUE =
  /^[\u0021-\u007e\u0080-\u{10ffff}](?:[\u0020-\u007e\u0080-\u{10ffff}]*[\u0021-\u007e\u0080-\u{10ffff}])?$/u;
const MODES: readonly PolicyMode[] = ['enforce', 'testing', 'none'];

interface Line {
  readonly name: string;
  readonly value: string;
  readonly offset: number;
}

/**
 * Reads a policy body strictly, LF or CRLF (erratum 6253), at most 65,536 bytes.
 *
 * Issues: `BODY_TOO_LARGE`, `NOT_UTF8`, `POLICY_SYNTAX` (a line that is no field), `VERSION_MISSING`, `VERSION_UNKNOWN`, `MODE_MISSING`,
 * `MODE_UNKNOWN`, `MAX_AGE_MISSING`, `MAX_AGE_SYNTAX`, `MAX_AGE_TOO_LARGE`, `MX_MISSING`, `MX_SYNTAX`.
 * Warnings: `DUPLICATE_FIELD` (first wins), `UNKNOWN_FIELD` (ignored).
 *
 * `parsePolicy('version: STSv1\nmode: none\nmax_age: 86400\n')` gives mode none with no patterns.
 */
export function parsePolicy(body: Uint8Array | string): Parsed<StsPolicy> {
  const text = decode(body);
  if (!text.ok) return text;
  const issues: Issue[] = [];
  const warnings: Issue[] = [];
  const fields = new Map<string, Line>();
  const mx: string[] = [];
  for (const line of splitFields(text.value, issues)) {
    if (line.name === 'mx') {
      readPattern(line, mx, issues);
    } else if (fields.has(line.name)) {
      // §3.2: of a repeated field other than mx all entries except the first SHALL be ignored, whatever they say.
      warnings.push({ code: 'DUPLICATE_FIELD', message: `a second "${line.name}" is ignored`, offset: line.offset });
    } else {
      fields.set(line.name, line);
      if (!['version', 'mode', 'max_age'].includes(line.name)) {
        warnings.push({ code: 'UNKNOWN_FIELD', message: `field "${line.name}" is ignored`, offset: line.offset });
      }
    }
  }
  readVersion(fields.get('version'), issues);
  const mode = readMode(fields.get('mode'), issues);
  const maxAgeSeconds = readMaxAge(fields.get('max_age'), issues);
  // §3.2 asks for mx lines; mode none needs none (§8.3 shows a policy without).
  if (mx.length === 0 && mode !== 'none' && !issues.some((issue) => issue.code === 'MX_SYNTAX')) {
    issues.push({ code: 'MX_MISSING', message: 'no "mx:" line; only mode none may go without' });
  }
  return issues.length > 0 || mode === null || maxAgeSeconds === null
    ? { ok: false, issues }
    : parsed({ mode, maxAgeSeconds, mx }, warnings);
}

/**
 * The canonical body (rule 3), the same bytes for the same meaning: version, mode, mx sorted, max_age, CRLF after each line. The order is
 * that of the example in RFC 8461 §3.2; CRLF and the final one because the strictest reader in the field wants both.
 */
export function formatPolicy(policy: StsPolicy): string {
  const mx = canonicalPatterns(policy.mx).map((pattern) => `mx: ${pattern}`);
  return ['version: STSv1', `mode: ${policy.mode}`, ...mx, `max_age: ${policy.maxAgeSeconds}`, ''].join('\r\n');
}

/** Do both mean the same to a sender? The order, case and doubling of patterns do not count. */
export function samePolicy(a: StsPolicy, b: StsPolicy): boolean {
  return formatPolicy(a) === formatPolicy(b);
}

function decode(body: Uint8Array | string): Parsed<string> {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  if (bytes.length > MAX_BODY_BYTES) {
    return failed(
      'BODY_TOO_LARGE',
      `the body has ${bytes.length} bytes; readers stop at ${MAX_BODY_BYTES} (RFC 8461 §3.3)`,
    );
  }
  // A lone surrogate has no UTF-8 form.
  if (typeof body === 'string') return body.isWellFormed() ? parsed(body) : failed('NOT_UTF8', 'the body is not UTF-8');
  try {
    // A byte order mark is no field (§3.2), so it must stay visible.
    return parsed(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body));
  } catch {
    return failed('NOT_UTF8', 'the body is not UTF-8');
  }
}

/** Cuts at LF and CRLF. The last line may go without its end; any other empty line is no field. */
function splitFields(text: string, issues: Issue[]): readonly Line[] {
  const lines: Line[] = [];
  let offset = 0;
  const raw = text.split('\n');
  const last = raw.length - 1;
  if (last > 0 && raw[last] === '') raw.pop();
  for (const [index, one] of raw.entries()) {
    // A CR belongs to the LF after it; at the end of the body it is a character like any other, and not allowed.
    const ended = index < last && one.endsWith('\r') ? one.slice(0, -1) : one;
    // *WSP may end a field (§3.2), between the value and the line's end.
    const line = trimEndBlanks(ended);
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0));
    const value = trimStartBlanks(line.slice(colon + 1));
    if (colon > 0 && NAME.test(name) && VALUE.test(value)) lines.push({ name, value, offset });
    else issues.push({ code: 'POLICY_SYNTAX', message: syntaxMessage(line), offset });
    offset += one.length + 1;
  }
  return lines;
}

function syntaxMessage(line: string): string {
  if (line === '') return 'an empty line is not allowed';
  if (line.startsWith('\ufeff')) return 'the body begins with a byte order mark';
  if (/^\s/.test(line)) return 'a line begins with a blank';
  if (/^[^:]*[ \t]:/.test(line)) return 'a blank before the colon';
  if (line.startsWith('<')) return 'this is HTML, not a policy';
  return `not a "name: value" line: ${JSON.stringify(line.slice(0, 60))}`;
}

function readVersion(line: Line | undefined, issues: Issue[]): void {
  if (line === undefined) issues.push({ code: 'VERSION_MISSING', message: 'no "version: STSv1" line' });
  else if (line.value !== 'STSv1') {
    issues.push({ code: 'VERSION_UNKNOWN', message: `version is "${line.value}", not "STSv1"`, offset: line.offset });
  }
}

function readMode(line: Line | undefined, issues: Issue[]): PolicyMode | null {
  if (line === undefined) {
    issues.push({ code: 'MODE_MISSING', message: 'no "mode:" line' });
    return null;
  }
  const mode = MODES.find((one) => one === line.value);
  if (mode !== undefined) return mode;
  const message = `mode is "${line.value}", not enforce, testing or none`;
  issues.push({ code: 'MODE_UNKNOWN', message, offset: line.offset });
  return null;
}

function readMaxAge(line: Line | undefined, issues: Issue[]): number | null {
  if (line === undefined) {
    issues.push({ code: 'MAX_AGE_MISSING', message: 'no "max_age:" line' });
    return null;
  }
  if (!/^\d{1,10}$/.test(line.value)) {
    issues.push({
      code: 'MAX_AGE_SYNTAX',
      message: `max_age is "${line.value}", not a number of seconds`,
      offset: line.offset,
    });
    return null;
  }
  const seconds = Number(line.value);
  if (seconds <= MAX_MAX_AGE_SECONDS) return seconds;
  // Senders differ above the maximum: some refuse, some cap, some accept. The strict reading refuses.
  issues.push({
    code: 'MAX_AGE_TOO_LARGE',
    message: `max_age is ${seconds}; at most ${MAX_MAX_AGE_SECONDS}`,
    offset: line.offset,
  });
  return null;
}

/** §3.2: `["*."] Domain`, A-labels only, no final dot (RFC 5321 Domain has none). */
function readPattern(line: Line, mx: string[], issues: Issue[]): void {
  const pattern = parsePattern(line.value);
  if (pattern.ok && /^[!-~]+$/.test(line.value) && !line.value.endsWith('.')) {
    mx.push(pattern.value);
    return;
  }
  const why = isIpAddress(line.value) ? 'an address' : 'not a host name or "*." and a host name in A-labels';
  issues.push({ code: 'MX_SYNTAX', message: `mx is "${line.value.slice(0, 80)}": ${why}`, offset: line.offset });
}
