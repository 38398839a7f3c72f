/**
 * Floor 3. The executor: carries out the plan of one domain, step by step, journaled before and after, and remembers what it did. It makes
 * no decision of its own: the first step of a chain that does not succeed stops the rest of it.
 */
import type { DomainConfig } from '../core/config/model.ts';
import { StsyncError } from '../core/error.ts';
import type { JournalOutcome } from '../core/journal.ts';
import type { DomainMemory } from '../core/memory.ts';
import type { DomainPlan, Finding, Step } from '../core/plan/model.ts';
import { policyHostOf } from '../core/plan/record-names.ts';
import {
  rememberAnnounced,
  rememberGone,
  rememberHostMove,
  rememberOwned,
  rememberServing,
} from '../core/plan/remember.ts';
import { isDue } from '../core/plan/report.ts';
import { statusOf } from '../core/plan/status.ts';
import { finding } from '../core/plan/steps.ts';
import { samePolicy } from '../core/policy.ts';
import { recordKey } from '../core/record-set.ts';
import { parseStsRecords, STS_PREFIX } from '../core/txt-records.ts';
import type { Publisher } from '../effects/publisher.ts';
import type { Store } from '../effects/store.ts';
import type { Provider } from '../provider.ts';
import { applyChanges, messageOf, UnknownOutcome } from './apply-records.ts';
import { policyFact } from './observe.ts';

export interface WritingWorld {
  readonly providers: ReadonlyMap<string, Provider>;
  readonly publisher: (wanted: DomainConfig) => Publisher;
  readonly store: Store;
  readonly now: () => Date;
  /** Commit of the YAML, for the journal. */
  readonly commit: string | null;
  readonly signal: AbortSignal;
}

/** A step after it was tried. */
interface Tried {
  readonly step: Step;
  readonly finding: Finding | null;
}

/** Gives the plan with outcomes, findings and status after. Never throws for what goes wrong with a step. */
export async function applyPlan(
  wanted: DomainConfig,
  plan: DomainPlan,
  memory: DomainMemory,
  world: WritingWorld,
): Promise<DomainPlan> {
  const run = new DomainRun(wanted, plan, memory, world);
  const steps: Step[] = [];
  const findings: Finding[] = [...plan.findings];
  let broken: Step | null = null;
  for (const step of plan.steps) {
    if (!isDue(step)) {
      steps.push(step);
    } else if (broken !== null && step.chain === 'policy') {
      steps.push(stopped(step, broken));
    } else {
      const tried = await run.carryOut(step);
      steps.push(tried.step);
      if (tried.finding !== null) findings.push(tried.finding);
      if (step.chain === 'policy' && tried.step.outcome !== 'done') broken = tried.step;
    }
  }
  return { ...plan, steps, findings, status: statusOf({ ...plan, steps }, 'after') };
}

class DomainRun {
  readonly #wanted: DomainConfig;
  readonly #plan: DomainPlan;
  readonly #world: WritingWorld;
  #memory: DomainMemory;
  #isIntentKept = false;

  constructor(wanted: DomainConfig, plan: DomainPlan, memory: DomainMemory, world: WritingWorld) {
    this.#wanted = wanted;
    this.#plan = plan;
    this.#memory = memory;
    this.#world = world;
  }

  async carryOut(step: Step): Promise<Tried> {
    const { store, now, commit } = this.#world;
    let number: number | null = null;
    try {
      this.#keepIntent(step);
      const { kind, name, type, before, after, reason } = step;
      number = store.beginStep({
        at: now(),
        domain: this.#plan.domain,
        kind,
        name,
        type,
        before,
        after,
        reason,
        commit,
      });
      const note = await this.#act(step);
      this.#remember(step);
      store.endStep(number, 'done', note);
      return { step: { ...step, outcome: 'done' }, finding: null };
    } catch (error) {
      const tried = failedStep(step, error);
      if (number !== null)
        endQuietly(store, number, tried.step.outcome === 'unknown' ? 'unknown' : 'failed', messageOf(error));
      return tried;
    }
  }

  /**
   * Before the first act on the policy: what is about to be served, so that a crash in between loses nothing of it (rule 13). Also a policy
   * that goes back under its old id begins now where no history says more.
   */
  #keepIntent(step: Step): void {
    const { announce, serve, cause, isHeldTesting, txtTtlSeconds } = this.#plan;
    const isBegin = cause !== null || this.#memory.history.length === 0;
    if (this.#isIntentKept || step.chain !== 'policy' || serve === null || announce === null || !isBegin) return;
    const entry = { policy: serve, id: announce, cause: cause ?? 'found', isHeldTesting, txtTtlSeconds };
    this.#save(rememberServing(this.#memory, entry, this.#world.now()));
    this.#isIntentKept = true;
  }

