/** Floor 3. The days that a page is about: `?days=30`, or `?since=2026-09-01`. */
import type { Days } from '../../effects/store-sqlite-dashboard.ts';
import type { Asked } from './fleet-query.ts';
import { href, type Html, markup } from './markup.ts';
import { dayOf } from './words.ts';

export const ranges = [7, 30, 90] as const;
/** More bars than this cannot be told apart. */
const MOST_DAYS = 366;
const DAY_MS = 86_400_000;

export interface Range extends Days {
  readonly days: number;
}

export function parseRange(query: Readonly<Record<string, string>>, now: Date): Asked<Range> {
  const { days: asked, since } = query;
  const until = dayOf(now);
  if (since !== undefined && asked === undefined) {
    const at = /^\d{4}-\d\d-\d\d$/.test(since) ? Date.parse(`${since}T00:00:00Z`) : Number.NaN;
    const days = Math.round((Date.parse(until) - at) / DAY_MS) + 1;
    if (days >= 1 && days <= MOST_DAYS && dayOf(new Date(at)) === since)
      return { ok: true, value: { since, until, days } };
    return { ok: false, message: `since is a day like ${until}, not in the future and at most a year ago` };
  }
  const days = asked === undefined ? 30 : /^\d{1,3}$/.test(asked) ? Number(asked) : 0;
  if (days < 1 || days > MOST_DAYS) return { ok: false, message: `days is a number from 1 to ${MOST_DAYS}` };
  return { ok: true, value: { since: dayOf(new Date(now.getTime() - (days - 1) * DAY_MS)), until, days } };
}

export function rangeLinks(path: string, { days }: Range): Html {
  return markup`<nav class="ranges" aria-label="Days shown">${ranges.map(
    (one) =>
      markup`<a href="${href(path, { days: one })}"${one === days ? markup` aria-current="true"` : ''}>${one} days</a>`,
  )}</nav>`;
}
