/**
 * Floor 0. A run as a comment on a pull request: one line that sums up, a table, the details of each domain folded. It begins with a marker,
 * so that a bot finds its comment and updates it in place.
 */
import { fencedBlock, markdownText } from './markdown-text.ts';
import type { DomainPlan, Finding, Step } from './model.ts';
import { type RunReport, worstFirst } from './report.ts';
import {
  changeText,
  changeWords,
  countOf,
  modeWords,
  shownFindings,
  sideText,
  stepTarget,
  summaryLine,
  waitWords,
  whyText,
} from './step-words.ts';

export interface MarkdownOptions {
  /** Also findings of severity info. */
  readonly isVerbose: boolean;
}

/** The first line, in every release the same. */
const MARKER = '<!-- stsync -->';
/** GitHub takes 65,536 characters. The table and the findings of the run get no more than their share, so that details have room. */
const LIMIT = 65_000;
const TABLE_LIMIT = 30_000;
const FINDINGS_LIMIT = 5000;
const LINE_LIMIT = 1000;

/** At most 65,000 characters; what did not fit is counted in the last lines. */
export function renderMarkdown(report: RunReport, { isVerbose }: MarkdownOptions): string {
  const shown = worstFirst(report.domains).filter((plan) => plan.status !== 'in sync');
  const head = `${MARKER}\n**stsync**: ${markdownText(summaryLine(report))}\n`;
  const rows = fitting(shown.map(tableRow), TABLE_LIMIT);
  const table = rows.length === 0 ? '' : `\n| Domain | Status | Mode | Change |\n|---|---|---|---|\n${rows.join('')}`;
  const notes = fitting(
    report.findings.map((one) => `${findingItem(one)}\n`),
    FINDINGS_LIMIT,
  );
  const run = notes.length === 0 ? '' : `\n${notes.join('')}`;
  const foot = `\nDigest of the plan: \`${report.digest}\`\n`;
  const room = LIMIT - [head, table, run, foot].join('').length - LINE_LIMIT;
  const details = fitting(
    shown.slice(0, rows.length).map((plan) => detailsOf(plan, isVerbose)),
    room,
  );
  const left = leftOut([
    [shown.length - rows.length, 'in the table'],
    [shown.length - details.length, 'in the details'],
    [report.findings.length - notes.length, 'in the findings of the run'],
  ]);
  return [head, table, ...details, run, left, foot].join('');
}

/** The longest beginning of the list that has no more than `limit` characters. */
function fitting(texts: readonly string[], limit: number): readonly string[] {
  let length = 0;
  const end = texts.findIndex((text) => (length += text.length) > limit);
  return end === -1 ? texts : texts.slice(0, end);
}

function leftOut(counts: readonly (readonly [number, string])[]): string {
  const parts = counts.flatMap(([count, where]) => (count === 0 ? [] : [`${countOf(count, 'domain')} ${where}`]));
  return parts.length === 0
    ? ''
    : `\nLeft out, since a comment holds no more: ${parts.join(', ')}. \`--out FILE\` has all.\n`;
}

function tableRow(plan: DomainPlan): string {
  const cells = [plan.domain, plan.status, modeWords(plan), clip(changeWords(plan))].map(markdownText);
  return `| ${cells.join(' | ')} |\n`;
}

function detailsOf(plan: DomainPlan, isVerbose: boolean): string {
  const changes = plan.steps.flatMap(stepLines).map(clip);
  const findings = shownFindings(plan, isVerbose).map(findingItem);
  const lines = [
    '',
    '<details>',
    `<summary>${markdownText(plan.domain)}: ${plan.status}</summary>`,
    '',
    ...(changes.length === 0 ? [] : [...fencedBlock('diff', changes), '']),
    ...(findings.length === 0 ? [] : [...findings, '']),
    '</details>',
  ];
  return `${lines.join('\n')}\n`;
}

/** As lines of a diff: `-` what is there, `+` what shall be, `!` what changes nothing that can be seen, `#` why. */
function stepLines(step: Step): readonly string[] {
  const what = stepTarget(step);
  const mark = ['pending', 'done'].includes(step.outcome) ? '' : `  ${step.outcome.toUpperCase()}`;
  const why = ['held', 'skipped'].includes(step.outcome) ? [`# ${whyText(step)}`] : [];
  if (step.kind === 'wait') return [`# ${waitWords(step)}: ${whyText(step)}`];
  if (step.kind === 'certificate') return [`# ${what}: ${whyText(step)}`];
  if (step.kind === 'verify') {
    if (['pending', 'skipped'].includes(step.outcome)) return [];
    return [`# prove ${what}: ${step.outcome === 'done' ? 'served' : `${step.outcome}: ${whyText(step)}`}`];
  }
  const [before, after] = [sideText(step, step.before), sideText(step, step.after)];
  if (before === after) return [`! ${what}  ${changeText(step)}${mark}`, ...why];
  return [
    ...(before === null ? [] : [`- ${what}  ${clip(before)}${after === null ? mark : ''}`]),
    ...(after === null ? [] : [`+ ${what}  ${clip(after)}${mark}`]),
    ...why,
  ];
}

function findingItem({ severity, code, message, hint }: Finding): string {
  const cure = hint === null ? '' : `<br>${markdownText(clip(hint))}`;
  return `- **${severity}** ${code}: ${markdownText(clip(message))}${cure}`;
}

function clip(text: string): string {
  return text.length > LINE_LIMIT ? `${text.slice(0, LINE_LIMIT)}…` : text;
}
