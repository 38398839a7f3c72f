/** Floor 0. Days, reporters and counts as a sentence has them. */
import { oneLine } from '../plan/markdown-text.ts';
import { grouped } from './render-text.ts';

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;

/** Verified domains of reporters that people know by another name. */
const KNOWN: ReadonlyMap<string, string> = new Map([
  ['google.com', 'Google'],
  ['microsoft.com', 'Microsoft'],
  ['comcast.net', 'Comcast'],
  ['yahooinc.com', 'Yahoo'],
  ['mail.ru', 'Mail.ru'],
  ['gmx.net', 'GMX'],
  ['web.de', 'WEB.DE'],
]);
const MOST_SHOWN = 80;

/** `on 10 September`, `from 5 to 7 September`, `from 30 August to 2 September`. Days are `2026-09-05`. */
export function between(from: string, to: string): string {
  if (from === to) return `on ${dayWords(from)}`;
  const [a, b] = [dayWords(from), dayWords(to)];
  const isSameMonth = from.slice(0, 7) === to.slice(0, 7);
  return `from ${isSameMonth ? a.split(' ')[0] : a} to ${b}`;
}

/** `7 September`. */
export function dayWords(day: string): string {
  const [, month = '01', date = '01'] = day.split('-');
  return `${Number(date)} ${MONTHS[Number(month) - 1] ?? month}`;
}

/** `Google`, `Google and sender.example`, `all 4 reporters`, `3 of 5 reporters`. */
export function reportersWords(who: readonly string[], all: number): string {
  const names = who.map(reporterName);
  if (who.length === 1) return names[0] ?? '';
  if (who.length === all && who.length > 2) return `all ${who.length} reporters`;
  if (who.length === 2) return names.join(' and ');
  return `${who.length} of ${all} reporters`;
}

/** At the beginning of a sentence; names of hosts and domains stay as they are. */
export function capital(words: string): string {
  return words.startsWith('all ') ? `A${words.slice(1)}` : words;
}

/** `Google`; `(Google)`, `(sender.example)` is one that no signature proves. */
export function reporterName(reporter: string): string {
  const claimed = /^\((.+)\)$/s.exec(reporter)?.[1];
  return claimed === undefined ? nameOf(reporter) : `(${nameOf(claimed)})`;
}

function nameOf(domain: string): string {
  return KNOWN.get(domain) ?? safe(domain);
}

export function sessionsWords(count: number): string {
  return `${grouped(count)} ${count === 1 ? 'session' : 'sessions'}`;
}

/** A text of a stranger within a sentence. */
export function safe(text: string): string {
  const line = oneLine(text);
  return line.length > MOST_SHOWN ? `${line.slice(0, MOST_SHOWN - 1)}…` : line;
}

/** Days from one to another: 1 from `2026-09-05` to `2026-09-06`. */
export function daysApart(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000);
}
