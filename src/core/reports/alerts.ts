/** Floor 0. Which findings of reports people are told about: each once when it comes, and once when it is over. Pure: what was told goes in and comes out. */
import { findingKey, type ReportFinding } from './finding-model.ts';
import { daysApart } from './finding-words.ts';

/** Something that was told and is not over. */
export interface ToldAlert {
  readonly key: string;
  /** As it was told. */
  readonly message: string;
  readonly at: Date;
}

export interface ReportNews {
  readonly domain: string;
  readonly event: 'reported' | 'over';
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

/** Older troubles are no news: an archive that is imported makes no alarm. */
const FRESH_DAYS = 4;
const ALSO = new Set(['REPORTER_SILENT']);

export function alertChanges(
  domain: string,
  told: readonly ToldAlert[],
  findings: readonly ReportFinding[],
  now: Date,
): { readonly told: readonly ToldAlert[]; readonly news: readonly ReportNews[] } {
  const standing = new Map(findings.filter((one) => !one.isOver).map((one) => [findingKey(one), one]));
  const today = now.toISOString().slice(0, 10);
  const known = new Set(told.map(({ key }) => key));
  const fresh = [...standing].filter(([key, one]) => !known.has(key) && isAlarming(one) && isFresh(one, today));
  const [kept, ended] = [told.filter(({ key }) => standing.has(key)), told.filter(({ key }) => !standing.has(key))];
  return {
    told: [...kept, ...fresh.map(([key, { message }]) => ({ key, message, at: now }))],
    news: [
      ...fresh.map(([, { code, message, hint }]) => ({ domain, event: 'reported' as const, code, message, hint })),
      ...ended.map(({ key, message }) => {
        const [code = ''] = key.split(' ');
        return { domain, event: 'over' as const, code, message, hint: null };
      }),
    ],
  };
}

function isAlarming({ code, severity, confidence }: ReportFinding): boolean {
  return confidence !== 'low' && (severity !== 'info' || ALSO.has(code));
}

function isFresh({ to }: ReportFinding, today: string): boolean {
  return to === null || daysApart(to, today) <= FRESH_DAYS;
}
