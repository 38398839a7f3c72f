/** Floor 3. Numbers and times as people read them on a page. Times are UTC and say so. */
import { utcFormat } from 'd3-time-format';

import { grouped } from '../../core/reports/render-text.ts';
import { type Html, markup } from './markup.ts';

const DAY_MS = 86_400_000;
const minuteFormat = utcFormat('%Y-%m-%d %H:%M');
const dayFormat = utcFormat('%-d %b');

/** `2026-09-07 14:05 UTC`, and for machines to the millisecond. */
export function timeOf(date: Date): Html {
  return markup`<time datetime="${date.toISOString()}">${minuteFormat(date)}<span class="utc"> UTC</span></time>`;
}

/** `7 Sep`, of `2026-09-07`. */
export function shortDay(day: string): string {
  return dayFormat(new Date(`${day}T00:00:00Z`));
}

/** `2026-09-07`. */
export function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/** Days from `since` to `until`, both inclusive. */
export function daysBetween(since: string, until: string): readonly string[] {
  const [from, to] = [Date.parse(since), Date.parse(until)];
  const days: string[] = [];
  for (let at = from; at <= to; at += DAY_MS) days.push(dayOf(new Date(at)));
  return days;
}

/** `just now`, `4 minutes ago`, `3 days ago`. */
export function ago(date: Date, now: Date): string {
  const minutes = Math.floor((now.getTime() - date.getTime()) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 120) return `${countOf(minutes, 'minute')} ago`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${countOf(hours, 'hour')} ago` : `${countOf(Math.floor(hours / 24), 'day')} ago`;
}

/** Whole days; negative: it is over. */
export function daysUntil(date: Date, now: Date): number {
  return Math.floor((date.getTime() - now.getTime()) / DAY_MS);
}

/** `1 report`, `1,234 reports`; `many` where an s is not enough. */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

/** `1,234`, `56.7k`, `1.2M`: what fits into an axis or a tile. */
export function compact(count: number): string {
  if (count < 10_000) return grouped(count);
  const [size, unit] = count < 1_000_000 ? [1e3, 'k'] : count < 1e9 ? [1e6, 'M'] : [1e9, 'G'];
  const value = count / size;
  return `${value < 100 ? value.toFixed(1).replace(/\.0$/, '') : value.toFixed(0)}${unit}`;
}

/** `1 week`, `90 minutes`: of a max_age. */
export function durationWords(seconds: number): string {
  const units = [
    [604_800, 'week'],
    [86_400, 'day'],
    [3600, 'hour'],
    [60, 'minute'],
  ] as const;
  const [size, word] = units.find(([one]) => seconds >= one && seconds % one === 0) ?? [1, 'second'];
  return countOf(seconds / size, word);
}
