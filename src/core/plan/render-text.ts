/** Floor 0. A run for the eye: worst domains first, one line a change, and nothing about what is in sync unless asked. */
import { parsePolicy } from '../policy.ts';
import { type DomainPlan, type Finding, type Status, statuses, type Step } from './model.ts';
import { type RunReport, summarise } from './report.ts';

export interface TextOptions {
  /** Also domains in sync, and findings of severity info. */
  readonly isVerbose: boolean;
  /** Paints a word; the identity for no colour. */
  readonly paint: (style: 'added' | 'changed' | 'removed' | 'error' | 'dim' | 'bold', text: string) => string;
}

/** The text of `sync`: groups of domains, then one line that sums up. */
export function renderText(report: RunReport, options: TextOptions): string {
  const ordered = statuses.flatMap((status) => report.domains.filter((plan) => plan.status === status));
  const shown = ordered.filter((plan) => options.isVerbose || plan.status !== 'in sync');
  const lines = shown.flatMap((plan) => [...domainLines(plan, options), '']);
  const run = report.findings.flatMap((finding) => findingLines(finding, options));
  return `${[...lines, ...run, summaryLine(report)].join('\n')}\n`;
}

function domainLines(plan: DomainPlan, options: TextOptions): readonly string[] {
  const mode =
    plan.mode.live === plan.mode.wanted || plan.mode.live === null
      ? plan.mode.wanted
      : `${plan.mode.live} -> ${plan.mode.wanted}`;
  const head = `${options.paint('bold', plan.domain)}  ${statusText(plan.status, options)}  ${options.paint('dim', mode)}`;
  const steps = plan.steps
    // A proof is worth a line when it was tried.
    .filter((step) => step.kind !== 'verify' || !['pending', 'skipped'].includes(step.outcome))
    .flatMap((step) => stepLines(step, options));
  // What a held or waiting step says already is not said twice.
  const findings = plan.findings.filter(
    (one) =>
      !['GUARD_HOLDS', 'GUARD_WAITS', 'CHANGED_SINCE_PLAN'].includes(one.code) &&
      (options.isVerbose || one.severity !== 'info'),
  );
  const said = new Set<string | null>();
  const lines = findings.flatMap((one) => {
    const hint = said.has(one.hint) ? null : one.hint;
    said.add(one.hint);
    return findingLines({ ...one, hint }, options);
  });
  return [head, ...steps, ...lines];
}

function stepLines(step: Step, options: TextOptions): readonly string[] {
  const what = step.type === null ? `policy of ${step.name}` : `${step.name} ${step.type}`;
  const mark = {
    pending: '',
    done: '',
    held: '  HELD',
    skipped: '  skipped',
    failed: '  FAILED',
    unknown: '  UNKNOWN',
  }[step.outcome];
  const why = step.guard === null ? step.reason : `${step.guard}: ${step.reason}`;
  if (step.kind === 'wait')
    return [
      `  … wait${step.notBefore === null ? '' : ` until ${minute(step.notBefore)}`}  ${options.paint('dim', why)}`,
    ];
  if (step.kind === 'verify')
    return [`  ? prove ${what}${options.paint('error', mark)}${step.outcome === 'done' ? '  served' : `  ${why}`}`];
  const [sign, style] = signOf(step);
  const change = `  ${options.paint(style, `${sign} ${what}`)}  ${changeText(step)}${options.paint('error', mark)}`;
  // What failed has a finding, which says why; the reason is why it was tried.
  const isPlain = !['held', 'skipped'].includes(step.outcome);
  return isPlain ? [change] : [change, `      ${why}`];
}

function signOf(step: Step): readonly [string, 'added' | 'changed' | 'removed'] {
  if (step.kind === 'delete' || step.after === null) return ['-', 'removed'];
  return step.before === null ? ['+', 'added'] : ['±', 'changed'];
}

function changeText(step: Step): string {
  const [before, after] = [step.before, step.after].map((texts) =>
    texts?.map((text) => (step.type === null ? policyText(text) : text)).join(' | '),
  );
  // Nothing differs: the step is there for what comes after the write.
  const isAgain = before === after && ttls(step, 'before') === ttls(step, 'after');
  if (isAgain) return `${after ?? 'once more'}  ${step.reason}`;
  if (after === undefined) return before ?? '';
  if (before === after) return `${after}  TTL ${ttls(step, 'before')} -> ${ttls(step, 'after')}`;
  return before === undefined ? after : `${before} -> ${after}`;
}

function ttls(step: Step, when: 'before' | 'after'): string {
  const all = step.changes.flatMap((one) => one.changes.map((change) => change[when]?.ttlSeconds));
  return [...new Set(all)].join(', ');
}

/** A body in one line: `enforce, max_age 86400, mx: a b`. */
function policyText(body: string): string {
  const policy = parsePolicy(body);
  if (!policy.ok) return '(not a policy)';
  const { mode, maxAgeSeconds, mx } = policy.value;
  return `${mode}, max_age ${maxAgeSeconds}, ${mx.length === 0 ? 'no mx' : `mx ${mx.join(' ')}`}`;
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

function summaryLine(report: RunReport): string {
  const { domains, failed, held, drift, waiting, changed, inSync } = summarise(report.domains);
  const counts = { failed, held, drift, waiting, changed, 'in sync': inSync };
  const parts = Object.entries(counts).flatMap(([word, count]) => (count === 0 ? [] : [`${count} ${word}`]));
  const what = parts.join(', ') || 'nothing to do';
  return `${domains} ${domains === 1 ? 'domain' : 'domains'}: ${what}${report.isDryRun ? ' (dry run: nothing was written)' : ''}`;
}

/** Rounded up: whoever comes at the minute printed is not too early. */
function minute(date: Date): string {
  return `${new Date(Math.ceil(date.getTime() / 60_000) * 60_000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