  async #act(step: Step): Promise<string | null> {
    const host = policyHostOf(this.#plan.domain);
    const publisher = this.#world.publisher(this.#wanted);
    switch (step.kind) {
      case 'publish-policy':
        await publisher.publish(host, step.after?.[0] ?? '');
        return null;
      case 'verify':
        return this.#prove(publisher, host);
      case 'delete':
      case 'upsert':
        if (step.type === null) await publisher.remove(host);
        else return this.#writeRecords(step);
        return null;
      case 'certificate':
      case 'wait':
        throw new StsyncError('INTERNAL', `a ${step.kind} step cannot be carried out`);
    }
  }

  async #writeRecords(step: Step): Promise<string | null> {
    const keys = step.changes.flatMap((one) => one.changes.filter((change) => change.after !== null).map(recordKey));
    const { owned } = this.#memory;
    this.#save(rememberOwned(this.#memory, keys));
    const notes: string[] = [];
    for (const [index, { provider, changes }] of step.changes.entries()) {
      const writer = this.#world.providers.get(provider);
      if (writer === undefined) throw new StsyncError('INTERNAL', `provider ${provider} was not opened`);
      try {
        const note = await applyChanges(writer, changes, this.#world.signal);
        if (note !== null) notes.push(`${provider}: ${note}`);
      } catch (error) {
        // Somebody else wrote it first, so it did not become ours (rule 8).
        const isTheirs = index === 0 && error instanceof StsyncError && error.code === 'CHANGED_SINCE_READ';
        if (isTheirs) this.#save({ ...this.#memory, owned });
        throw error;
      }
    }
    return notes.length === 0 ? null : notes.join('; ');
  }

  /** `proof: file` (stated in the YAML): the body is read back instead of fetched. */
  async #prove(publisher: Publisher, host: string): Promise<string> {
    const fact = policyFact(await publisher.read(host));
    const { serve } = this.#plan;
    if (fact.kind === 'body' && fact.policy !== null && serve !== null && samePolicy(fact.policy, serve))
      return 'proof: file';
    const what = fact.kind === 'absent' ? 'no policy is there' : (fact.message ?? 'another policy is there');
    throw new StsyncError('NOT_PROVED', `${host}: ${what}`, {
      hint: 'find out who else writes the policy file, then run again',
    });
  }

  #remember(step: Step): void {
    const now = this.#world.now();
    if (step.type === null) return;
    if (step.kind === 'delete')
      this.#save(
        rememberGone(
          this.#memory,
          step.changes.flatMap((one) => one.changes.map(recordKey)),
        ),
      );
    else if (step.type === 'TXT' && step.chain === 'policy') {
      const record = parseStsRecords((step.after ?? []).filter((text) => text.startsWith(STS_PREFIX)));
      if (record.ok) this.#save(rememberAnnounced(this.#memory, record.value.id, this.#plan.txtTtlSeconds, now));
    } else if (step.chain === 'policy' && step.before !== null) this.#save(rememberHostMove(this.#memory, step, now));
  }

  #save(memory: DomainMemory): void {
    if (memory === this.#memory) return;
    this.#world.store.saveMemory(this.#plan.domain, memory);
    this.#memory = memory;
  }
}

/** What rests on a step that did not succeed: the id is held by its guard, the rest is skipped. */
function stopped(step: Step, broken: Step): Step {
  const reason = `rests on ${broken.kind} ${broken.name}, which is ${broken.outcome}`;
  const isId = step.kind === 'upsert' && step.type === 'TXT';
  return isId
    ? { ...step, outcome: 'held', guard: 'served-before-id', reason }
    : { ...step, outcome: 'skipped', reason };
}

function failedStep(step: Step, error: unknown): Tried {
  const what = step.type === null ? step.name : `${step.name} ${step.type}`;
  if (error instanceof UnknownOutcome) {
    const message = `${what}: it is not known whether the change was made: ${error.message}`;
    return {
      step: { ...step, outcome: 'unknown' },
      finding: finding('STEP_UNKNOWN', 'error', message, 'the next run looks first and goes on from there'),
    };
  }
  if (!(error instanceof StsyncError)) {
    return {
      step: { ...step, outcome: 'failed' },
      finding: finding('STEP_FAILED', 'error', `${what}: ${messageOf(error)}`),
    };
  }
  if (error.code === 'CHANGED_SINCE_READ') {
    return {
      step: {
        ...step,
        outcome: 'held',
        guard: 'plan-is-current',
        reason: [error.message, error.hint ?? []].flat().join('; '),
      },
      finding: finding('CHANGED_SINCE_PLAN', 'warning', error.message, error.hint ?? null),
    };
  }
  const where = error.where === undefined || error.message.includes(error.where) ? '' : `${error.where}: `;
  return {
    step: { ...step, outcome: 'failed' },
    finding: finding(error.code, 'error', `${what}: ${where}${error.message}`, error.hint ?? null),
  };
}

/** The step failed already; that its end could not be journaled leaves it `started`, which says the same. */
function endQuietly(store: Store, number: number, outcome: JournalOutcome, note: string): void {
  try {
    store.endStep(number, outcome, note);
  } catch (error) {
    if (!(error instanceof StsyncError)) throw error;
  }
}
