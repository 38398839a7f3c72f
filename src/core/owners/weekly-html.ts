/** Floor 0. The weekly mail as HTML: tables, one style sheet, nothing from outside, no script. What is put in is escaped. */
import { oneLine } from '../plan/markdown-text.ts';
import type { ShownDomain, ShownFinding, WeeklyView } from './weekly-view.ts';
import { footWords, restWords } from './weekly-words.ts';

const STYLE = `:root{color-scheme:light dark;supported-color-schemes:light dark}
body{margin:0;padding:0;background:#f4f4f1;color:#1d2126;font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif}
table{border-collapse:collapse}
.page{width:100%;background:#f4f4f1}
.page>tbody>tr>td{padding:24px 12px}
.mail{width:100%;max-width:600px}
h1{font-size:22px;line-height:1.25;font-weight:650;letter-spacing:-.015em;margin:0}
.period{margin:2px 0 0;color:#59626d}
.card{width:100%;background:#ffffff;border:1px solid #e2e3e0;border-collapse:separate;border-spacing:0;border-radius:10px}
.card>tbody>tr>td{padding:18px 20px}
h2{font-size:17px;line-height:1.3;font-weight:650;margin:0;word-break:break-word}
.mark{font-size:13px;font-weight:600;white-space:nowrap;text-align:right;vertical-align:top;padding-top:2px}
.good{color:#17653a}.warn{color:#865203}.bad{color:#a3180f}
.wide{width:100%}
.wide td{padding-left:0;padding-right:0}
.facts{margin-top:10px}
.facts th{font-weight:400;text-align:left;vertical-align:top;color:#59626d;padding:2px 16px 2px 0;white-space:nowrap}
.facts td{vertical-align:top;padding:2px 0}
.finding{width:100%;margin-top:12px}
.finding td{border-left:3px solid #b9bec4;padding:1px 0 1px 12px;word-break:break-word}
.finding .error{border-left-color:#c92a2a}.finding .warning{border-left-color:#d9902a}
.finding p{margin:0}
.cure{color:#59626d}.cure b{color:#1d2126;font-weight:600}
a{color:#0b5cad}
.more{margin:14px 0 0}
.calm{width:100%}
.calm th{text-align:left;font-weight:400;font-size:13px;color:#59626d;padding:0 12px 6px 0}
.calm td{vertical-align:top;padding:6px 12px 6px 0;border-top:1px solid #ecedea;word-break:break-word}
.calm .last{padding-right:0}
.foot p{margin:0 0 8px;font-size:13px;color:#59626d}
@media (prefers-color-scheme:dark){
body,.page{background:#14171b;color:#e5e8ec}
.card{background:#1b1f24;border-color:#2d333a}
.period,.facts th,.cure,.calm th,.foot p{color:#a0a9b4}
.cure b{color:#e5e8ec}
.good{color:#86d6a3}.warn{color:#f0c36b}.bad{color:#ff9d94}
.finding td{border-left-color:#59626d}.finding .error{border-left-color:#f0685e}.finding .warning{border-left-color:#e2a03a}
.calm td{border-top-color:#2d333a}
a{color:#7db8f2}
}`;

export function weeklyHtml(view: WeeklyView): string {
  const { shown, rest, verdict, period } = view;
  const calm = shown.filter(({ hasTrouble, findings }) => !hasTrouble && findings.length === 0);
  // A lone domain is shown in full, however well it is.
  const asRows = calm.length > 1 ? calm : [];
  const cards = shown.filter((one) => !asRows.includes(one));
  const rows = [
    `<tr><td><h1>${escape(capital(verdict))}</h1><p class="period">TLS of incoming mail, ${escape(period)}</p></td></tr>`,
    ...cards.map((one) => cardRow(domainCard(one))),
    ...(asRows.length === 0 ? [] : [cardRow(calmTable(asRows, cards.length > 0))]),
    ...(rest.domains === 0 ? [] : [`<tr><td><p class="more">${escape(restWords(view))}</p></td></tr>`]),
    `<tr><td class="foot"><br>${footWords(view)
      .map((line) => `<p>${escape(line)}</p>`)
      .join('')}</td></tr>`,
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escape(capital(verdict))}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">
<style>${STYLE}</style></head>
<body><table class="page" role="presentation"><tr><td align="center"><table class="mail" role="presentation" align="center">
${rows.join('\n')}
</table></td></tr></table></body></html>
`;
}

function cardRow(content: string): string {
  return `<tr><td><br><table class="card" role="presentation"><tr><td>${content}</td></tr></table></td></tr>`;
}

function domainCard(one: ShownDomain): string {
  const { domain, statusWords, modeWords, week, before, findings, others, hasTrouble, link } = one;
  const facts = [
    ['Policy', modeWords],
    ['Status', statusWords],
    ['This week', week],
    ['Week before', before],
  ].map(([head = '', text = '']) => `<tr><th scope="row">${escape(head)}</th><td>${escape(text)}</td></tr>`);
  const more = others > 0 ? `<p class="more">And ${others} more.</p>` : '';
  return `<table class="wide" role="presentation"><tr><td><h2>${escape(domain)}</h2></td><td class="mark">${markOf(one)}</td></tr></table>
<table class="facts">${facts.join('')}</table>${findings.map(findingBox).join('')}${more}${
    hasTrouble ? '' : '<p class="more">Nothing to do.</p>'
  }${link === null ? '' : `<p class="more"><a href="${escape(link)}">Everything about ${escape(domain)}</a></p>`}`;
}

function markOf({ hasTrouble, findings }: ShownDomain): string {
  if (!hasTrouble) return '<span class="good">All well</span>';
  const isBad = findings.some(({ severity, whose }) => severity === 'error' && whose !== null);
  return isBad ? '<span class="bad">Mail is at risk</span>' : '<span class="warn">Worth a look</span>';
}

function findingBox({ severity, message, whose, cure }: ShownFinding): string {
  const isOpen = whose !== null && cure !== null;
  const after = isOpen ? `<b>${escape(whose)}.</b> ${escape(cure)}` : '<b>Over.</b>';
  return `<table class="finding" role="presentation"><tr><td class="${isOpen ? severity : 'info'}"><p>${escape(message)}.</p><p class="cure">${after}</p></td></tr></table>`;
}

function calmTable(domains: readonly ShownDomain[], isBelow: boolean): string {
  const rows = domains.map(
    ({ domain, modeWords, week, link }) =>
      `<tr><td>${link === null ? escape(domain) : `<a href="${escape(link)}">${escape(domain)}</a>`}</td><td>${escape(modeWords.split(':')[0] ?? '')}</td><td class="last">${escape(week)}</td></tr>`,
  );
  return `<table class="calm"><tr><th scope="col">${isBelow ? 'Nothing to do' : 'Domain'}</th><th scope="col">Policy</th><th scope="col" class="last">This week</th></tr>${rows.join('')}</table>`;
}

const REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(text: string): string {
  return oneLine(text).replaceAll(/[&<>"']/g, (sign) => REFERENCES[sign] ?? '');
}

function capital(words: string): string {
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
}
