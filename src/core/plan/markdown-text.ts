/**
 * Floor 0. Text of strangers (TXT strings, host names, bodies) inside Markdown as GitHub and GitLab render it: it is shown, and does nothing.
 */

/** Characters that Markdown, HTML, tables or formulas give a meaning. A character reference is never markup (CommonMark §2.5). */
const SPECIAL = /[\\`*_{}[\]<>&#|~$@]/g;
/** What turns into a link or a notice without any markup; it is broken by a reference for its first sign. */
const LINKS = /:(?=\/\/)|\.(?<=www\.)/gi;
/** `@user`, `#12`, `GH-12` (GitLab: `!12`, `~label`) notify people and issues even as references, unless something stands between. */
const NOTICES = /(?<=[@#!%$&~]|\bGH-)(?=[\p{L}\p{N}_-])/giu;
const ZERO_WIDTH_SPACE = '\u200b';

/** As prose in one line: `a|b <c>` becomes `a&#124;b &#60;c&#62;`. */
export function markdownText(text: string): string {
  const escaped = oneLine(text).replaceAll(NOTICES, ZERO_WIDTH_SPACE);
  return escaped.replaceAll(SPECIAL, reference).replaceAll(LINKS, reference);
}

/** A fenced block: the fence is longer than any in the text, so nothing inside can end it. */
export function fencedBlock(language: string, lines: readonly string[]): readonly string[] {
  const clean = lines.map(oneLine);
  const longest = Math.max(2, ...clean.flatMap((line) => [...line.matchAll(/`+/g)].map(([run]) => run.length)));
  const fence = '`'.repeat(longest + 1);
  return [`${fence}${language}`, ...clean, fence];
}

/** No line breaks, control characters, half surrogates or characters that turn the reading direction. */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu, '\ufffd');
}

function reference(sign: string): string {
  return `&#${sign.codePointAt(0)};`;
}
