/** Floor 3. Small things that stand on several pages. */
import type { PolicyMode } from '../../core/policy.ts';
import type { Severity, Status } from '../../core/plan/model.ts';
import { failureRate } from '../../core/reports/summary.ts';
import type { Verdict } from '../../core/reports/model.ts';
import { SOON_DAYS } from './fleet-figures.ts';
import { type Html, markup } from './markup.ts';
import { daysUntil } from './words.ts';

/** Null: not looked at yet. Its words say what its colour says. */
export function statusPill(status: Status | null): Html {
  const word = status ?? 'not looked at yet';
  return markup`<span class="pill ${status === null ? 'unseen' : status.replace(' ', '-')}">${word}</span>`;
}

export function severityPill(severity: Severity): Html {
  return markup`<span class="pill ${severity}">${severity}</span>`;
}

/** `testing → enforce`: live, and wanted where that is another one. */
export function modeWords(mode: { readonly wanted: PolicyMode; readonly live: PolicyMode | null } | null): Html {
  if (mode === null) return markup`<span class="quiet">unknown</span>`;
  if (mode.live === mode.wanted) return markup`${mode.live}`;
  return markup`<span class="nowrap">${mode.live ?? 'no policy'} <span class="arrow" aria-hidden="true">→</span><span class="hidden">, wanted: </span> ${mode.wanted}</span>`;
}

export function certificateDays(endsAt: Date | null, now: Date): Html {
  if (endsAt === null) return markup`<span class="quiet">–</span>`;
  const days = daysUntil(endsAt, now);
  const word = days < 0 ? 'over' : `${days} d`;
  return markup`<span${days < SOON_DAYS ? markup` class="bad"` : ''} title="${endsAt.toISOString()}">${word}</span>`;
}

/** From one in a hundred on it is more than the noise of every day. */
export function rateWords(sessions: { readonly succeeded: number; readonly failed: number }): Html {
  const { succeeded, failed } = sessions;
  const name = failed === 0 ? 'quiet' : failed / (succeeded + failed) < 0.01 ? 'rate' : 'bad';
  return markup`<span class="${name}">${failureRate(sessions)}</span>`;
}

const PROOFS: Readonly<Record<Verdict, string>> = {
  dkim: 'signed',
  file: 'by hand',
  unsigned: 'unsigned',
  https: 'https, unproved',
};

/** What proves a report. */
export function verdictPill(verdict: Verdict): Html {
  return markup`<span class="pill ${verdict === 'dkim' || verdict === 'file' ? 'in-sync' : 'warning'}">${PROOFS[verdict]}</span>`;
}

export function heading(title: Html | string, beside: Html | string = ''): Html {
  return markup`<div class="heading"><h1>${title}</h1>${beside}</div>`;
}

export function emptyNote(text: Html | string): Html {
  return markup`<p class="empty">${text}</p>`;
}
