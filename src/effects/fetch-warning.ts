/** Floor 2. What is worth a word about a policy that was fetched, and what tells that it is none at all. */
import type { IncomingHttpHeaders } from 'node:http';

import type { CertificateFacts } from './certificate.ts';
import { printable } from './net/printable.ts';

const EXPIRES_SOON_DAYS = 14;
const DAY_MS = 86_400_000;
/** RFC 8461 §8.2: a proxy before the policy may cache so long and no longer. */
const MAX_CACHE_SECONDS = 60;

/** What is no fault for senders, and should be known. The message finishes "HOST at ADDRESS: ", as those of failures do. */
export interface FetchWarning {
  readonly code: 'WRONG_MEDIA_TYPE' | 'CERT_EXPIRES_SOON' | 'HTTPS_CACHED';
  readonly message: string;
}

/** In a fixed order, each code at most once. */
export function fetchWarnings(
  headers: IncomingHttpHeaders,
  certificate: CertificateFacts,
  now: Date,
): readonly FetchWarning[] {
  const mediaType = headers['content-type'] ?? null;
  const warnings = [mediaTypeWarning(mediaType), cacheWarning(headers), expiryWarning(certificate, now)];
  return warnings.filter((warning) => warning !== null);
}

/** A page of a site that answers every path with 200, by its type or its first character. */
export function isHtml(bytes: Uint8Array, mediaType: string | null): boolean {
  const start = new TextDecoder().decode(bytes.subarray(0, 256)).trimStart();
  return (
    start.startsWith('<') || (mediaType !== null && /^\s*(?:text\/html|application\/xhtml\+xml)\b/i.test(mediaType))
  );
}

/** §3.2: text/plain; senders SHOULD check it. Parameters other than charset do not count. */
function mediaTypeWarning(mediaType: string | null): FetchWarning | null {
  if (mediaType !== null && /^\s*text\/plain\s*(?:;|$)/i.test(mediaType)) return null;
  const what = mediaType === null ? 'no media type' : `the media type ${printable(mediaType)}`;
  return {
    code: 'WRONG_MEDIA_TYPE',
    message: `the policy has ${what}; senders may insist on text/plain (RFC 8461 §3.2)`,
  };
}

function cacheWarning(headers: IncomingHttpHeaders): FetchWarning | null {
  const control = headers['cache-control'] ?? '';
  if (/\bno-(?:store|cache)\b/i.test(control)) return null;
  const lifetimes = [...control.matchAll(/\b(?:s-maxage|max-age)\s*=\s*"?(\d{1,10})/gi)].map(([, seconds]) =>
    Number(seconds),
  );
  const longest = Math.max(0, ...lifetimes);
  if (longest <= MAX_CACHE_SECONDS) return null;
  const message = `caches may keep the policy for ${longest} s; a change must show within ${MAX_CACHE_SECONDS} s (RFC 8461 §8.2)`;
  return { code: 'HTTPS_CACHED', message };
}

function expiryWarning(certificate: CertificateFacts, now: Date): FetchWarning | null {
  const days = Math.floor((certificate.notAfter.getTime() - now.getTime()) / DAY_MS);
  if (days >= EXPIRES_SOON_DAYS) return null;
  const date = certificate.notAfter.toISOString().slice(0, 10);
  return { code: 'CERT_EXPIRES_SOON', message: `the certificate expires in ${days} days, on ${date}` };
}
