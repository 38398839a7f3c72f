/** Floor 0. What is told, as data and as text. Mail, chat and JSON all read the same message. */
import type { Finding } from '../plan/model.ts';
import type { ReportNews } from '../reports/alerts.ts';
import type { Damped } from './damper.ts';

/** A config that was refused, or one that is in force again after that; a repository that cannot be followed, or can again. */
export interface ConfigNews {
  readonly event: 'refused' | 'accepted' | 'source-failed' | 'source-recovered';
  /** Of this config; for news of the repository, of the one in force. */
  readonly commit: string | null;
  /** The first fault, or what else was wrong; empty where all is well. */
  readonly message: string;
}

export interface Message {
  readonly version: 1;
  readonly at: Date;
  /** `2 domains failed, 1 recovered`: a subject, a first line. */
  readonly summary: string;
  /** Commit of the config in force. */
  readonly commit: string | null;
  readonly config: ConfigNews | null;
  readonly changes: Damped['changes'];
  /** What TLS reports newly tell of, and what is over. */
  readonly reports: readonly ReportNews[];
}

/** More than these are counted, not listed: nobody reads 10,000 lines in a chat. */
const MAX_LISTED = 50;

const NEWS = {
  refused: 'config refused',
  accepted: 'config accepted',
  'source-failed': 'repository not followed',
  'source-recovered': 'repository followed again',
} as const;

const WORDS = { failed: 'failed', held: 'held', drift: 'drifted', recovered: 'recovered' } as const;

/** Null: there is nothing to tell. */
export function messageOf(
  changes: Damped['changes'],
  config: ConfigNews | null,
  context: { readonly at: Date; readonly commit: string | null },
): Message | null {
  if (changes.length === 0 && config === null) return null;
  return { version: 1, ...context, summary: summaryOf(changes, config), config, changes, reports: [] };
}

/** Null: there is nothing to tell. */
export function reportsMessageOf(
  reports: readonly ReportNews[],
  context: { readonly at: Date; readonly commit: string | null },
): Message | null {
  const [first] = reports;
  if (first === undefined) return null;
  const domains = new Set(reports.map(({ domain }) => domain)).size;
  const over = reports.filter(({ event }) => event === 'over').length;
  const parts = [
    ...(over < reports.length ? [`${reports.length - over} new`] : []),
    ...(over > 0 ? [`${over} over`] : []),
  ];
  const about = domains === 1 ? first.domain : `${domains} domains`;
  return {
    version: 1,
    ...context,
    summary: `TLS reports of ${about}: ${parts.join(', ')}`,
    config: null,
    changes: [],
    reports,
  };
}

function summaryOf(changes: Damped['changes'], config: ConfigNews | null): string {
  const counts = (['failed', 'held', 'drift', 'recovered'] as const).flatMap((event) => {
    const count = changes.filter((change) => change.event === event).length;
    return count === 0 ? [] : [{ count, word: WORDS[event] }];
  });
  const parts = counts.map(({ count, word }, index) =>
    index === 0 ? `${count} ${count === 1 ? 'domain' : 'domains'} ${word}` : `${count} ${word}`,
  );
  const news = config === null ? [] : [NEWS[config.event]];
  const [only] = changes;
  if (changes.length === 1 && only !== undefined && config === null) return `${only.domain} ${WORDS[only.event]}`;
  return [...news, ...parts].join(', ');
}

/** The lines below the summary; plain text, no line longer than its message needs. */
export function messageLines({ config, changes, reports, commit }: Message): readonly string[] {
  return [
    ...(config === null ? [] : configLines(config)),
    ...changes.slice(0, MAX_LISTED).flatMap(changeLines),
    ...(changes.length > MAX_LISTED ? [`and ${changes.length - MAX_LISTED} more: see /api/v1/domains`] : []),
    ...reports.slice(0, MAX_LISTED).flatMap(reportLines),
    ...(reports.length > MAX_LISTED
      ? [`and ${reports.length - MAX_LISTED} more: see stsync reports summary DOMAIN`]
      : []),
    ...(commit === null ? [] : [`Config in force: commit ${commit.slice(0, 12)}`]),
  ];
}

function reportLines({ domain, event, code, message, hint }: ReportNews): readonly string[] {
  if (event === 'over') return [`+ ${domain}: over: ${code} ${message}`];
  return [`- ${domain}: ${code} ${message}`, ...(hint === null ? [] : [`      ${hint}`])];
}

function configLines({ event, commit, message }: ConfigNews): readonly string[] {
  const which = commit === null ? '' : ` of commit ${commit.slice(0, 12)}`;
  switch (event) {
    case 'accepted':
      return [`The config${which} is in force.`];
    case 'refused':
      return [`The config${which} was refused, and the last good one stays in force: ${message}`];
    case 'source-failed':
      return [`The repository cannot be fetched, and the config${which} stays in force: ${message}`];
    case 'source-recovered':
      return ['The repository can be fetched again.'];
  }
}

function changeLines({ domain, event, from, to, findings, isLast }: Damped['changes'][number]): readonly string[] {
  const way = from === null ? to : `${from} -> ${to}`;
  return [
    `${event === 'recovered' ? '+' : '-'} ${domain}: ${way}`,
    ...findings.flatMap(findingLines),
    ...(isLast ? ['    it changes often: more is told when it has been quiet for a while'] : []),
  ];
}

function findingLines({ code, message, hint }: Finding): readonly string[] {
  return [`    ${code} ${message}`, ...(hint === null ? [] : [`      ${hint}`])];
}
