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
  rememberProved,
  rememberOwned,
  rememberServing,
} from '../core/plan/remember.ts';
import { isDue } from '../core/plan/report.ts';
import { statusOf } from '../core/plan/status.ts';
import { spreadStep } from '../core/plan/steps.ts';
import { samePolicy } from '../core/policy.ts';
import { recordKey } from '../core/record-set.ts';
import { parseStsRecords, STS_PREFIX } from '../core/txt-records.ts';
import type { Publisher } from '../effects/publisher.ts';
import type { Store } from '../effects/store.ts';
import type { Provider } from '../provider.ts';
import { applyChanges, messageOf } from './apply-records.ts';
import { provedBySeen, provePolicy, type SeenPolicy } from './prove.ts';
import { isIdEverywhere } from './spread.ts';
import { failedStep, stopped, type Tried } from './tried-step.ts';
import type { Network } from './world.ts';

export interface WritingWorld {
  readonly providers: ReadonlyMap<string, Provider>;
  readonly publisher: (wanted: DomainConfig) => Publisher;
  readonly network: Network;
  readonly store: Store;
  readonly now: () => Date;
  /** Commit of the YAML, for the journal. */
  readonly commit: string | null;
  readonly signal: AbortSignal;
}

/** A plan, and what it was made from. */
export interface PlannedDomain {
  readonly wanted: DomainConfig;
  readonly plan: DomainPlan;
  readonly memory: DomainMemory;
  readonly seen: SeenPolicy;
}

/** Gives the plan with outcomes, findings and status after. Never throws for what goes wrong with a step. */
export async function applyPlan(planned: PlannedDomain, world: WritingWorld): Promise<DomainPlan> {
  const { wanted, plan } = planned;
  const run = new DomainRun(planned, world);
  const steps: Step[] = [];
  const findings: Finding[] = [...plan.findings];
  let broken: Step | null = null;
  for (const step of plan.steps) {
    if (!isDue(step)) {
      steps.push(step);
    } else if (step.kind === 'publish-policy' && wanted.publisher.type === 'external') {
      // Somebody else serves: it stays drift, with the body to install, and the id follows when it is right.
      steps.push(step);
      broken = step;
    } else if (broken !== null && step.chain === 'policy') {
      steps.push(stopped(step, broken));
    } else {
      const tried = await run.carryOut(step);
      steps.push(tried.step);
      if (tried.finding !== null) findings.push(tried.finding);
      if (tried.isSpreading) steps.push(spreadStep(step.name, step.type ?? ''));
      if (step.chain === 'policy' && tried.step.outcome !== 'done') broken = tried.step;
    }
  }
  return { ...plan, steps, findings, status: statusOf({ ...plan, steps }, 'after') };
}

class DomainRun {
  readonly #wanted: DomainConfig;
  readonly #plan: DomainPlan;
  readonly #seen: SeenPolicy;
  readonly #world: WritingWorld;
  #memory: DomainMemory;
  #isIntentKept = false;

