/**
 * Floor 3. The one style sheet. Colours are variables, light and dark, and print; a chart takes them by its classes, since the policy of the pages lets no
 * `style=` through. Long because it is a style sheet.
 */
const LIGHT = `
  --bg: #f7f7f5; --card: #ffffff; --ink: #1d2126; --soft: #59626d; --line: #e2e3e0; --hair: #ecedea; --link: #0b5cad; --under: #0b5cad4d; --focus: #0b5cad;
  --ok: #8fb3cf; --fail: #c92a2a; --track: #eff0ed; --hover: #00000008; --bad: #b42318; --code: #f1f1ee;
  --good-ink: #17653a; --good-bg: #e3f3e8; --info-ink: #1f5a94; --info-bg: #e4effa; --warn-ink: #865203; --warn-bg: #fcf0d6;
  --bad-ink: #a3180f; --bad-bg: #fce8e6; --held-ink: #6a3d9e; --held-bg: #f1e8fa; --mute-ink: #59626d; --mute-bg: #ececea;
  --s-failed: #d0453b; --s-held: #9a6fc7; --s-drift: #e2a03a; --s-waiting: #7fa8d6; --s-changed: #4c93d1; --s-in-sync: #4fae74;
`;
const DARK = `
  --bg: #14171b; --card: #1b1f24; --ink: #e5e8ec; --soft: #a0a9b4; --line: #2d333a; --hair: #252a30; --link: #7db8f2; --under: #7db8f24d; --focus: #7db8f2;
  --ok: #4d7ea6; --fail: #f0685e; --track: #262b31; --hover: #ffffff0a; --bad: #ff8a80; --code: #262b31;
  --good-ink: #86d6a3; --good-bg: #183325; --info-ink: #93c4f5; --info-bg: #17304a; --warn-ink: #f0c36b; --warn-bg: #3a2d12;
  --bad-ink: #ff9d94; --bad-bg: #451d1a; --held-ink: #d0b0f2; --held-bg: #33244a; --mute-ink: #a0a9b4; --mute-bg: #2a2f36;
  --s-failed: #e25c52; --s-held: #a67fd3; --s-drift: #d99a3a; --s-waiting: #5f88b8; --s-changed: #4c93d1; --s-in-sync: #3f9a63;
`;

