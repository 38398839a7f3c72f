/** Floor 0. A check for people: verdict, what senders do, errors and warnings with their cure, what to do; the facts with `--verbose`. */
import type { TextOptions } from '../plan/render-text.ts';
import type { CheckFinding, CheckReport, Verdict } from './model.ts';
import { plain } from './plain.ts';
import { factLines } from './render-facts.ts';

/** `isVerbose`: also what is only good to know, and the facts. */
export function renderCheckText(report: CheckReport, { isVerbose, paint }: TextOptions): string {
  const { domain, verdict, senders, findings, instructions } = report;
  const shown = findings.filter((one) => isVerbose || one.severity !== 'info');
  const sections = [
    [`${paint('bold', domain)}  ${paint(styleOf(verdict.kind), verdict.kind)}  ${plain(verdict.sentence)}`],
    [...Map.groupBy(senders, ({ does }) => does)].flatMap(([does, group]) => [
      `  ${paint('bold', group.map(({ sender }) => sender).join(', '))}`,
      `      ${plain(does)}`,
    ]),
    shown.flatMap((one) => findingLines(one, paint)),
    instructions.flatMap(({ step, copy }, index) => [
      `  ${index + 1}. ${plain(step)}`,
      ...copy.map((line) => `       ${plain(line)}`),
    ]),
    isVerbose
      ? factLines(report.facts).map(({ label, value }) => `  ${paint('dim', plain(label))}  ${plain(value)}`)
      : [],
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => `${line}\n`).join(''))
    .join('\n');
}

function findingLines({ code, severity, message, hint }: CheckFinding, paint: TextOptions['paint']): readonly string[] {
  const mark = severity === 'info' ? 'i' : '!';
  const style = severity === 'error' ? 'error' : severity === 'warning' ? 'changed' : 'dim';
  return [
    `  ${paint(style, `${mark} ${severity} ${code}`)}: ${plain(message)}`,
    ...(hint === null ? [] : [`      ${paint('dim', plain(hint))}`]),
  ];
}

function styleOf(kind: Verdict): 'added' | 'changed' | 'error' {
  if (kind === 'protected' || kind === 'no-mail') return 'added';
  return kind === 'testing' ? 'changed' : 'error';
}
