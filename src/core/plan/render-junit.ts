/**
 * Floor 0. A run as JUnit XML, for CI servers that list tests: one test case for each domain. `failed` is an error, `held` and `drift` are
 * failures, `waiting` is skipped, the rest passed. No time or date in it: the same state gives the same bytes.
 */
import type { DomainPlan } from './model.ts';
import { domainLines } from './render-text.ts';
import { type RunReport, summarise } from './report.ts';
import { changeWords, summaryLine } from './step-words.ts';

export interface JunitOptions {
  /** Also findings of severity info. */
  readonly isVerbose: boolean;
}

export function renderJunit(report: RunReport, options: JunitOptions): string {
  const { domains, failed, held, drift, waiting } = summarise(report.domains);
  const counts = `tests="${domains}" failures="${held + drift}" errors="${failed}" skipped="${waiting}"`;
  const run = [...report.findings.map(({ code, message }) => `${code}: ${message}`), summaryLine(report)];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="stsync" ${counts}>`,
    `  <testsuite name="stsync sync" ${counts}>`,
    ...report.domains.map((plan) => testCase(plan, options)),
    `    <system-out>${xmlText(run.join('\n'))}</system-out>`,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testCase(plan: DomainPlan, { isVerbose }: JunitOptions): string {
  const head = `    <testcase classname="stsync" name="${xmlText(plan.domain)}"`;
  const verdict = {
    failed: 'error',
    held: 'failure',
    drift: 'failure',
    waiting: 'skipped',
    changed: null,
    'in sync': null,
  };
  const element = verdict[plan.status];
  if (element === null && plan.status === 'in sync' && !isVerbose) return `${head}/>`;
  const text = xmlText(domainLines(plan, { isVerbose, paint: (_style, word) => word }).join('\n'));
  const message = xmlText([plan.status, changeWords(plan)].filter((words) => words !== '').join(': '));
  const body =
    element === null
      ? `<system-out>${text}</system-out>`
      : element === 'skipped'
        ? `<skipped message="${message}"/>`
        : `<${element} type="${plan.status}" message="${message}">${text}</${element}>`;
  return `${head}>\n      ${body}\n    </testcase>`;
}

/** Text for content and for attributes in double quotes. Characters that XML 1.0 §2.2 does not allow become U+FFFD. */
export function xmlText(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\n\u{20}-\u{7e}\u{a0}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
