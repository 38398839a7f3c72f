/** Floor 3. What every page has: head, navigation, a way past it for the keyboard, and from when the page is. */
import type { FleetState } from '../daemon/fleet-state.ts';
import { type Html, markup, nothing } from './markup.ts';
import { ago, timeOf } from './words.ts';

/** For HTML: our own style sheet, our own images, forms to ourselves; no script at all. */
export const PAGE_POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

export type Place = 'fleet' | 'reports' | 'rejected' | 'journal' | null;

export interface Page {
  readonly title: string;
  readonly place: Place;
  readonly content: Html;
}

const PLACES = [
  ['fleet', '/', 'Fleet'],
  ['reports', '/reports', 'Reports'],
  ['rejected', '/rejected', 'Set aside'],
  ['journal', '/journal', 'Journal'],
] as const;

export function renderPage({ title, place, content }: Page, state: FleetState, now: Date): string {
  return markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title} · stsync</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="/assets/dashboard.css"><link rel="icon" href="/favicon.ico" type="image/svg+xml"></head>
<body><a class="skip" href="#main">Skip to content</a>
<header class="top"><div class="wrap"><a class="brand" href="/" aria-label="stsync, to the fleet"><svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true"><path d="M10 1.2 17.5 4v5.6c0 4.5-3.1 7.7-7.5 9.2-4.4-1.5-7.5-4.7-7.5-9.2V4z"/><path class="tick" d="m6.4 10 2.6 2.6 4.8-5"/></svg>stsync</a>
<nav aria-label="Pages">${PLACES.map(
    ([name, path, label]) =>
      markup`<a href="${path}"${name === place ? markup` aria-current="page"` : ''}>${label}</a>`,
  )}</nav></div></header>
<main id="main" class="wrap" tabindex="-1">${troubles(state)}${content}</main>
<footer><div class="wrap">${footer(state, now)}</div></footer></body></html>`.toString();
}

/** What a person has to know whatever page it is. */
function troubles({ role, inForce, refused, sourceFailure, lastRun }: FleetState): Html {
  const notes = [
    ...(inForce === null ? ['No config is in force yet.'] : []),
    ...(refused === null
      ? []
      : [`The newest config was refused; the one before it stays in force. ${refused.message}`]),
    ...(sourceFailure === null ? [] : [`The repository cannot be fetched: ${sourceFailure.message}`]),
    ...(lastRun?.error == null ? [] : [`The last run came to nothing: ${lastRun.error}`]),
    ...(role === 'standby' ? ['This daemon stands by; another one works. What it finds is not seen here.'] : []),
  ];
  return notes.length === 0
    ? nothing
    : markup`<div class="notice" role="status">${notes.map((note) => markup`<p>${note}</p>`)}</div>`;
}

function footer({ role, inForce, lastRun, nextRunAt, isRunning }: FleetState, now: Date): Html {
  const commit = inForce?.commit ?? null;
  return markup`<p>Page of ${timeOf(now)}. ${
    lastRun === null
      ? 'No run has ended yet.'
      : markup`Last run <span title="${lastRun.endedAt.toISOString()}">${ago(lastRun.endedAt, now)}</span> (${lastRun.reason}).`
  } ${isRunning ? 'A run is going on.' : nextRunAt === null ? '' : markup`Next run at ${timeOf(nextRunAt)}.`}</p><p>${role}${
    commit === null ? '' : markup`, YAML at <code title="${commit}">${commit.slice(0, 10)}</code>`
  }</p>`;
}
