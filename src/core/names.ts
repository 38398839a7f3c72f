/**
 * Floor 0. Host and owner names (RFC 1034 §3.5, RFC 1123 §2.1, RFC 5890). Inside stsync a name is always absolute, in lower case, in
 * A-labels and without the final dot; Unicode is read at the edge and nowhere else.
 */
import { failed, parsed, type Parsed } from './result.ts';

/** A host name: `mx1.example.com`, `xn--bcher-kva.example`. Made by {@link parseHostName} only. */
export type HostName = string & { readonly hostName: true };

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** What may stand in a name before IDNA mapping. Everything that a URL parser would read as structure stays out. */
const RAW = /^(?:[-.\w]|(?=\S)[\u00a1-\u{10ffff}])+$/u;

/**
 * Reads a host name in Unicode or A-labels, absolute (`example.com.`) or not.
 * Issues: `BAD_NAME` (with the reason in words), `IP_ADDRESS` (an address where a name belongs).
 */
export function parseHostName(text: string): Parsed<HostName> {
  const bare = text.endsWith('.') ? text.slice(0, -1) : text;
  if (bare === '') return failed('BAD_NAME', 'the name is empty');
  if (isIpAddress(text)) return failed('IP_ADDRESS', `"${text}" is an IP address, not a host name`);
  const ascii = toAscii(bare);
  if (ascii === null) return failed('BAD_NAME', `"${shorten(text)}" is not a host name`, nameHint(text));
  if (isIpAddress(ascii)) return failed('IP_ADDRESS', `"${text}" is an IP address, not a host name`);
  if (ascii.length > 253)
    return failed('BAD_NAME', `"${shorten(text)}" is ${ascii.length} characters long; a name has at most 253`);
  for (const label of ascii.split('.')) {
    if (label === '')
      return failed('BAD_NAME', `"${text}" has an empty label`, { hint: 'two dots in a row, or one at the start' });
    if (label.length > 63)
      return failed('BAD_NAME', `label "${shorten(label)}" has ${label.length} characters; a label has at most 63`);
    if (!LABEL.test(label)) {
      return failed('BAD_NAME', `label "${label}" is not letters, digits and inner hyphens`, nameHint(label));
    }
  }
  // RFC 1123 §2.1: the last label of a host name is never all digits, so a name cannot be taken for an address.
  if (/(?:^|\.)[0-9]+$/.test(ascii)) return failed('BAD_NAME', `"${text}" ends in a label of digits only`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place that makes host names
  return parsed(ascii as HostName);
}

/** True for dotted IPv4 and for anything with the colons of IPv6, bracketed or not. */
export function isIpAddress(text: string): boolean {
  return isIpv4(text) || text.includes(':');
}

/** Dotted decimal IPv4, four octets, no leading zeros. */
export function isIpv4(text: string): boolean {
  return /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(text);
}

/** Textual IPv6 (RFC 4291 §2.2) in canonical lower-case form (RFC 5952), or null. */
export function parseIpv6(text: string): string | null {
  if (!text.includes(':') || /[^0-9a-f:.]/i.test(text)) return null;
  return URL.parse(`http://[${text}]/`)?.hostname.slice(1, -1) ?? null;
}

/** `name` is `ancestor` or below it. Both in the form of this file. */
export function isWithin(name: string, ancestor: string): boolean {
  return name === ancestor || name.endsWith(`.${ancestor}`);
}

/** The name without its left-most label: `a.b.c` gives `b.c`; a single label gives null. */
export function parentOf(name: string): string | null {
  const dot = name.indexOf('.');
  return dot === -1 ? null : name.slice(dot + 1);
}

/** By code point, for every sorted list a person or a digest sees. `localeCompare` would depend on the machine. */
export function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * UTS 46 mapping through the WHATWG URL parser, which every runtime has: no table of ours to go stale. The character check in front
 * keeps its other habits (ports, paths, percent signs) away. Null when there is no valid form.
 */
function toAscii(text: string): string | null {
  if (!RAW.test(text)) return null;
  const lower = text.toLowerCase();
  if (!/^[\u0021-\u007e]+$/.test(lower)) return URL.parse(`http://${lower}/`)?.hostname ?? null;
  // Plain ASCII needs no mapping; underscores and double hyphens are judged by the caller.
  if (!lower.includes('xn--')) return lower;
  // Some runtimes (Node 26) do not look into A-labels of a name that is all ASCII; a U-label in front makes every one look.
  return URL.parse(`http://\u00fc.${lower}/`)?.hostname.replace(/^xn--tda\./, '') ?? null;
}

function nameHint(label: string): { hint: string } {
  if (label.includes('*')) return { hint: 'a wildcard is the whole left-most label: "*.example.com"' };
  if (label.includes('_')) return { hint: 'an underscore is for record names such as _mta-sts, not for hosts' };
  return { hint: 'a host name is letters, digits, inner hyphens and dots' };
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
