/**
 * Floor 0. The plan of one domain: what is wanted, what is live, what was, and now, in; plain data out (DESIGN section 5).
 * The memory must have taken in the observation already (`rememberObservation`).
 */
import type { DomainConfig } from '../config/model.ts';
import { sha256Hex } from '../id.ts';
import type { DomainMemory } from '../memory.ts';
import { coverMx } from '../mx.ts';
import { formatPolicy } from '../policy.ts';
import { recordKey } from '../record-set.ts';
import { certificateFindings, isWithoutCertificate } from './certificate-step.ts';
import { delegationRecords } from './delegation.ts';
import { delegationFindings } from './delegation-findings.ts';
import { observationFindings } from './findings.ts';
import { guardDeletes } from './guard-deletes.ts';
import { liveId } from './ids.ts';
import type { DomainPlan, Finding, Step } from './model.ts';
import { livePolicy, liveMxHosts, type Observation } from './observation.ts';
import { offerFindings } from './offers.ts';
import { planPolicy, type PolicyPart } from './policy-part.ts';
import { allProviders, type Label, writtenName } from './record-names.ts';
import { isReleasable } from './release.ts';
import { evidenceFindings } from './reports-agree.ts';
import { reportsStep } from './reports-step.ts';
import { type DomainContext, type Situation, situationOf } from './situation.ts';
import { statusOf } from './status.ts';
import { stepBackFindings } from './step-back.ts';
import { finding, holdFinding, holdStep, spreadStep, unreadableFinding } from './steps.ts';

/** Pure: the same arguments give the same plan, whatever the order or case in the YAML. */
export function planDomain(
  wanted: DomainConfig,
  observation: Observation,
  memory: DomainMemory,
  context: DomainContext,
): DomainPlan {
  const at = situationOf(wanted, observation, memory, context);
  const part = planPolicy(at);
  const steps = [...reportsPart(at), ...part.steps];
  const failures = failuresOf(at);
  const hosts = liveMxHosts(wanted.domain, observation.mx);
  const cover = coverMx(part.wanted?.mx ?? [], hosts ?? []);
  const waits = part.holds.map((hold) => holdStep(wanted.domain, hold, part.serve, part.wanted));
  const plan = {
    domain: wanted.domain,
    wantedHash: part.wanted === null ? null : sha256Hex(formatPolicy(part.wanted)),
    mode: { wanted: wantedMode(at), live: livePolicy(observation)?.mode ?? null },
    mx: {
      wanted: part.wanted?.mx ?? [],
      live: hosts,
      uncovered: wanted.absent || wanted.released ? [] : cover.uncovered,
      unused: hosts === null ? [] : cover.unused,
    },
    id: { live: liveId(at.ids), next: part.decision?.cause == null ? null : part.decision.id },
    steps: guardDeletes([...steps, ...waits, ...spreadSteps(at, steps)], wanted, isReleasable(at)),
    findings: [
      ...failures,
      ...observationFindings(wanted, observation, at.ids, cover),
      ...offerFindings(observation, at.isSmtpReachable, at.announced?.mode === 'enforce'),
      ...delegationFindings(at, awaitedNames(part.steps)),
      ...part.findings,
      ...certificateFindings(at),
      ...stepBackFindings(at),
      ...evidenceFindings(at, cover.uncovered),
      ...part.holds.map(holdFinding),
      ...heldFindings(steps),
    ],
    serve: part.serve,
    isHeldTesting: part.isHeldTesting,
    idRecord: writtenName('_mta-sts', wanted),
    announce: part.decision?.id ?? liveId(at.ids),
    cause: part.decision?.cause ?? null,
    txtTtlSeconds: Math.max(0, ...at.views['_mta-sts'].map((view) => view.ttlSeconds)),
    foundEqual: foundEqual(at, part, steps),
    isFailed:
      failures.length > 0 || isWithoutCertificate(at) || (part.serve === null && !wanted.absent && !wanted.released),
    countsAsChange: part.countsAsChange,
    delegation: delegationStates(at),
  };
  return { ...plan, status: statusOf(plan, 'before') };
}

/** Of a domain that moves out nothing else is wanted than what there is. */
function wantedMode({ wanted, observation }: Situation): DomainPlan['mode']['wanted'] {
  if (wanted.absent) return 'none';
  return wanted.released ? (livePolicy(observation)?.mode ?? wanted.mode) : wanted.mode;
}

/** Of records in a zone that we cannot write. */
function awaitedNames(steps: readonly Step[]): ReadonlySet<string> {
  return new Set(steps.filter((step) => step.kind === 'wait' && step.type === 'CNAME').map((step) => step.name));
}

function delegationStates({ wanted, observation }: Situation): DomainPlan['delegation'] {
  if (wanted.delegation === null) return null;
  return delegationRecords(wanted, observation).map(({ name, target, fact }) => ({ name, target, state: fact.kind }));
}

function reportsPart(at: Situation): readonly Step[] {
  const { tlsReports, absent, released } = at.wanted;
  if (tlsReports === null || absent || released || at.views['_smtp._tls'].length === 0) return [];
  const reason =
    tlsReports.length === 0 ? '`tlsReports: []` removes the record' : 'reports shall go to these addresses';
  const step = reportsStep(at, tlsReports, reason);
  return step === null ? [] : [step];
}

/** What is written and not shown by every name server yet: nothing to do but to look again. */
function spreadSteps({ observation }: Situation, steps: readonly Step[]): readonly Step[] {
  const changing = new Set(steps.map((step) => step.name));
  return observation.spreading.filter((key) => !changing.has(key.name)).map(({ name, type }) => spreadStep(name, type));
}

/** One finding for each fact that could not be read; a domain with one is `failed`. */
function failuresOf({ wanted, observation }: Situation): readonly Finding[] {
  const views = observation.views.filter((view) => allProviders(wanted).includes(view.provider));
  const led = delegationRecords(wanted, observation).map(({ fact }) => fact);
  const mx = wanted.released ? [] : [observation.mx];
  const failures = [...views, ...led, observation.policy, observation.published, ...mx].flatMap((fact) =>
    fact.kind === 'unreadable' ? [unreadableFinding(fact)] : [],
  );
  return failures.filter(
    (one, index) => failures.findIndex((other) => other.code === one.code && other.message === one.message) === index,
  );
}

function heldFindings(steps: readonly Step[]): readonly Finding[] {
  return steps.flatMap((step) =>
    step.outcome === 'held' ? [finding('GUARD_HOLDS', 'warning', `${step.guard}: ${step.reason}`)] : [],
  );
}

/**
 * Managed sets that were compared and need no step: ours from now on (rule 8). Without a decision on the id nothing of its chain was compared.
 */
function foundEqual({ wanted, observation }: Situation, part: PolicyPart, steps: readonly Step[]): readonly string[] {
  const compared: readonly Label[] = [
    ...(part.decision === null ? [] : (['_mta-sts', 'mta-sts'] as const)),
    ...(wanted.tlsReports === null ? [] : (['_smtp._tls'] as const)),
  ];
  const names = compared.map((label) => writtenName(label, wanted));
  const changing = new Set(steps.map((step) => step.name));
  const sets = observation.views.flatMap((view) => (view.kind === 'read' ? view.sets : []));
  const equal = sets.filter((set) => !wanted.absent && names.includes(set.name) && !changing.has(set.name));
  return [...new Set(equal.map(recordKey))].toSorted();
}
