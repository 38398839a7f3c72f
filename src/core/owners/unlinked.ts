/** Floor 0. Words of strangers in a mail: mail programs make links of names and addresses by themselves. */
import { oneLine } from '../plan/markdown-text.ts';

const ZERO_WIDTH_SPACE = '\u200b';
/** What looks like a host name to a mail program. */
const NAMES = /[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)*\.[\p{N}_-]*\p{L}[\p{L}\p{N}_-]*/gu;
/** Where a URL or an address begins, written so or not. */
const STARTS = /(?<=:)(?=\/)|(?<=@)|(?<=\b(?:mailto|tel|sms|data|javascript):)/giu;

/**
 * In one line, and so that no program makes a link of it; names that are the owner's, or below the domain, stay as they are. What breaks a link has no
 * width.
 */
export function unlinked(
  text: string,
  { domain, hosts }: { readonly domain: string; readonly hosts: readonly string[] },
): string {
  const isOwn = (name: string): boolean => name === domain || name.endsWith(`.${domain}`) || hosts.includes(name);
  return oneLine(text)
    .replaceAll(NAMES, (name) => (isOwn(name.toLowerCase()) ? name : name.replaceAll('.', `${ZERO_WIDTH_SPACE}.`)))
    .replaceAll(STARTS, ZERO_WIDTH_SPACE);
}
