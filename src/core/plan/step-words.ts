/** Floor 0. The words for steps and runs that several renderers and the comparison with a plan file share. */
import { parsePolicy } from '../policy.ts';
import type { DomainPlan, Finding, Step } from './model.ts';
import type { ProviderSides } from './provider-change.ts';
import { isRecordOf } from './record-names.ts';
import { type RunReport, summarise } from './report.ts';

/** What a step is about: `policy of mta-sts.example.com`, `_mta-sts.example.com TXT`. */
export function stepTarget({ kind, name, type }: Pick<Step, 'kind' | 'name' | 'type'>): string {
  if (kind === 'certificate') return `certificate of ${name}`;
  return type === null ? `policy of ${name}` : `${name} ${type}`;
}

/** `+` new, `±` changed, `-` gone. */
export function signOf(step: Pick<Step, 'kind' | 'before' | 'after'>): '+' | '±' | '-' {
  if (step.kind === 'delete' || step.after === null) return '-';
  return step.before === null ? '+' : '±';
}

/** One side of a step in one line: texts joined by ` | `, a body as {@link policyText}. Null: nothing there. */
export function sideText({ type }: Pick<Step, 'type'>, texts: readonly string[] | null): string | null {
  return texts?.map((text) => (type === null ? policyText(text) : text)).join(' | ') ?? null;
}

/** The change of a step in one line: `before -> after`; for each provider where they differ. */
export function changeText(step: Step): string {
  if (step.kind === 'certificate') return step.reason;
  const texts = step.changes.map((one) => sidesText(step, one));
  const [first] = texts;
  if (first === undefined) return sidesText(step, { ...step, ttl: { before: null, after: null } });
  if (texts.every((text) => text === first)) return first;
  return step.changes.map(({ provider }, index) => `at ${provider}: ${texts[index]}`).join('; ');
}

function sidesText(step: Step, { ttl, ...sides }: Omit<ProviderSides, 'provider'>): string {
  const [before, after] = [sideText(step, sides.before), sideText(step, sides.after)];
  // Nothing differs: the step is there for what comes after the write.
  if (before === after && ttl.before === ttl.after) return `${after ?? 'once more'}  ${step.reason}`;
  if (after === null) return before ?? '';
  if (before === after) return `${after}  TTL ${ttl.before} -> ${ttl.after}`;
  return before === null ? after : `${before} -> ${after}`;
}

/**
 * The changes of a domain in a few words: `+ host, ± policy (held), wait until 2026-12-08 09:00 UTC`. Without any: the code of the first
 * error; empty where there is none.
 */
export function changeWords({ domain, steps, findings }: DomainPlan): string {
  const words = steps
    .filter((step) => step.kind !== 'verify')
    .map((step) => {
      if (step.kind === 'wait') return waitWords(step);
      if (step.kind === 'certificate') return 'certificate';
      return `${signOf(step)} ${labelOf(step, domain)}${['pending', 'done'].includes(step.outcome) ? '' : ` (${step.outcome})`}`;
    });
  const [first] = findings.filter((one) => one.severity === 'error');
  return [...new Set(words)].join(', ') || (first?.code ?? '');
}

export function waitWords({ notBefore }: Pick<Step, 'notBefore'>): string {
  return notBefore === null ? 'wait' : `wait until ${minute(notBefore)}`;
}

/** Why a step is as it is, with the guard in front that says so. */
export function whyText({ guard, reason }: Pick<Step, 'guard' | 'reason'>): string {
  return guard === null ? reason : `${guard}: ${reason}`;
}

/** Findings worth printing beside the steps: what a held or waiting step says already is not said twice. */
export function shownFindings({ findings }: DomainPlan, isVerbose: boolean): readonly Finding[] {
  return findings.filter(
    (one) =>
      !['GUARD_HOLDS', 'GUARD_WAITS', 'CHANGED_SINCE_PLAN'].includes(one.code) &&
      (isVerbose || one.severity !== 'info'),
  );
}

/** `3 domains: 1 held, 2 in sync`. */
export function summaryLine(report: RunReport): string {
  const { domains, failed, held, drift, waiting, changed, inSync } = summarise(report.domains);
  const counts = { failed, held, drift, waiting, changed, 'in sync': inSync };
  const parts = Object.entries(counts).flatMap(([word, count]) => (count === 0 ? [] : [`${count} ${word}`]));
  const what = parts.join(', ') || 'nothing to do';
  return `${countOf(domains, 'domain')}: ${what}${report.isDryRun ? ' (dry run: nothing was written)' : ''}`;
}

/** `testing -> enforce`, or the one mode where live and wanted are the same or nothing is live. */
export function modeWords({ mode }: Pick<DomainPlan, 'mode'>): string {
  return mode.live === mode.wanted || mode.live === null ? mode.wanted : `${mode.live} -> ${mode.wanted}`;
}

export function countOf(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/** Rounded up: whoever comes at the minute printed is not too early. */
export function minute(date: Date): string {
  return `${new Date(Math.ceil(date.getTime() / 60_000) * 60_000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** A body in one line: `enforce, max_age 86400, mx a b`. */
function policyText(body: string): string {
  const policy = parsePolicy(body);
  if (!policy.ok) return '(not a policy)';
  const { mode, maxAgeSeconds, mx } = policy.value;
  return `${mode}, max_age ${maxAgeSeconds}, ${mx.length === 0 ? 'no mx' : `mx ${mx.join(' ')}`}`;
}

function labelOf({ name, type }: Step, domain: string): string {
  if (type === null) return 'policy';
  if (isRecordOf('mta-sts', name, domain)) return 'host';
  return isRecordOf('_smtp._tls', name, domain) ? 'reports' : 'id';
}