export const STYLE = `:root{${LIGHT}color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{${DARK}}}
*{box-sizing:border-box}
html{font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans","DejaVu Sans",sans-serif;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);min-height:100vh;display:flex;flex-direction:column;font-variant-numeric:tabular-nums}
.wrap{width:100%;max-width:1240px;margin:0 auto;padding:0 24px}
main.wrap{flex:1;padding-top:30px;padding-bottom:60px}
main:focus{outline:none}
a{color:var(--link);text-decoration:none;text-underline-offset:3px}
a:hover{text-decoration:underline}
main a{text-decoration:underline 1px var(--under)}
main a:hover{text-decoration-color:currentColor}
main .ranges a,main .statuses a,main thead a{text-decoration:none}
main thead a:hover{text-decoration:underline}
:focus-visible{outline:2px solid var(--focus);outline-offset:2px;border-radius:3px}
.hidden{position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.skip{position:absolute;left:16px;top:-60px;background:var(--card);padding:8px 14px;border-radius:0 0 6px 6px;z-index:2}
.skip:focus{top:0}
.nowrap,.pill,time{white-space:nowrap}
.num{text-align:right}
.quiet,.utc{color:var(--soft)}
.bad{color:var(--bad);font-weight:600}
code,pre{font:.87em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono","DejaVu Sans Mono",monospace}
code{overflow-wrap:anywhere}

.top{background:var(--card);border-bottom:1px solid var(--line)}
.top .wrap{display:flex;align-items:center;gap:28px;min-height:54px;flex-wrap:wrap}
.brand{display:flex;align-items:center;gap:9px;font-weight:650;font-size:1.06rem;letter-spacing:-.01em;color:var(--ink)}
.brand:hover{text-decoration:none}
.brand path{fill:var(--s-in-sync)}
.brand .tick{fill:none;stroke:var(--card);stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
.top nav{display:flex;gap:4px;margin-left:-4px}
.top nav a{color:var(--soft);padding:16px 10px 14px;border-bottom:2px solid transparent}
.top nav a:hover{color:var(--ink);text-decoration:none}
.top nav a[aria-current]{color:var(--ink);border-bottom-color:var(--ink)}
footer{border-top:1px solid var(--line);color:var(--soft);font-size:.87rem}
footer .wrap{display:flex;justify-content:space-between;flex-wrap:wrap;gap:4px 24px;padding-top:16px;padding-bottom:20px}
footer p{margin:0}

.heading{display:flex;align-items:baseline;gap:6px 16px;flex-wrap:wrap;margin-bottom:20px}
h1{font-size:1.7rem;line-height:1.2;letter-spacing:-.022em;font-weight:650;margin:0;overflow-wrap:anywhere}
.beside{margin:0;color:var(--soft)}
h2{font-size:1.13rem;letter-spacing:-.01em;font-weight:650;margin:0 0 12px}
h3{font-size:.95rem;font-weight:650;margin:0}
main>section{margin-top:36px}
.section-head{display:flex;align-items:baseline;justify-content:space-between;flex-wrap:wrap;gap:8px 20px;margin-bottom:12px}
.section-head h2{margin:0}
.crumbs{font-size:.9rem;margin-bottom:6px}
.lead,.fresh,.empty{color:var(--soft);margin:0 0 14px;max-width:80ch}
.fresh{font-size:.87rem;margin:0 0 10px}
.empty{padding:18px 20px;border:1px dashed var(--line);border-radius:10px;max-width:none}
.card .empty{border:0;padding:0;margin:8px 0 0}
.notice{background:var(--warn-bg);color:var(--warn-ink);border-radius:10px;padding:12px 16px;margin-bottom:24px}
.notice p{margin:0;overflow-wrap:anywhere}
.notice p+p{margin-top:6px}
.more,.downloads{margin:12px 0 0;font-size:.9rem}
.downloads{color:var(--soft)}
.downloads a{margin-left:8px}

.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:18px 20px;margin:0;min-width:0}
.trio,.duo,.pair{display:grid;gap:16px;margin:0}
.trio{grid-template-columns:repeat(3,minmax(0,1fr))}
.pair{grid-template-columns:repeat(2,minmax(0,1fr))}
.duo{grid-template-columns:minmax(0,1fr) minmax(0,2fr)}
.pair{margin-top:16px}
.duo{margin-bottom:16px}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:5px 16px;margin:10px 0 0}
dl+dl{margin-top:5px}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
dd p{margin:4px 0 0;font-weight:400}
.trio dl{grid-template-columns:88px minmax(0,1fr)}
.hosts{list-style:none;margin:0;padding:0}
.facts{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:0 40px}
.facts dl,.facts dl+dl{margin:0;align-content:start}
pre{background:var(--code);border-radius:6px;padding:10px 12px;margin:10px 0 0;overflow:auto}

.pill{display:inline-block;padding:1px 9px 2px;border-radius:20px;font-size:.82rem;line-height:1.45;font-weight:550;background:var(--mute-bg);color:var(--mute-ink)}
.pill.in-sync,.pill.good{background:var(--good-bg);color:var(--good-ink)}
.pill.changed,.pill.waiting,.pill.info{background:var(--info-bg);color:var(--info-ink)}
.pill.drift,.pill.warning{background:var(--warn-bg);color:var(--warn-ink)}
.pill.held{background:var(--held-bg);color:var(--held-ink)}
.pill.failed,.pill.error{background:var(--bad-bg);color:var(--bad-ink)}

.tiles{display:grid;grid-template-columns:minmax(0,3.2fr) repeat(3,minmax(0,1fr));gap:16px;margin-bottom:24px}
.tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px 20px 15px;min-width:0}
.tile h2{font-size:.87rem;font-weight:500;letter-spacing:0;color:var(--soft);margin:0 0 4px}
.figure{font-size:1.85rem;line-height:1.25;letter-spacing:-.025em;font-weight:600;margin:0}
.under{margin:1px 0 0;font-size:.9rem;color:var(--soft)}
.statuses{list-style:none;display:flex;flex-wrap:wrap;gap:4px 18px;margin:0;padding:0}
.statuses a,.statuses li>span{display:flex;flex-direction:column;align-items:flex-start;color:var(--ink)}
.statuses a:hover{text-decoration:none}
.statuses a:hover .pill{text-decoration:underline}
.statuses b{font-size:1.85rem;line-height:1.25;letter-spacing:-.025em;font-weight:600}
.strip{display:block;margin-top:13px;border-radius:3px}
.s-failed{fill:var(--s-failed)}.s-held{fill:var(--s-held)}.s-drift{fill:var(--s-drift)}.s-waiting{fill:var(--s-waiting)}.s-changed{fill:var(--s-changed)}.s-in-sync{fill:var(--s-in-sync)}

.filter{display:flex;flex-wrap:wrap;align-items:end;gap:12px;margin-bottom:14px}
.filter label{display:flex;flex-direction:column;gap:3px}
.filter label span{font-size:.82rem;color:var(--soft)}
.filter .grow{flex:1 1 220px;max-width:360px}
.filter .check{flex-direction:row;align-items:center;gap:7px;height:36px}
input[type=search],select,button{font:inherit;color:var(--ink);background:var(--card);border:1px solid var(--line);border-radius:7px;height:36px;padding:0 11px;width:100%}
input::placeholder{color:var(--soft);opacity:1}
input[type=checkbox]{width:16px;height:16px;margin:0;accent-color:var(--link)}
button{width:auto;padding:0 16px;font-weight:550;cursor:pointer;background:var(--ink);color:var(--bg);border-color:var(--ink)}
.reset{align-self:center;padding-top:18px}

table{border-collapse:collapse;width:100%}
th{text-align:left;font-weight:550}
thead th{font-size:.82rem;color:var(--soft);font-weight:550;padding:9px 10px;white-space:nowrap;border-bottom:1px solid var(--line)}
thead th a{color:inherit}
thead th[aria-sort] a{color:var(--ink)}
.sorted{margin-left:4px}
thead th.num,td.num{text-align:right}
tbody th,td{padding:10px 10px;border-bottom:1px solid var(--hair);vertical-align:middle}
tbody tr:last-child>*{border-bottom:0}
tbody tr:hover{background:var(--hover)}
.fleet{background:var(--card);border:1px solid var(--line);border-radius:10px;border-spacing:0;border-collapse:separate}
.fleet th:first-child{padding-left:20px}
.fleet td:last-child,.fleet thead th:last-child{padding-right:20px}
.fleet tbody th{overflow-wrap:anywhere;font-weight:500}
.fleet .pill,.fleet .num,.fleet .todo{white-space:nowrap}
.fleet .todo{font-size:.93rem}
.spark-cell{width:130px}
.spark{display:block}
.spark .fill{fill:var(--ok);opacity:.28}.spark .edge{fill:none;stroke:var(--ok);stroke-width:1.5;stroke-linejoin:round}.spark .marks{stroke:var(--fail);stroke-width:2}
.cramped{display:none}
.arrow{color:var(--soft)}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:10px}
.plain td{vertical-align:top}
.plain td,.plain th{padding:8px 14px}
.plain td:first-child,.plain th:first-child{padding-left:18px}
.plain thead th{padding:9px 14px}
.why{display:inline-block;min-width:230px;max-width:60ch}
.source{overflow-wrap:anywhere}
td .source{display:inline-block;max-width:340px}
.pager{display:flex;justify-content:space-between;gap:16px;margin-top:16px;color:var(--soft)}

.ranges{display:flex;gap:2px;background:var(--track);border-radius:8px;padding:3px}
.ranges a{padding:3px 12px;border-radius:6px;color:var(--soft);font-size:.9rem}
.ranges a[aria-current]{background:var(--card);color:var(--ink);box-shadow:0 1px 2px #0000001f}
figcaption p{margin:3px 0 14px;color:var(--soft)}
.chart{display:flex;margin-bottom:12px}
.chart .axis{flex:none;width:46px;padding-right:8px}
.chart .plot{flex:1;min-width:0;display:block}
.axis text,.plot text{fill:var(--soft);font-size:12px}
.plot .grid{stroke:var(--hair)}.plot .base{stroke:var(--line)}
rect.ok{fill:var(--ok)}rect.fail{fill:var(--fail)}rect.track{fill:var(--track)}
.plot .hover{fill:transparent}.plot g:hover .hover{fill:var(--hover)}
.legend{white-space:nowrap;margin-left:8px}
.key::before{content:"";display:inline-block;width:10px;height:10px;border-radius:2px;margin:0 5px 0 8px}
.key.ok::before{background:var(--ok)}.key.fail::before{background:var(--fail)}
.bars{width:100%;display:grid;gap:11px}
.bar-row{display:grid;grid-template-columns:minmax(0,1fr) max-content;gap:2px 14px;align-items:baseline}
.bar-label{overflow-wrap:anywhere}
.bar-label .note{color:var(--soft);font-size:.87rem;margin-left:4px}
.bar-value{text-align:right;grid-row:1;grid-column:2}
.bar{grid-column:1/3;border-radius:3px;display:block}
.bar .least{min-width:3px}
details{margin-top:4px}
.pair .card{display:flex;flex-direction:column}.pair details{margin-top:auto;padding-top:12px}.pair .chart{margin-bottom:0}
.and-more{color:var(--soft);font-size:.87rem;margin:10px 0 0}
summary{cursor:pointer;color:var(--link);font-size:.9rem;width:max-content;border-radius:3px}
details .scroll{margin-top:10px;max-height:380px;overflow-y:auto}

.findings{list-style:none;margin:0 0 16px;padding:0;display:grid;grid-template-columns:minmax(0,1fr);gap:10px}
.findings li{background:var(--card);border:1px solid var(--line);border-left:3px solid var(--soft);border-radius:8px;padding:13px 18px}
.findings .error{border-left-color:var(--s-failed)}.findings .warning{border-left-color:var(--s-drift)}.findings .info{border-left-color:var(--s-changed)}
.findings .pill{border:0}
.findings p{margin:0;overflow-wrap:anywhere;max-width:100ch}
.findings .message .pill{margin-right:6px}
.findings .hint{color:var(--soft);margin-top:5px}
.findings .code{font-size:.87rem;color:var(--soft);margin-top:4px}

.timeline{list-style:none;margin:0;padding:4px 0;background:var(--card);border:1px solid var(--line);border-radius:10px}
.timeline li{display:grid;grid-template-columns:170px minmax(0,1fr);gap:2px 20px;padding:12px 20px;border-bottom:1px solid var(--hair)}
.timeline li:last-child{border-bottom:0}
.when{color:var(--soft)}
.timeline p{margin:0;overflow-wrap:anywhere}
.step{font-weight:550}
.step a{font-weight:400;margin-left:6px}
.sign{display:inline-block;width:16px;color:var(--soft)}
.reason{color:var(--soft);padding-left:20px}
.commit{margin-left:6px}
.timeline details{padding-left:20px}
.sides{margin-top:8px}

@media (max-width:980px){.tiles{grid-template-columns:repeat(3,minmax(0,1fr))}.tile.wide{grid-column:1/-1}.trio{grid-template-columns:minmax(0,1fr)}}
@media (max-width:760px){
.wrap{padding:0 16px}.top .wrap{gap:0 18px;padding-top:8px}.top nav{margin-left:-10px}.top nav a{padding:8px 10px}
main.wrap{padding-top:20px;padding-bottom:40px}h1{font-size:1.4rem}
.tiles{gap:10px;grid-template-columns:repeat(3,minmax(0,1fr))}.tile{padding:12px 14px}.figure,.statuses b{font-size:1.4rem}.under{font-size:.84rem;line-height:1.35}
.pair,.duo,.facts{grid-template-columns:minmax(0,1fr)}.facts dl+dl{margin-top:5px}
.fleet thead th:first-child{width:100%}.roomy{display:none}.cramped{display:block;font-weight:400;font-size:.87rem;color:var(--soft);margin-top:1px}
.fleet th:first-child{padding-left:14px}.fleet tbody th,.fleet td{padding:9px 8px}.fleet td:last-child,.fleet thead th:last-child,.fleet td.num,.fleet thead th.num{padding-right:14px}
.filter .grow{max-width:none;flex-basis:100%}.filter label:not(.check):not(.grow){flex:1 1 120px}.reset{padding-top:0}
.minor{display:none}.card{padding:15px 16px}.legend{display:block;margin:2px 0 0 -8px}
.timeline li{grid-template-columns:minmax(0,1fr);padding:11px 16px}.when{font-size:.87rem}
.chart .axis{width:38px}
}
@media print{
:root{${LIGHT}--bg:#fff}
html{font-size:11px}.top nav,.skip,.filter,.pager,.downloads,.ranges,.crumbs,summary{display:none}
.card,.tile,.findings li,.timeline li,tr{break-inside:avoid}.wrap{max-width:none;padding:0}
*{print-color-adjust:exact}
}
`;

/** For the tab of the browser. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20"><path fill="#3f9a63" d="M10 1.2 17.5 4v5.6c0 4.5-3.1 7.7-7.5 9.2-4.4-1.5-7.5-4.7-7.5-9.2V4z"/><path fill="none" stroke="#fff" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" d="m6.4 10 2.6 2.6 4.8-5"/></svg>`;
