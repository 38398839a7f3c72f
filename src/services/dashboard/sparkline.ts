/** Floor 3. Chart: sessions of some days as a small area, and a red mark under each day that failed. Beside the number it shows, so hidden from readers aloud. */
import { max } from 'd3-array';
import { scaleLinear } from 'd3-scale';
import { area, line } from 'd3-shape';

import { type Html, markup } from './markup.ts';
import type { DayPoint } from './stacked-bars.ts';

const [WIDTH, HEIGHT, MARKS] = [112, 28, 5];

/** `points`: every day of the range, oldest first. */
export function sparkline(points: readonly DayPoint[]): Html {
  const most = max(points, sessions) ?? 0;
  if (most === 0) return markup`<svg class="spark" width="${WIDTH}" height="${HEIGHT}" aria-hidden="true"></svg>`;
  const x = scaleLinear([0, Math.max(points.length - 1, 1)], [1.5, WIDTH - 1.5]);
  const y = scaleLinear([0, most], [HEIGHT - MARKS, 2]);
  const at = (_: DayPoint, index: number): number => x(index);
  const top = (point: DayPoint): number => y(sessions(point));
  const fill = area<DayPoint>().digits(1).x(at).y0(y(0)).y1(top)([...points]) ?? '';
  const edge = line<DayPoint>().digits(1).x(at).y(top)([...points]) ?? '';
  const marks = points
    .map(({ failed }, index) => (failed === 0 ? '' : `M${x(index).toFixed(1)} ${HEIGHT - MARKS + 1}v${MARKS - 1}`))
    .join('');
  return markup`<svg class="spark" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true"><path class="fill" d="${fill}"/><path class="edge" d="${edge}"/>${
    marks === '' ? '' : markup`<path class="marks" d="${marks}"/>`
  }</svg>`;
}

function sessions({ succeeded, failed }: DayPoint): number {
  return succeeded + failed;
}
