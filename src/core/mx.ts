/** Floor 0. MX patterns against MX hosts (RFC 8461 §4.1). */
import { byCodePoint, parentOf, parseHostName } from './names.ts';
import { failed, type Parsed, parsed } from './result.ts';

/**
 * Reads an MX pattern: a host name, or `*.` and a host name. Gives it in A-labels and lower case.
 * Issues: `BAD_PATTERN`, `IP_ADDRESS`, `MX_WITH_PREFERENCE` (`10 mx1.example.com`), with a hint that says the cure.
 */
export function parsePattern(text: string): Parsed<string> {
  const withPreference = /^\s*\d+\s+(\S+)\s*$/.exec(text);
  if (withPreference !== null) {
    return failed('MX_WITH_PREFERENCE', `"${text}" has a preference; a policy names hosts only`, {
      hint: `write "${withPreference[1]?.replace(/\.$/, '')}"`,
    });
  }
  const isWildcard = text.startsWith('*.');
  const host = parseHostName(isWildcard ? text.slice(2) : text);
  if (host.ok) return parsed(isWildcard ? `*.${host.value}` : host.value);
  const code = host.issues[0]?.code === 'IP_ADDRESS' ? 'IP_ADDRESS' : 'BAD_PATTERN';
  if (!text.includes('*')) return { ok: false, issues: host.issues.map((issue) => ({ ...issue, code })) };
  return failed(code, `"${text}" is not an MX pattern`, {
    hint: 'the wildcard is the whole left-most label and matches exactly one label: "*.example.com" (RFC 8461 §4.1)',
  });
}

/**
 * Does the pattern allow the host? A wildcard matches exactly one label, left-most (RFC 8461 §4.1); case and a final dot do not count;
 * Unicode on either side is read as A-labels. What is no pattern or no host matches nothing.
 */
export function matchMx(pattern: string, host: string): boolean {
  const wanted = parsePattern(pattern);
  const found = parseHostName(host);
  if (!wanted.ok || !found.ok) return false;
  return matchCanonical(wanted.value, found.value);
}

/**
 * `uncovered`: hosts that no pattern allows. `unused`: patterns that allow none of the hosts. Both in canonical form, sorted by code
 * point, without duplicates. A host that is no name is uncovered as it stands.
 */
export function coverMx(
  patterns: readonly string[],
  hosts: readonly string[],
): { uncovered: string[]; unused: string[] } {
  const wanted = canonical(patterns, parsePattern);
  const found = canonical(hosts, parseHostName);
  // What is no host matches nothing, not even itself; and what is no pattern matches no host.
  const known = found.filter((host) => parseHostName(host).ok);
  const covered = new Set(known.filter((host) => wanted.some((pattern) => matchCanonical(pattern, host))));
  return {
    uncovered: found.filter((host) => !covered.has(host)),
    unused: wanted.filter((pattern) => !known.some((host) => matchCanonical(pattern, host))),
  };
}

/** The set of patterns as a policy has it: A-labels, lower case, no duplicates, sorted by code point (rule 3). */
export function canonicalPatterns(patterns: readonly string[]): readonly string[] {
  return canonical(patterns, parsePattern);
}

function canonical(texts: readonly string[], parse: (text: string) => Parsed<string>): string[] {
  const one = (text: string): string => {
    const result = parse(text);
    return result.ok ? result.value : text.toLowerCase();
  };
  return [...new Set(texts.map(one))].toSorted(byCodePoint);
}

function matchCanonical(pattern: string, host: string): boolean {
  return pattern.startsWith('*.') ? parentOf(host) === pattern.slice(2) : pattern === host;
}
