/** Floor 3. The policy of a domain: as the YAML wants it, as it is served, and as senders hold it. */
import { grouped } from '../../core/reports/render-text.ts';
import { parsePolicy } from '../../core/policy.ts';
import type { HeldRow } from '../../effects/store-sqlite-dashboard.ts';
import type { DomainRecord, KnownDomain } from './domain-view.ts';
import { cellsTable, type Column, scrolled, downloads } from './figure.ts';
import { domainPath, href, type Html, markup, nothing, strange } from './markup.ts';
import { certificateDays, emptyNote } from './parts.ts';
import { hashOf, hostList, policyFacts, policyLine } from './policy-words.ts';
import type { Range } from './range.ts';
import { countOf, durationWords, timeOf } from './words.ts';

export function policySection(known: KnownDomain, record: DomainRecord, now: Date): Html {
  return markup`<section aria-labelledby="policy"><h2 id="policy">Policy</h2><div class="trio">
<div class="card"><h3>Wanted</h3>${wantedFacts(known)}</div>
<div class="card"><h3>Served</h3>${servedFacts(known, record)}</div>
<div class="card"><h3>Mail hosts and certificate</h3>${hostFacts(known, record, now)}</div>
</div></section>`;
}

function wantedFacts({ wanted, isOrphan }: KnownDomain): Html {
  if (wanted === null)
    return emptyNote(
      isOrphan ? 'It left the YAML. It is still served and renewed; nothing is deleted.' : 'It is not in the YAML.',
    );
  if (wanted.absent) return emptyNote('The YAML says absent: the policy is on its way out.');
  const { mode, maxAgeSeconds, mx } = wanted;
  const hosts = mx === 'live' ? markup`<span>follows the live MX</span>` : hostList(mx);
  return markup`<dl><dt>Mode</dt><dd><strong>${mode}</strong></dd><dt>max_age</dt><dd>${durationWords(maxAgeSeconds)} <span class="quiet">(${maxAgeSeconds} s)</span></dd><dt>mx</dt><dd>${hosts}</dd></dl>`;
}

function servedFacts({ state }: KnownDomain, { memory, body }: DomainRecord): Html {
  const last = memory.history.findLast(({ to }) => to === null) ?? null;
  const own = body === null ? null : parsePolicy(body);
  const policy = own?.ok === true ? own.value : (last?.policy ?? null);
  const id = state?.plan.id.live ?? last?.id ?? null;
  if (policy === null) {
    const mode = state?.plan.mode.live ?? null;
    return mode === null
      ? emptyNote('Nothing that stsync knows of.')
      : markup`<dl><dt>Mode</dt><dd><strong>${mode}</strong></dd></dl>`;
  }
  return markup`${policyFacts(policy)}<dl><dt>id</dt><dd>${id === null ? markup`<span class="quiet">none</span>` : markup`<code>${strange(id, 64)}</code>`}</dd>${
    last === null ? '' : markup`<dt>Since</dt><dd>${timeOf(last.from)}</dd>`
  }</dl>`;
}

function hostFacts({ state }: KnownDomain, { certificate }: DomainRecord, now: Date): Html {
  const mx = state?.plan.mx ?? null;
  const endsAt = certificate?.certificate?.notAfter ?? null;
  const failure = certificate?.lastFailure ?? null;
  return markup`<dl><dt>Live MX</dt><dd>${
    mx === null || mx.live === null ? markup`<span class="quiet">not read</span>` : hostList(mx.live)
  }</dd>${mx === null || mx.uncovered.length === 0 ? '' : markup`<dt class="bad">Not covered</dt><dd>${hostList(mx.uncovered)}</dd>`}${
    mx === null || mx.unused.length === 0 ? '' : markup`<dt>Match none</dt><dd>${hostList(mx.unused)}</dd>`
  }<dt>Certificate</dt><dd>${
    endsAt === null
      ? markup`<span class="quiet">none by ACME</span>`
      : markup`ends in ${certificateDays(endsAt, now)}, ${timeOf(endsAt)}`
  }${failure === null ? '' : markup`<p class="bad">${failure.code} ${strange(failure.message)}</p>`}</dd></dl>`;
}

const head = (name: string, isNumber = false): Column => ({ head: name, isNumber });

interface HeldPolicy {
  readonly hash: string;
  readonly reporters: readonly string[];
  readonly sessions: number;
  readonly failed: number;
  readonly lastDay: string;
}

/** Who still holds which policy: the versions of the reports joined with the history of what was served. */
export function heldSection(
  { domain, range, hasLinks }: { readonly domain: string; readonly range: Range; readonly hasLinks: boolean },
  record: DomainRecord,
  wantedHash: string | null,
): Html {
  const held = byPolicy(record.held.filter(({ hash, policyType }) => hash !== '' && policyType === 'sts'));
  if (held.length === 0) return nothing;
  const rows = held.map(({ hash, reporters, sessions, failed, lastDay }) => [
    markup`<code class="nowrap">${hash}</code>`,
    policyLine(record.texts.get(hash) ?? ''),
    markup`${servedWhen(hash, record, wantedHash)}`,
    strange(reporters.slice(0, 4).join(', ') + (reporters.length > 4 ? ` and ${reporters.length - 4} more` : '')),
    grouped(sessions),
    grouped(failed),
    markup`<span class="nowrap">${lastDay}</span>`,
  ]);
  return markup`<section aria-labelledby="held"><h2 id="held">Held by senders</h2><p class="lead">${countOf(held.length, 'policy version')} in the reports of ${range.since} to ${range.until}. A sender holds a policy until its max_age has run out, or it sees another id.</p>
${scrolled(
  'Policies held by senders',
  cellsTable({
    columns: [
      head('Version'),
      head('Policy'),
      head('Served'),
      head('Reporters'),
      head('Sessions', true),
      head('Failed', true),
      head('Last day'),
    ],
    rows,
  }),
)}${hasLinks ? downloads((format) => href(`${domainPath(domain)}/reports.${format}`, { by: 'held', since: range.since }), 'policies held by senders') : ''}</section>`;
}

function byPolicy(rows: readonly HeldRow[]): readonly HeldPolicy[] {
  return [...Map.groupBy(rows, ({ hash }) => hash)].map(([hash, of]) => ({
    hash,
    reporters: [...new Set(of.map(({ reporter }) => reporter))],
    sessions: of.reduce((sum, { succeeded, failed }) => sum + succeeded + failed, 0),
    failed: of.reduce((sum, one) => sum + one.failed, 0),
    lastDay: of.reduce((last, one) => (one.lastDay > last ? one.lastDay : last), ''),
  }));
}

function servedWhen(hash: string, { memory, body }: DomainRecord, wantedHash: string | null): Html {
  const own = body === null ? null : parsePolicy(body);
  if (own?.ok === true && hashOf(own.value) === hash) return markup`<span class="pill in-sync">now</span>`;
  const found = memory.history.findLast(({ policy }) => hashOf(policy) === hash);
  if (found === undefined)
    return wantedHash?.startsWith(hash) === true
      ? markup`<span class="pill in-sync">as wanted</span>`
      : markup`<span class="pill warning">not known to stsync</span>`;
  return found.to === null ? markup`<span class="pill in-sync">now</span>` : markup`until ${timeOf(found.to)}`;
}
