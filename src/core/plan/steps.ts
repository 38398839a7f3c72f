/** Floor 0. Makes steps and findings: one place for their defaults. */
import { formatPolicy, type StsPolicy } from '../policy.ts';
import type { RecordType } from '../record-set.ts';
import { policyHostOf } from './record-names.ts';
import type { Finding, Step } from './model.ts';
import type { Unreadable } from './observation.ts';
import type { ProviderChange } from './provider-change.ts';
import type { Hold } from './hold.ts';

const pending = { outcome: 'pending', guard: null, notBefore: null, changes: [], chain: 'policy' } as const;

/** Where a step of this name and type says what happens to it. */
export interface RecordStep {
  readonly kind: 'upsert' | 'delete';
  readonly name: string;
  readonly type: RecordType;
  readonly before: readonly string[] | null;
  readonly after: readonly string[] | null;
  readonly reason: string;
  readonly changes: readonly ProviderChange[];
}

export function recordStep(step: RecordStep, chain: Step['chain'] = 'policy'): Step {
  return { ...pending, ...step, chain };
}

export function publishStep(domain: string, before: string | null, policy: StsPolicy, reason: string): Step {
  return {
    ...pending,
    kind: 'publish-policy',
    name: policyHostOf(domain),
    type: null,
    before: body(before),
    after: [formatPolicy(policy)],
    reason,
  };
}

/** It changes nothing by itself: the daemon orders it, and what rests on it follows. */
export function certificateStep(domain: string, reason: string): Step {
  return { ...pending, kind: 'certificate', name: policyHostOf(domain), type: null, before: null, after: null, reason };
}

export function deletePolicyStep(domain: string, before: string, reason: string): Step {
  return { ...pending, kind: 'delete', name: policyHostOf(domain), type: null, before: [before], after: null, reason };
}

export function verifyStep(domain: string, policy: StsPolicy): Step {
  const reason = 'the id may follow only a policy that is proved';
  return {
    ...pending,
    kind: 'verify',
    name: policyHostOf(domain),
    type: null,
    before: null,
    after: [formatPolicy(policy)],
    reason,
  };
}

/** What a hold looks like among the steps: a wait with its date, or the publication that may not be. */
export function holdStep(domain: string, one: Hold, served: StsPolicy | null, wanted: StsPolicy | null): Step {
  const [before, after] = [served, wanted].map((policy) => (policy === null ? null : [formatPolicy(policy)]));
  const common = {
    ...pending,
    name: policyHostOf(domain),
    type: null,
    before: before ?? null,
    after: after ?? null,
    guard: one.guard,
  };
  return one.notBefore === null
    ? { ...common, kind: 'publish-policy', reason: `${one.reason}; ${one.hint}`, outcome: 'held' }
    : { ...common, kind: 'wait', reason: one.reason, notBefore: one.notBefore };
}

/** A record that is written and still spreading: no date, since the name servers alone decide. */
export function spreadStep(name: string, type: string): Step {
  const reason = 'not every name server shows it yet; a later run goes on';
  return { ...pending, kind: 'wait', name, type, before: null, after: null, reason };
}

/** A record in a zone that we cannot write. */
export function waitStep(
  name: string,
  before: readonly string[] | null,
  after: readonly string[] | null,
  reason: string,
): Step {
  return { ...pending, kind: 'wait', name, type: 'CNAME', before, after, reason };
}

/** What is wanted next, behind an id that some provider lacks: no date, since the next run goes on when it is there. */
export function behindLaggingStep(domain: string, served: StsPolicy, next: StsPolicy): Step {
  const reason = 'the id of before is not at every provider yet; a later run goes on';
  const [before, after] = [[formatPolicy(served)], [formatPolicy(next)]];
  return { ...pending, kind: 'wait', name: policyHostOf(domain), type: null, before, after, reason };
}

/** A step as a guard leaves it: held, with the guard's name and the cure in the reason. */
export function heldStep(step: Step, one: Pick<Hold, 'guard' | 'reason' | 'hint'>): Step {
  return { ...step, outcome: 'held', guard: one.guard, reason: `${one.reason}; ${one.hint}` };
}

/** Behind a step that is held, what rests on it is skipped; a verify alone changes nothing and needs no mention of why. */
export function skipBehindHeld(steps: readonly Step[]): readonly Step[] {
  const first = steps.findIndex((step) => step.outcome === 'held' && step.chain === 'policy');
  if (first === -1) return steps;
  return steps.map((step, index) =>
    index > first && step.chain === 'policy' && step.outcome === 'pending' && step.notBefore === null
      ? { ...step, outcome: 'skipped', reason: `rests on ${steps[first]?.kind} ${steps[first]?.name}, which is held` }
      : step,
  );
}

/** The finding of a hold. */
export function holdFinding(one: Hold): Finding {
  return one.notBefore === null
    ? finding('GUARD_HOLDS', 'warning', `${one.guard}: ${one.reason}`, one.hint)
    : finding('GUARD_WAITS', 'info', `${one.guard}: ${one.reason}, until ${one.notBefore.toISOString()}`, one.hint);
}

export function finding(
  code: Finding['code'],
  severity: Finding['severity'],
  message: string,
  hint: string | null = null,
): Finding {
  return { code, severity, message, hint };
}

/** The finding of a fact that could not be read. */
export function unreadableFinding(fact: Unreadable): Finding {
  return finding(fact.code, 'error', fact.message, fact.hint);
}

function body(text: string | null): readonly string[] | null {
  return text === null ? null : [text];
}
