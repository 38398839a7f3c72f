/** Floor 0. When the weekly summaries are due, and which days they are about. */
import { type WeeklyConfig, weekdays } from '../config/shape-reports-weekly.ts';
import { daysApart } from '../reports/finding-words.ts';
import type { Days } from './model.ts';

const DAY_MS = 86_400_000;
/** Another weekday in the config makes no second mail in the same week. */
const LEAST_DAYS = 6;

/**
 * The local day (`2026-11-30`) whose summaries are due at this moment: the wanted weekday, from the wanted time on, until midnight. Null: not now. A daemon
 * that was down sends later on that day; the next day would tell old news.
 */
export function dueDay(now: Date, { on, at }: Pick<WeeklyConfig, 'on' | 'at'>, timezone: string): string | null {
  const { weekday, day, time } = localTime(now, timezone);
  return weekday === on && time >= at ? day : null;
}

/** `last`: the day of the last one; null: there was none. */
export function isDue(day: string, last: string | null): boolean {
  return last === null || daysApart(last, day) >= LEAST_DAYS;
}

/** The seven whole days before this moment, UTC as reports have them, and the seven before those. */
export function weeksBefore(now: Date): { readonly week: Days; readonly before: Days } {
  const daysAgo = (days: number): string => new Date(now.getTime() - days * DAY_MS).toISOString().slice(0, 10);
  return {
    week: { since: daysAgo(7), until: daysAgo(1) },
    before: { since: daysAgo(14), until: daysAgo(8) },
  };
}

function localTime(
  now: Date,
  timeZone: string,
): { readonly weekday: string; readonly day: string; readonly time: string } {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    weekday: 'long',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  });
  const parts = new Map(format.formatToParts(now).map(({ type, value }) => [type, value]));
  const of = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? '';
  const weekday = weekdays.find((one) => one === of('weekday').toLowerCase()) ?? '';
  return { weekday, day: `${of('year')}-${of('month')}-${of('day')}`, time: `${of('hour')}:${of('minute')}` };
}
