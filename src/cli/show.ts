/** Floor 4. `stsync show`: one domain, to copy into a ticket. */
import { formatPolicy, type StsPolicy } from '../core/policy.ts';
import type { DomainConfig } from '../core/config/model.ts';
import type { DomainPlan } from '../core/plan/model.ts';
import { livePolicy, type Observation } from '../core/plan/observation.ts';
import { policyHostOf } from '../core/plan/record-names.ts';
import { wantedRecords, zoneLines } from '../core/plan/wanted-records.ts';
import { lookAndPlan } from '../services/sync.ts';
import { reportFinding } from './failure.ts';
import { withDomain } from './one-domain.ts';
import { print } from './output.ts';
import type { ShowOptions } from './program.ts';

/** What there is to show; the formats are views of it. */
interface Shown {
  readonly domain: string;
  readonly status: string;
  readonly policyHost: string;
  readonly policy: { readonly wanted: StsPolicy | null; readonly live: StsPolicy | null };
  readonly body: string | null;
  readonly id: DomainPlan['id'];
  readonly records: readonly string[];
}

export function runShow(name: string, options: ShowOptions): Promise<number> {
  return withDomain(name, options, async (config, wanted, world) => {
    const { plan, observation } = await lookAndPlan(config, wanted, world, {
      isRotationAsked: false,
      servedSince: null,
    });
    const shown = shownOf(wanted, plan, observation);
    await print(
      {
        json: () => `${JSON.stringify({ version: 1, ...shown }, null, 2)}\n`,
        text: () => renderText(shown),
        markdown: () => renderMarkdown(shown),
      }[options.format](),
    );
    for (const finding of plan.isFailed ? plan.findings : []) if (finding.severity === 'error') reportFinding(finding);
    return plan.isFailed ? 1 : 0;
  });
}

function shownOf(wanted: DomainConfig, plan: DomainPlan, observation: Observation): Shown {
  return {
    domain: plan.domain,
    status: plan.status,
    policyHost: policyHostOf(plan.domain),
    policy: { wanted: plan.serve, live: livePolicy(observation) },
    body: plan.serve === null ? null : formatPolicy(plan.serve),
    id: plan.id,
    records: wantedRecords(wanted, plan).flatMap(zoneLines),
  };
}

function renderText(shown: Shown): string {
  const { domain, status, id } = shown;
  return [
    `${domain}  ${status}`,
    '',
    `policy to serve at https://${shown.policyHost}/.well-known/mta-sts.txt`,
    ...bodyLines(shown).map((line) => `  ${line}`),
    '',
    `policy served now: ${liveText(shown.policy.live)}`,
    `id: ${id.live ?? 'none'}${id.next === null ? '' : ` -> ${id.next}`}`,
    '',
    'records',
    ...shown.records.map((line) => `  ${line}`),
    '',
  ].join('\n');
}

function renderMarkdown(shown: Shown): string {
  const { domain, status, id } = shown;
  return [
    `### ${domain}: ${status}`,
    '',
    `Policy at \`https://${shown.policyHost}/.well-known/mta-sts.txt\` (served now: ${liveText(shown.policy.live)}):`,
    '',
    '```',
    ...bodyLines(shown),
    '```',
    '',
    `Records (id ${id.live ?? 'none'}${id.next === null ? '' : `, next ${id.next}`}):`,
    '',
    '```',
    ...shown.records,
    '```',
    '',
  ].join('\n');
}

function bodyLines({ body }: Shown): readonly string[] {
  return body === null ? ['(none)'] : body.trimEnd().split('\r\n');
}

function liveText(policy: StsPolicy | null): string {
  return policy === null ? 'none' : `${policy.mode}, max_age ${policy.maxAgeSeconds}, mx ${policy.mx.join(' ')}`;
}
