/** Floor 0. A whole run as one object (DESIGN section 3): what every renderer reads and `--out` writes. */
import { parseOwnId, sha256Hex } from '../id.ts';
import { type DomainPlan, type Finding, type Status, statuses, type Step } from './model.ts';
import type { ProviderSides } from './provider-change.ts';

export interface RunReport {
  readonly version: 1;
  readonly digest: string;
  readonly generatedAt: Date;
  readonly isDryRun: boolean;
  /** Sorted by domain. */
  readonly domains: readonly DomainPlan[];
  /** Domains that have a history and left the YAML: still served, nothing deleted. */
  readonly orphans: readonly string[];
  /** About the run as a whole. */
  readonly findings: readonly Finding[];
}

export type Summary = Readonly<
  Record<'domains' | 'inSync' | 'changed' | 'waiting' | 'drift' | 'held' | 'failed', number>
>;

export function summarise(domains: readonly DomainPlan[]): Summary {
  const count = (status: Status): number => domains.filter((plan) => plan.status === status).length;
  return {
    domains: domains.length,
    inSync: count('in sync'),
    changed: count('changed'),
    waiting: count('waiting'),
    drift: count('drift'),
    held: count('held'),
    failed: count('failed'),
  };
}

/** What the digest covers of a domain. All of it stands in the JSON too, so that a plan file can be checked against its own digest. */
export interface Digested {
  readonly domain: string;
  readonly wantedHash: string | null;
  readonly mode: Pick<DomainPlan['mode'], 'wanted'>;
  readonly mx: Pick<DomainPlan['mx'], 'wanted'>;
  readonly steps: readonly (Pick<Step, 'kind' | 'name' | 'type' | 'before' | 'after'> & {
    /** Null: a file of a release that did not show them. */
    readonly changes: readonly ProviderSides[] | null;
  })[];
}

/** SHA-256 over wanted, before and after, without times: the same plan made a minute later has the same digest (rule 14). */
export function planDigest(domains: readonly Digested[]): string {
  const texts = domains.map((plan) => [
    plan.domain,
    plan.mode.wanted,
    plan.mx.wanted,
    plan.wantedHash,
    plan.steps.map(({ kind, name, type, before, after, changes }) => {
      const sides = (changes ?? []).map((one) => [one.provider, ...sidesOf(one), one.ttl.before, one.ttl.after]);
      return [kind, name, type, ...sidesOf({ before, after }), ...(sides.length === 0 ? [] : [sides])];
    }),
  ]);
  return sha256Hex(JSON.stringify(texts));
}

function sidesOf({ before, after }: Pick<Step, 'before' | 'after'>): readonly (readonly string[] | null)[] {
  return [withoutTimes(before), withoutTimes(after)];
}

/**
 * Exit code of `sync` (DESIGN section 3): 0 all in sync, changed or waiting; 1 every domain failed; 2 a dry run found drift; 3 some failed,
 * are held, or still drift.
 */
export function exitCodeOf(report: RunReport): 0 | 1 | 2 | 3 {
  const { domains } = report;
  if (domains.length > 0 && domains.every((plan) => plan.status === 'failed')) return 1;
  if (report.isDryRun && domains.some((plan) => plan.status === 'drift' || plan.steps.some(isDue))) return 2;
  return domains.some((plan) => ['failed', 'held', 'drift'].includes(plan.status)) ? 3 : 0;
}

/** A step that is to be done now, by a run: a certificate is waited for. */
export function isDue(step: Step): boolean {
  return step.outcome === 'pending' && step.kind !== 'wait' && step.kind !== 'certificate';
}

/** The domains, worst first. */
export function worstFirst(domains: readonly DomainPlan[]): readonly DomainPlan[] {
  return statuses.flatMap((status) => domains.filter((plan) => plan.status === status));
}

/** Texts in which each id of our form is only the hash of its body. */
export function withoutTimes(texts: readonly string[] | null): readonly string[] | null {
  return (
    texts?.map((text) =>
      text.replace(/\bid=([A-Za-z0-9]{30})\b/, (whole, id: string) => {
        const own = parseOwnId(id);
        return own === null ? whole : `id=${own.bodyHash}`;
      }),
    ) ?? null
  );
}
