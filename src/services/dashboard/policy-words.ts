/** Floor 3. A policy on a page. */
import { bodyHash } from '../../core/id.ts';
import { formatPolicy, parsePolicy, type StsPolicy } from '../../core/policy.ts';
import { type Html, markup, strange } from './markup.ts';
import { durationWords } from './words.ts';

export function policyFacts({ mode, maxAgeSeconds, mx }: StsPolicy): Html {
  return markup`<dl><dt>Mode</dt><dd><strong>${mode}</strong></dd><dt>max_age</dt><dd>${durationWords(maxAgeSeconds)} <span class="quiet">(${maxAgeSeconds} s)</span></dd><dt>mx</dt><dd>${hostList(mx)}</dd></dl>`;
}

export function hostList(hosts: readonly string[]): Html {
  if (hosts.length === 0) return markup`<span class="quiet">none</span>`;
  return markup`<ul class="hosts">${hosts.map((host) => markup`<li><code>${strange(host)}</code></li>`)}</ul>`;
}

/** `enforce, 1 week, mx1.example.com`, of the text of a policy; where it is none, as it stands. */
export function policyLine(text: string): string {
  const policy = parsePolicy(text);
  if (!policy.ok) return text === '' ? 'its text is not known' : strange(text.replaceAll(/\s+/g, ' '), 60);
  const { mode, maxAgeSeconds, mx } = policy.value;
  const more = mx.length > 2 ? ` and ${mx.length - 2} more` : '';
  return `${mode}, ${durationWords(maxAgeSeconds)}, ${mx.slice(0, 2).join(' ')}${more}`;
}

/** As it ends an id of ours, and as reports are counted by. */
export function hashOf(policy: StsPolicy): string {
  return bodyHash(formatPolicy(policy));
}
