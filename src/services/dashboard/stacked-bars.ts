/** Floor 3. Chart: a bar a day, what failed on top of what went well. SVG without a width of its own, so letters keep their size on a phone. */
import { max } from 'd3-array';
import { scaleBand, scaleLinear } from 'd3-scale';
import { stack } from 'd3-shape';

import { type Html, markup } from './markup.ts';
import { compact, countOf, shortDay } from './words.ts';

export interface DayPoint {
  readonly day: string;
  readonly succeeded: number;
  readonly failed: number;
}

const HEIGHT = 190;
const TOP = 8;
const BELOW = 26;
/** A day that failed is never too little to be seen. */
const LEAST = 2;
const TICKS = 4;
/** So few bars are broad, and each has its day below its middle. */
const FEW = 10;

/** `points`: every day of the range, oldest first. */
export function stackedBars(points: readonly DayPoint[]): Html {
  const most = max(points, ({ succeeded, failed }) => succeeded + failed) ?? 0;
  const y = scaleLinear([0, Math.max(most, 1)], [HEIGHT, TOP]).nice(TICKS);
  const x = scaleBand(
    points.map(({ day }) => day),
    [0, 100],
  ).paddingInner(points.length > FEW ? 0.3 : 0.5);
  const ticks = y.ticks(TICKS).filter((tick) => Number.isInteger(tick));
  const [good = [], bad = []] = stack<unknown, DayPoint, 'succeeded' | 'failed'>().keys(['succeeded', 'failed'])([
    ...points,
  ]);
  const total = HEIGHT + BELOW;
  return markup`<svg class="axis" height="${total}" aria-hidden="true">${ticks.map(
    (tick) => markup`<text x="100%" y="${y(tick) + 4}" text-anchor="end">${compact(tick)}</text>`,
  )}</svg><svg class="plot" width="100%" height="${total}" aria-hidden="true">
${ticks.map((tick) => markup`<line class="${tick === 0 ? 'base' : 'grid'}" x1="0" x2="100%" y1="${y(tick)}" y2="${y(tick)}"/>`)}
${points.map((point, index) => {
  const left = x(point.day) ?? 0;
  const goodTop = y(good[index]?.[1] ?? 0);
  const height = point.failed === 0 ? 0 : Math.max(LEAST, goodTop - y(bad[index]?.[1] ?? 0));
  return markup`<g><title>${titleOf(point)}</title><rect class="hover" x="${round(left)}%" width="${round(x.step())}%" y="0" height="${HEIGHT}"/>${
    point.succeeded === 0 ? '' : rect('ok', left, x.bandwidth(), goodTop, HEIGHT - goodTop)
  }${height === 0 ? '' : rect('fail', left, x.bandwidth(), goodTop - height, height)}</g>`;
})}
${labels(points).map(
  ({ day, anchor, at, isMinor }) =>
    markup`<text class="${isMinor ? 'minor' : 'tick'}" x="${round(at === 'middle' ? (x(day) ?? 0) + x.bandwidth() / 2 : at === 'start' ? 0 : 100)}%" y="${total - 6}" text-anchor="${anchor}">${shortDay(day)}</text>`,
)}</svg>`;
}

function rect(kind: 'ok' | 'fail', left: number, width: number, top: number, height: number): Html {
  return markup`<rect class="${kind}" x="${round(left)}%" width="${round(width)}%" y="${round(top)}" height="${round(height)}"/>`;
}

function titleOf({ day, succeeded, failed }: DayPoint): string {
  if (succeeded + failed === 0) return `${day}: nothing reported`;
  return `${day}: ${countOf(succeeded + failed, 'session')}, ${failed === 0 ? 'none' : countOf(failed, 'of them', 'of them')} failed`;
}

interface DayLabel {
  readonly day: string;
  readonly anchor: 'start' | 'middle' | 'end';
  readonly at: 'start' | 'middle' | 'end';
  /** Left out on a phone. */
  readonly isMinor: boolean;
}

/** Seven at most, the first and the last day among them. */
function labels(points: readonly DayPoint[]): readonly DayLabel[] {
  const last = points.length - 1;
  if (last <= 0) return points.map(({ day }) => ({ day, anchor: 'start', at: 'start', isMinor: false }));
  const isFew = points.length <= FEW;
  const count = isFew ? last : 6;
  return Array.from({ length: count + 1 }, (_, n): DayLabel => {
    const index = Math.round((n * last) / count);
    const anchor = isFew ? 'middle' : index === 0 ? 'start' : index === last ? 'end' : 'middle';
    return { day: points[index]?.day ?? '', anchor, at: anchor, isMinor: isFew ? n % 2 !== 0 : n % 3 !== 0 };
  });
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
