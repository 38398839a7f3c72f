/** Floor 0. A run for the eye: worst domains first, one line a change, and nothing about what is in sync unless asked. */
import type { DomainPlan, Finding, Status, Step } from './model.ts';
import { type RunReport, worstFirst } from './report.ts';
import {
  changeText,
  modeWords,
  shownFindings,
  signOf,
  stepTarget,
  summaryLine,
  waitWords,
  whyText,
} from './step-words.ts';

export interface TextOptions {
  /** Also domains in sync, and findings of severity info. */
  readonly isVerbose: boolean;
  /** Paints a word; the identity for no colour. */
  readonly paint: (style: 'added' | 'changed' | 'removed' | 'error' | 'dim' | 'bold', text: string) => string;
}

const styles = { '+': 'added', '±': 'changed', '-': 'removed' } as const;

/** The text of `sync`: groups of domains, then one line that sums up. */
export function renderText(report: RunReport, options: TextOptions): string {
  const shown = worstFirst(report.domains).filter((plan) => options.isVerbose || plan.status !== 'in sync');
  const lines = shown.flatMap((plan) => [...domainLines(plan, options), '']);
  const run = report.findings.flatMap((finding) => findingLines(finding, options));
  return `${[...lines, ...run, summaryLine(report)].join('\n')}\n`;
}

/** The lines about one domain: its status, its changes, its findings. */
export function domainLines(plan: DomainPlan, options: TextOptions): readonly string[] {
  const { paint } = options;
  const head = `${paint('bold', plan.domain)}  ${statusText(plan.status, options)}  ${paint('dim', modeWords(plan))}`;
  const steps = plan.steps
    // A proof is worth a line when it was tried.
    .filter((step) => step.kind !== 'verify' || !['pending', 'skipped'].includes(step.outcome))
    .flatMap((step) => stepLines(step, options));
  const said = new Set<string | null>();
  const lines = shownFindings(plan, options.isVerbose).flatMap((one) => {
    const hint = said.has(one.hint) ? null : one.hint;
    said.add(one.hint);
    return findingLines({ ...one, hint }, options);
  });
  return [head, ...steps, ...lines];
}

function stepLines(step: Step, options: TextOptions): readonly string[] {
  const what = stepTarget(step);
  const mark = {
    pending: '',
    done: '',
    held: '  HELD',
    skipped: '  skipped',
    failed: '  FAILED',
    unknown: '  UNKNOWN',
  }[step.outcome];
  const why = whyText(step);
  if (step.kind === 'wait') return [`  … ${waitWords(step)}  ${options.paint('dim', why)}`];
  if (step.kind === 'certificate') return [`  … ${what}  ${options.paint('dim', why)}`];
  if (step.kind === 'verify')
    return [`  ? prove ${what}${options.paint('error', mark)}${step.outcome === 'done' ? '  served' : `  ${why}`}`];
  const sign = signOf(step);
  const change = `  ${options.paint(styles[sign], `${sign} ${what}`)}  ${changeText(step)}${options.paint('error', mark)}`;
  // What failed has a finding, which says why; the reason is why it was tried.
  const isPlain = !['held', 'skipped'].includes(step.outcome);
  return isPlain ? [change] : [change, `      ${why}`];
}

function findingLines(finding: Finding, options: TextOptions): readonly string[] {
  const mark = finding.severity === 'error' ? options.paint('error', '!') : finding.severity === 'warning' ? '!' : 'i';
  return [
    `  ${mark} ${finding.code}: ${finding.message}`,
    ...(finding.hint === null ? [] : [`      ${options.paint('dim', finding.hint)}`]),
  ];
}

function statusText(status: Status, { paint }: TextOptions): string {
  return status === 'failed' || status === 'held' ? paint('error', status) : status;
}
