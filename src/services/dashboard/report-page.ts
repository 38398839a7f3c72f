/** Floor 3. The page `/reports/:id`: one report in full. All of it but the proof is the word of who sent it. */
import { grouped } from '../../core/reports/render-text.ts';
import type { TlsReportFailure, TlsReportPolicy } from '../../core/tls-report/model.ts';
import type { NumberedReport } from '../../effects/report-store.ts';
import { cellsTable, scrolled } from './figure.ts';
import { domainPath, type Html, markup, strange } from './markup.ts';
import { emptyNote, heading, rateWords, verdictPill } from './parts.ts';
import { hostList } from './policy-words.ts';
import { countOf, timeOf } from './words.ts';

/** The rest is in the file. */
const SHOWN_DETAILS = 500;

export function reportPage(report: NumberedReport): Html {
  const { id, domain, verdict, proof, organizationName, contactInfo, reportId, dateRange, policies } = report;
  return markup`<nav class="crumbs" aria-label="Where this is"><a href="/reports">Reports</a></nav>
${heading(`Report ${id}`, markup`<p class="beside">about <a href="${domainPath(domain)}">${domain}</a></p>`)}
<div class="card facts"><dl><dt>From</dt><dd>${strange(organizationName)}</dd><dt>Contact</dt><dd>${contactInfo === null ? markup`<span class="quiet">not said</span>` : strange(contactInfo)}</dd><dt>Report id</dt><dd><code>${strange(reportId)}</code></dd><dt>Range</dt><dd>${timeOf(dateRange.start)} to ${timeOf(dateRange.end)}</dd></dl>
<dl><dt>Proof</dt><dd>${verdictPill(verdict)}${proof === null ? '' : markup` by ${strange(proof.domain)} <span class="quiet">(${strange(proof.selector)}, ${strange(proof.algorithm)})</span>`}</dd><dt>Came</dt><dd>${timeOf(report.receivedAt)}</dd><dt>Out of</dt><dd class="source">${strange(report.source)}</dd></dl></div>
${report.remarks.length === 0 ? '' : markup`<section aria-labelledby="remarks"><h2 id="remarks">Remarks</h2><ul class="findings">${report.remarks.map((remark) => markup`<li class="info"><p class="message">${strange(remark, 600)}</p></li>`)}</ul></section>`}
${policies.length === 0 ? emptyNote('Its policies and details are not kept any more; its counts are.') : policies.map(policyCard)}
<p class="downloads">Download <a href="/files/report-${id}.json">JSON</a></p>`;
}

function policyCard(policy: TlsReportPolicy, index: number): Html {
  const [succeeded, failed] = [policy.totalSuccessfulSessionCount, policy.totalFailureSessionCount];
  const { failureDetails: details } = policy;
  return markup`<section aria-labelledby="policy-${index}"><h2 id="policy-${index}">Policy: ${strange(policy.policyType, 60)}${policy.policyDomain === null ? '' : markup` of ${strange(policy.policyDomain)}`}</h2>
<div class="duo"><div class="card"><h3>Sessions</h3><dl><dt>Went well</dt><dd>${grouped(succeeded)}</dd><dt>Failed</dt><dd>${grouped(failed)} ${rateWords({ succeeded, failed })}</dd></dl></div>
<div class="card"><h3>Policy that the sender held</h3>${policy.policyStrings.length === 0 ? markup`<p class="quiet">not said</p>` : markup`<pre tabindex="0" role="region" aria-label="Text of policy ${index + 1}">${policy.policyStrings.map((line) => markup`${strange(line, 300)}\n`)}</pre>`}${policy.mxHosts.length === 0 ? '' : markup`<dl><dt>MX patterns</dt><dd>${hostList(policy.mxHosts)}</dd></dl>`}</div></div>
${details.length === 0 ? (failed === 0 ? '' : emptyNote('It gives no detail of the failures.')) : failureTable(details, index + 1)}</section>`;
}

/** `number`: of the policy, so that no two regions have one name. */
function failureTable(details: readonly TlsReportFailure[], number: number): Html {
  const columns = ['Result', 'Sessions', 'Sending address', 'Receiving MX', 'Receiving address', 'Reason', 'More'];
  return markup`${scrolled(
    `Failures under policy ${number}`,
    cellsTable({
      columns: columns.map((head) => ({ head, isNumber: head === 'Sessions' })),
      rows: details
        .slice(0, SHOWN_DETAILS)
        .map((one) => [
          strange(one.resultType, 60),
          grouped(one.failedSessionCount),
          said(one.sendingMtaIp),
          one.receivingMxHelo === null || one.receivingMxHelo === one.receivingMxHostname
            ? said(one.receivingMxHostname)
            : markup`${said(one.receivingMxHostname)} <span class="quiet">(${strange(one.receivingMxHelo, 80)})</span>`,
          said(one.receivingIp),
          said(one.failureReasonCode),
          said(one.additionalInformation),
        ]),
    }),
  )}${details.length > SHOWN_DETAILS ? markup`<p class="fresh">The first ${SHOWN_DETAILS} of ${countOf(details.length, 'failure')}; the file has all.</p>` : ''}`;
}

function said(text: string | null): Html | string {
  return text === null || text === '' ? markup`<span class="quiet">–</span>` : strange(text, 160);
}
