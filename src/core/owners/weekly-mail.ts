/** Floor 0. The weekly mail to the owner of some domains: what failed, whose matter it is, what to do; as text and as HTML. */
import type { Days, OwnedDomain } from './model.ts';
import { weeklyHtml } from './weekly-html.ts';
import { footWords, restWords } from './weekly-words.ts';
import { type ShownDomain, type ShownFinding, type WeeklyView, weeklyView } from './weekly-view.ts';

export interface WeeklyMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** `domains`: of one owner, at least one. */
export function weeklyMail(domains: readonly OwnedDomain[], days: Days): WeeklyMail {
  const view = weeklyView(domains, days);
  const [first] = domains;
  const who = domains.length === 1 && first !== undefined ? first.domain : `${domains.length} domains`;
  return {
    subject: `Mail TLS of ${who}: ${view.verdict}`,
    text: weeklyText(view),
    html: weeklyHtml(view),
  };
}

function weeklyText(view: WeeklyView): string {
  const { shown, rest, verdict, period } = view;
  const blocks = [
    [`TLS of incoming mail, ${period}: ${verdict}.`],
    ...shown.map(domainLines),
    ...(rest.domains === 0 ? [] : [[restWords(view)]]),
    footWords(view),
  ];
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function domainLines({
  domain,
  statusWords,
  modeWords,
  week,
  before,
  findings,
  others,
  hasTrouble,
  link,
}: ShownDomain): readonly string[] {
  return [
    domain,
    '-'.repeat(domain.length),
    `Policy:       ${modeWords}`,
    `Status:       ${statusWords}`,
    `This week:    ${week}`,
    `Week before:  ${before}`,
    ...findings.flatMap(findingLines),
    ...(others > 0 ? [`  and ${others} more`] : []),
    ...(hasTrouble ? [] : ['Nothing to do.']),
    ...(link === null ? [] : [`Its page:     ${link}`]),
  ];
}

function findingLines({ severity, message, whose, cure }: ShownFinding): readonly string[] {
  const sign = whose === null ? '(over)' : severity === 'info' ? '-' : '!';
  return [`${sign} ${message}.`, ...(whose === null || cure === null ? [] : [`  ${whose}. ${cure}`])];
}
