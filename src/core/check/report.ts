/** Floor 0. From the facts of one look to the report on it. */
import type { Severity } from '../plan/model.ts';
import type { CheckFacts } from './facts.ts';
import { hostFindings } from './host-findings.ts';
import { instructionsFor } from './instructions.ts';
import type { CheckReport } from './model.ts';
import { mxFindings } from './mx-findings.ts';
import { policyFindings } from './policy-findings.ts';
import { recordFindings } from './record-findings.ts';
import { reportsFindings } from './reports-findings.ts';
import { senderSentences } from './senders.ts';
import { situationOf } from './situation.ts';
import { verdictOf } from './verdict.ts';

const ORDER: readonly Severity[] = ['error', 'warning', 'info'];

/** The report on what was seen. The same facts give the same report. */
export function checkReport(facts: CheckFacts): CheckReport {
  const at = situationOf(facts);
  const findings = [
    ...recordFindings(at),
    ...policyFindings(at),
    ...hostFindings(at),
    ...mxFindings(at),
    ...reportsFindings(at),
  ].toSorted((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
  return {
    domain: facts.domain,
    verdict: verdictOf(at),
    senders: senderSentences(at),
    findings,
    instructions: instructionsFor(at, findings),
    facts,
  };
}