  constructor({ wanted, plan, memory, seen }: PlannedDomain, world: WritingWorld) {
    this.#wanted = wanted;
    this.#plan = plan;
    this.#memory = memory;
    this.#seen = seen;
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
      const isSpreading = await this.#remember(step);
      store.endStep(number, 'done', note);
      return { step: { ...step, outcome: 'done' }, finding: null, isSpreading };
    } catch (error) {
      const tried = failedStep(step, error);
      if (number !== null)
        endQuietly(store, number, tried.step.outcome === 'unknown' ? 'unknown' : 'failed', messageOf(error));
      return tried;
    }
  }

  /**
   * Before the first act on the policy: what is about to be served, so that a crash in between loses nothing of it (rule 13). Also a policy
   * that comes out under an id that stays begins now: the next look may not see it, where an address fails.
   */
  #keepIntent(step: Step): void {
    const { announce, serve, cause, isHeldTesting, txtTtlSeconds } = this.#plan;
    const current = this.#memory.history.at(-1)?.policy;
    const isBegin = cause !== null || current === undefined || (serve !== null && !samePolicy(current, serve));
    if (this.#isIntentKept || step.chain !== 'policy' || serve === null || announce === null || !isBegin) return;
    const entry = { policy: serve, id: announce, cause: cause ?? 'found', isHeldTesting, txtTtlSeconds };
    this.#save(rememberServing(this.#memory, entry, this.#world.now()));
    this.#isIntentKept = true;
  }

  async #act(step: Step): Promise<string | null> {
    const host = policyHostOf(this.#plan.domain);
    switch (step.kind) {
      case 'publish-policy':
        await this.#world.publisher(this.#wanted).publish(host, step.after?.[0] ?? '');
        return null;
      case 'verify':
        return this.#prove();
      case 'delete':
      case 'upsert':
        if (step.type === null || this.#isLeftOver(step)) await this.#world.publisher(this.#wanted).remove(host);
        return step.type === null ? null : this.#writeRecords(step);
      case 'certificate':
      case 'wait':
        throw new StsyncError('INTERNAL', `a ${step.kind} step cannot be carried out`);
    }
  }

  /**
   * The host record of a removal goes, and the policy went in an earlier run: one that was killed in between may have left folders behind, and
   * no step would ever touch them again (rule 13).
   */
  #isLeftOver(step: Step): boolean {
    const isEarlier = !this.#plan.steps.some((one) => one.kind === 'delete' && one.type === null);
    return step.kind === 'delete' && isHostStep(step) && isEarlier && this.#wanted.publisher.type === 'directory';
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

  async #prove(): Promise<string> {
    const { serve, steps } = this.#plan;
    if (serve === null) throw new StsyncError('INTERNAL', 'there is no policy to prove');
    const verifyAt = steps.findIndex((step) => step.kind === 'verify');
    // Only what was written just before may need a moment; what has been wrong since yesterday will not be right in a second.
    const isFresh = steps.slice(0, verifyAt).some((step) => isDue(step) && step.chain === 'policy');
    const hostAt = steps.findIndex((step) => isDue(step) && isHostStep(step));
    const options = { isBeforeMove: hostAt > verifyAt, mayWait: isFresh };
    if (!isFresh && !options.isBeforeMove) {
      const note = provedBySeen(this.#wanted, serve, this.#seen, this.#world.now());
      if (note !== null) return note;
    }
    const isMadeTwice = this.#wanted.publisher.spreadSeconds > 0;
    try {
      const note = await provePolicy(this.#wanted, serve, this.#world, options);
      if (isMadeTwice) this.#save(rememberProved(this.#memory, serve, this.#world.now()));
      return note;
    } catch (error) {
      // Some node behind the address is not there yet, so the first proof has to be made again too.
      if (isMadeTwice) this.#save({ ...this.#memory, proved: null });
      throw error;
    }
  }

  /** Gives whether what was written is still spreading over the name servers. */
  async #remember(step: Step): Promise<boolean> {
    const { network, now, signal } = this.#world;
    if (step.type === null) return false;
    const keys = step.changes.flatMap((one) => one.changes.map(recordKey));
    if (step.kind === 'delete') this.#save(rememberGone(this.#memory, keys));
    else if (isHostStep(step) && step.before !== null) {
      const moved = rememberHostMove(this.#memory, step, now());
      // Where no name server is ever looked at, the write is all that can be known.
      this.#save(this.#wanted.observe === 'dns' ? moved : { ...moved, hostTtlSeconds: 0 });
    }
    if (step.kind === 'delete' || step.type !== 'TXT' || step.chain !== 'policy') return false;
    const record = parseStsRecords((step.after ?? []).filter((text) => text.startsWith(STS_PREFIX)));
    if (!record.ok) return false;
    const { id } = record.value;
    if (this.#wanted.observe === 'dns' && !(await isIdEverywhere(this.#wanted, id, network, signal))) return true;
    this.#save(rememberAnnounced(this.#memory, id, this.#plan.txtTtlSeconds, now()));
    return false;
  }

  #save(memory: DomainMemory): void {
    if (memory === this.#memory) return;
    this.#world.store.saveMemory(this.#plan.domain, memory);
    this.#memory = memory;
  }
}

/** The step of the host record: the only one of the policy chain that is no TXT and no policy file. */
function isHostStep(step: Step): boolean {
  return step.chain === 'policy' && step.type !== null && step.type !== 'TXT' && step.kind !== 'wait';
}

/** The step failed already; that its end could not be journaled leaves it `started`, which says the same. */
function endQuietly(store: Store, number: number, outcome: JournalOutcome, note: string): void {
  try {
    store.endStep(number, outcome, note);
  } catch (error) {
    if (!(error instanceof StsyncError)) throw error;
  }
}
