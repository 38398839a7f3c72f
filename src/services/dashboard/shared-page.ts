/** Floor 3. The page of one domain for its owner: as the operator sees it, without what is the operator's, and without a way to anything else. */
import { planMatter, reportMatter, WHOSE_WORDS } from '../../core/owners/matters.ts';
import type { Share } from '../../core/owners/share-token.ts';
import { domainPage, type DomainView } from './domain-page.ts';
import { markup } from './markup.ts';
import { timeOf } from './words.ts';

/** `view`: of the domain of `share`. Style sheet and icon are beside the page, wherever a proxy puts that. */
export function sharedPage(view: Omit<DomainView, 'isShared'>, { endsAt }: Pick<Share, 'endsAt'>): string {
  const { domain, now } = view;
  return markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${domain} · stsync</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><meta name="robots" content="noindex">
<link rel="stylesheet" href="page.css"><link rel="icon" href="icon.svg" type="image/svg+xml"></head>
<body><main id="main" class="wrap">${domainPage({ ...forOwner(view), isShared: true })}</main>
<footer><div class="wrap"><p>Page of ${timeOf(now)}.</p><p>Who has its link may read it until ${timeOf(endsAt)}.</p></div></footer></body></html>`.toString();
}

/**
 * Findings that owners can do something about, in words for them. Those of a run name providers, zones and at times other domains; so do the notes of
 * steps that failed.
 */
function forOwner(view: Omit<DomainView, 'isShared'>): Omit<DomainView, 'isShared'> {
  const { domain, known, record, reportFindings } = view;
  const of = { domain, isServedByUs: known.wanted?.publisher.type !== 'external' };
  const planFindings = (known.state?.plan.findings ?? []).flatMap((one) => {
    const matter = planMatter(one.code);
    return matter === null ? [] : [{ ...one, hint: `${WHOSE_WORDS[matter.whose]}. ${matter.cure}` }];
  });
  const { state } = known;
  return {
    ...view,
    known: { ...known, state: state === null ? null : { ...state, plan: { ...state.plan, findings: planFindings } } },
    record: { ...record, entries: record.entries.map((entry) => ({ ...entry, note: null, commit: null })) },
    reportFindings: reportFindings.map((one) => {
      const { whose, cure } = reportMatter(one.code, of);
      return { ...one, hint: one.isOver ? null : `${WHOSE_WORDS[whose]}. ${cure}` };
    }),
  };
}
