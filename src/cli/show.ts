/** Floor 4. `stsync show`: one domain, to copy into a ticket. */
import { formatPolicy, type StsPolicy } from '../core/policy.ts';
import type { DomainConfig } from '../core/config/model.ts';
import type { DelegationState, DomainPlan } from '../core/plan/model.ts';
import { livePolicy, type Observation } from '../core/plan/observation.ts';
import { cnameLine } from '../core/plan/delegation.ts';
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
  /** What the owner of a delegated domain sets: each CNAME, its line and what stands there now; null: not delegated. */
  readonly delegation: readonly (DelegationState & { readonly line: string })[] | null;
}

const stateWords: Readonly<Record<DelegationState['state'], string>> = {
  here: 'set',
  missing: 'not set',
  elsewhere: 'leads elsewhere',
  differs: 'being changed',
  unreadable: 'cannot be read',
};

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
    delegation: plan.delegation?.map((one) => ({ ...one, line: cnameLine(one) })) ?? null,
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
    ...delegationText(shown),
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
    ...delegationMarkdown(shown),
  ].join('\n');
}

function delegationText({ domain, delegation }: Shown): readonly string[] {
  if (delegation === null) return [];
  const lines = delegation.map(({ line, state }) => `  ${line}  ; ${stateWords[state]}`);
  return [`to be set by the owner of ${domain}`, ...lines, ''];
}

function delegationMarkdown({ domain, delegation }: Shown): readonly string[] {
  if (delegation === null) return [];
  const rows = delegation.map(({ name, target, state }) => `| \`${name}\` | \`${target}\` | ${stateWords[state]} |`);
  return [
    `To be set by the owner of \`${domain}\`:`,
    '',
    '| CNAME at | leads to | now |',
    '|---|---|---|',
    ...rows,
    '',
  ];
}

function bodyLines({ body }: Shown): readonly string[] {
  return body === null ? ['(none)'] : body.trimEnd().split('\r\n');
}

function liveText(policy: StsPolicy | null): string {
  return policy === null ? 'none' : `${policy.mode}, max_age ${policy.maxAgeSeconds}, mx ${policy.mx.join(' ')}`;
}
