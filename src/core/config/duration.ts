/** Floor 0. Durations as the YAML has them: whole seconds, or a number with s m h d w. */

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;
const SYNTAX = /^(\d{1,12})([smhdw]?)$/;

/** The same as a pattern for JSON Schema. */
export const DURATION_PATTERN = '^[0-9]{1,12}[smhdw]?$';

/** Seconds of `300`, `"300"`, `5m`, `2w`; null for anything else. */
export function parseDuration(value: string | number): number | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : null;
  const [, count, unit] = SYNTAX.exec(value) ?? [];
  if (count === undefined) return null;
  return Number(count) * (isUnit(unit) ? SECONDS[unit] : 1);
}

/** `1209600` as `14d`, `90` as `90s`: the largest unit up to days that divides, as people count. */
export function formatDuration(seconds: number): string {
  const unit = (['d', 'h', 'm'] as const).find((one) => seconds > 0 && seconds % SECONDS[one] === 0) ?? 's';
  return `${seconds / SECONDS[unit]}${unit}`;
}

function isUnit(text: string | undefined): text is keyof typeof SECONDS {
  return text !== undefined && Object.hasOwn(SECONDS, text);
}
