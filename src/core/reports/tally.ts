/** Floor 0. A report as counts by day, which can be added up and outlive the report. */
import { bodyHash } from '../id.ts';
import { isIpv4, parseHostName, parseIpv6 } from '../names.ts';
import { formatPolicy, parsePolicy } from '../policy.ts';
import type { TlsReportFailure, TlsReportPolicy } from '../tls-report/model.ts';
import { reporterOf } from './identity.ts';
import type { KeptReport, Verdict } from './model.ts';

/** Most reports spell hosts so, and there are many. */
const CANONICAL = /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/;

/** What every count is counted under. */
export interface CellKey {
  /** `2026-09-07`, UTC: the day the report starts. */
  readonly day: string;
  readonly domain: string;
  readonly reporter: string;
  readonly verdict: Verdict;
  readonly policyType: string;
  /** The hash of the policy that the sender held; '' where it does not say. */
  readonly held: string;
}

export interface TotalCell extends CellKey {
  readonly succeeded: number;
  readonly failed: number;
}

/** `source`, `mx`: '' where the reporter does not say. */
export interface FailureCell extends CellKey {
  readonly result: string;
  readonly source: string;
  readonly mx: string;
  readonly sessions: number;
}

export interface Tally {
  readonly totals: readonly TotalCell[];
  readonly failures: readonly FailureCell[];
  /** Hash to text of the policies that senders held. */
  readonly held: ReadonlyMap<string, string>;
}

/** Equal reports give equal tallies; the cells of one report are not added up among themselves. */
export function tally(report: KeptReport): Tally {
  const totals: TotalCell[] = [];
  const failures: FailureCell[] = [];
  const held = new Map<string, string>();
  for (const policy of report.policies) {
    const { hash, text } = heldPolicy(policy);
    if (text !== '') held.set(hash, text);
    const key: CellKey = {
      day: report.dateRange.start.toISOString().slice(0, 10),
      domain: report.domain,
      reporter: reporterOf(report),
      verdict: report.verdict,
      policyType: policy.policyType,
      held: hash,
    };
    totals.push({ ...key, succeeded: policy.totalSuccessfulSessionCount, failed: policy.totalFailureSessionCount });
    // One by one: as arguments of one call a hundred thousand overflow the stack.
    for (const detail of policy.failureDetails) failures.push({ ...key, ...failureOf(detail) });
  }
  return { totals, failures, held };
}

/** Each day brings the same few policies, and to read and hash one takes longer than to count its report. */
const known = new Map<string, { readonly hash: string; readonly text: string }>();
const MOST_KNOWN = 1000;

function heldPolicy(policy: TlsReportPolicy): { readonly hash: string; readonly text: string } {
  const key = `${policy.policyType}\n${policy.policyStrings.join('\n')}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const text = heldText(policy);
  const held = { hash: text === '' ? '' : bodyHash(text), text };
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(key, held);
  return held;
}

/** An MTA-STS policy in its canonical body, so that its hash is the one in ids of ours (rule 4); anything else as it stands. */
function heldText({ policyType, policyStrings }: TlsReportPolicy): string {
  const lines = policyStrings.join('\n');
  const policy = policyType === 'sts' ? parsePolicy(lines) : null;
  return policy?.ok === true ? formatPolicy(policy.value) : lines;
}

function failureOf(detail: TlsReportFailure): Pick<FailureCell, 'result' | 'source' | 'mx' | 'sessions'> {
  return {
    result: detail.resultType,
    source: canonicalAddress(detail.sendingMtaIp ?? ''),
    mx: canonicalHost(detail.receivingMxHostname ?? ''),
    sessions: detail.failedSessionCount,
  };
}

/** RFC 5952, so that one sender is one source. */
function canonicalAddress(text: string): string {
  const bare = text.replace(/^\[(?:ipv6:)?(.*)\]$/i, '$1');
  return isIpv4(bare) ? bare : (parseIpv6(bare) ?? text);
}

function canonicalHost(text: string): string {
  if (CANONICAL.test(text)) return text;
  const host = parseHostName(text);
  return host.ok ? host.value : text.toLowerCase();
}
