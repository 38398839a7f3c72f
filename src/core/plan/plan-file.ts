/** Floor 0. A plan file (rule 14): the JSON of a dry run, read back as far as applying it needs. The reader trusts nothing. */
import { type GuardName, parseGuardName } from '../guard-names.ts';
import { type JsonField, JsonFields } from '../json-fields.ts';
import type { Cause } from '../memory.ts';
import { parseHostName } from '../names.ts';
import type { PolicyMode } from '../policy.ts';
import { failed, type Issue, parsed, type Parsed } from '../result.ts';
import type { Outcome, Step, StepKind } from './model.ts';
import type { ProviderSides } from './provider-change.ts';
import { planDigest } from './report.ts';

/** A step as the reviewer saw it. */
export interface PlannedStep extends Pick<
  Step,
  'kind' | 'name' | 'type' | 'before' | 'after' | 'reason' | 'outcome' | 'guard'
> {
  /** Null: a file of a release that did not show them. */
  readonly changes: readonly ProviderSides[] | null;
}

export interface PlannedDomain {
  readonly domain: string;
  readonly wantedHash: string | null;
  readonly mode: { readonly wanted: PolicyMode };
  readonly mx: { readonly wanted: readonly string[] };
  readonly id: { readonly live: string | null };
  /** Why the id was to rotate; null: it was not. */
  readonly rotation: Cause | null;
  readonly steps: readonly PlannedStep[];
}

export interface PlanFile {
  readonly digest: string;
  readonly generatedAt: Date;
  readonly domains: readonly PlannedDomain[];
}

type Words<T extends string> = readonly [T, ...T[]];

const MODES: Words<PolicyMode> = ['enforce', 'testing', 'none'];
const CAUSES: Words<Cause> = ['change', 'found', 'wrong-body', 'request'];
const KINDS: Words<StepKind> = ['publish-policy', 'certificate', 'upsert', 'delete', 'verify', 'wait'];
const OUTCOMES: Words<Outcome> = ['pending', 'done', 'held', 'skipped', 'failed', 'unknown'];

/**
 * Reads what `sync --dry-run --out FILE` wrote. Fields that are not known are ignored: a newer release may have added them.
 *
 * Issues: `PLAN_SYNTAX` (not JSON), `PLAN_VERSION`, `PLAN_FIELD` (missing, or of another kind; the place is in the message), `PLAN_CARRIED_OUT`
 * (the result of a run, not of a dry run), `PLAN_EDITED` (the digest is not that of the content).
 */
export function parsePlanFile(text: string): Parsed<PlanFile> {
  const json = parseJson(text);
  if (!json.ok) return json;
  const fields = new JsonFields('PLAN_FIELD');
  const at = fields.object({ value: json.value, place: '' });
  const version = at('version').value;
  if (fields.issues.length === 0 && version !== undefined && version !== 1) {
    return failed('PLAN_VERSION', `version is ${JSON.stringify(version)?.slice(0, 40)}, and this release reads 1`);
  }
  if (version === undefined) fields.note(at('version'), '1');
  const isDryRun = fields.flag(at('dryRun'));
  const file: PlanFile = {
    digest: fields.text(at('digest')),
    generatedAt: fields.date(at('generatedAt')),
    domains: fields.list(at('domains'), (one) => readDomain(fields, one)),
  };
  const issues: readonly Issue[] = fields.issues.length > 0 ? fields.issues : contentIssues(file, isDryRun);
  return issues.length > 0 ? { ok: false, issues } : parsed(file);
}

function contentIssues({ digest, domains }: PlanFile, isDryRun: boolean): readonly Issue[] {
  if (!isDryRun) {
    return [
      { code: 'PLAN_CARRIED_OUT', message: 'this is the result of a run that was carried out, not of a dry run' },
    ];
  }
  if (planDigest(domains) !== digest) {
    return [{ code: 'PLAN_EDITED', message: 'the content is not what its digest says: it was edited, or cut' }];
  }
  const names = new Set(domains.map((one) => one.domain));
  return names.size === domains.length ? [] : [{ code: 'PLAN_FIELD', message: 'a domain stands in it twice' }];
}

function parseJson(text: string): Parsed<unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return parsed(value);
  } catch (error) {
    const [, offset] = /at position (\d+)/.exec(String(error)) ?? [];
    return failed('PLAN_SYNTAX', 'it is not JSON', offset === undefined ? {} : { offset: Number(offset) });
  }
}

function readDomain(fields: JsonFields, one: JsonField): PlannedDomain {
  const at = fields.object(one);
  return {
    domain: readName(fields, at('domain')),
    wantedHash: fields.orNull(at('wantedHash'), (field) => fields.text(field)),
    mode: { wanted: fields.word(fields.object(at('mode'))('wanted'), MODES) },
    mx: { wanted: readTexts(fields, fields.object(at('mx'))('wanted')) },
    id: { live: fields.orNull(fields.object(at('id'))('live'), (field) => fields.text(field)) },
    rotation: fields.orNull(at('rotation'), (field) => fields.word(field, CAUSES)),
    steps: fields.list(at('steps'), (step) => readStep(fields, step)),
  };
}

function readStep(fields: JsonFields, one: JsonField): PlannedStep {
  const at = fields.object(one);
  const texts = (field: JsonField): readonly string[] => readTexts(fields, field);
  return {
    kind: fields.word(at('kind'), KINDS),
    name: fields.text(at('name')),
    type: fields.orNull(at('type'), (field) => fields.text(field)),
    before: fields.orNull(at('before'), texts),
    after: fields.orNull(at('after'), texts),
    reason: fields.text(at('reason')),
    outcome: fields.word(at('outcome'), OUTCOMES),
    guard: fields.orNull(at('guard'), (field) => readGuard(fields, field)),
    changes:
      at('providers').value === undefined ? null : fields.list(at('providers'), (side) => readSides(fields, side)),
  };
}

function readSides(fields: JsonFields, one: JsonField): ProviderSides {
  const at = fields.object(one);
  const texts = (field: JsonField): readonly string[] => readTexts(fields, field);
  const ttl = fields.object(at('ttl'));
  const seconds = (name: string): number | null => fields.orNull(ttl(name), (field) => fields.count(field));
  return {
    provider: fields.text(at('provider')),
    before: fields.orNull(at('before'), texts),
    after: fields.orNull(at('after'), texts),
    ttl: { before: seconds('before'), after: seconds('after') },
  };
}

function readName(fields: JsonFields, field: JsonField): string {
  const text = fields.text(field);
  const name = parseHostName(text);
  return (name.ok && name.value === text) || typeof field.value !== 'string'
    ? text
    : fields.fault(field, 'a domain in A-labels', text);
}

function readGuard(fields: JsonFields, field: JsonField): GuardName | null {
  return parseGuardName(fields.text(field)) ?? fields.fault(field, 'the name of a guard', null);
}

function readTexts(fields: JsonFields, field: JsonField): readonly string[] {
  return fields.list(field, (one) => fields.text(one));
}
