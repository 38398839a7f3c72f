/** Floor 3. One attempt for one host, from what the state has of it to what the state shall have: whatever goes wrong becomes a change of its record. */
import { withCertificate, withFailure, withoutOrder, withPause } from '../../core/certificates/change.ts';
import type { CertificateFailure, CertificateRecord } from '../../core/certificates/model.ts';
import { askedInVain, nextRenewal } from '../../core/certificates/renewal.ts';
import type { ErrorCode } from '../../core/codes.ts';
import { StsyncError } from '../../core/error.ts';
import { AcmeProblem } from '../../effects/acme/client.ts';
import { orAborted } from '../../effects/dns/shared.ts';
import { type CertificateAuthority, isLimitOfHost, parkMs, type ReservedTurn } from './certificate-authority.ts';
import { beginOrder, finishOrder, type IssueWorld, OrderForgotten } from './issue.ts';

/** Why an order would fail; null: it may be made. */
export type Preflight = (host: string, signal: AbortSignal) => Promise<PreflightFault | null>;

export interface PreflightFault {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | null;
  readonly retryAfterMs?: number;
}

export interface AttemptWorld extends IssueWorld {
  readonly preflight: Preflight;
  readonly authority: CertificateAuthority;
  readonly random: () => number;
  /** Resolves when the state has it. */
  readonly keep: (record: CertificateRecord) => Promise<void>;
  readonly onNews: (host: string) => void;
  /** Attempts in a row that a fault of the CA ended, of this host: one whose order alone the CA stumbles over waits ever longer. */
  readonly stumbles: Map<string, number>;
}

const MINUTE_MS = 60_000;
/** An order that is not done by then is given up. */
const ORDER_LIFE_MS = 24 * 60 * MINUTE_MS;
/** The CA forgot an order as young as this: that is no matter of age. */
const YOUNG_ORDER_MS = 10 * MINUTE_MS;
const LONGEST_STUMBLE_MS = 60 * MINUTE_MS;

/** Where an attempt was when it failed. */
type Stage = 'before-ca' | 'ordering' | 'ordered';

/** A new order and all that follows; `turn` null: it counts for no limit. */
export async function attemptOrder(
  record: CertificateRecord,
  turn: ReservedTurn | null,
  world: AttemptWorld,
): Promise<void> {
  const { authority, preflight, signal, keep } = world;
  let begun: CertificateRecord;
  try {
    const fault = await guarded(record, 'before-ca', world, () => orAborted(preflight(record.host, signal), signal));
    if (fault === GIVEN_UP) return;
    if (fault !== null) return await keep(failedBefore(record, fault, world));
    signal.throwIfAborted();
    // Not through `orAborted`: the answer of a CA that has made an order is waited for.
    const made = await guarded(record, 'ordering', world, () => {
      turn?.take();
      return beginOrder(record, world);
    });
    if (made === GIVEN_UP) return;
    begun = made;
  } finally {
    turn?.release();
  }
  authority.succeeded();
  await keep(begun);
  signal.throwIfAborted();
  await attemptResume(begun, world);
}

/** The order that the record has. */
export async function attemptResume(record: CertificateRecord, world: AttemptWorld): Promise<void> {
  const { order, host } = record;
  if (order === null) return;
  const certificate = await guarded(record, 'ordered', world, () => finishOrder(host, order, world));
  if (certificate === GIVEN_UP) return;
  world.authority.succeeded();
  world.stumbles.delete(host);
  await world.keep(withCertificate(record, certificate, world.now(), world.random()));
  world.onNews(host);
}

/** Asks when the certificate that the record has is to be renewed. */
export async function attemptAsk(record: CertificateRecord, world: AttemptWorld): Promise<void> {
  const { certificate, renewal } = record;
  const { acme, authority, keep, now, random, signal } = world;
  if (certificate === null) return;
  try {
    const window = await orAborted(acme.renewalInfo(certificate.chainPem), signal);
    authority.succeeded();
    await keep({ ...record, renewal: nextRenewal(certificate, renewal, window, now(), random()) });
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof AcmeProblem)) throw error;
    // Whatever it is: the moment of the renewal stands, and without an answer it is made by the lifetime.
    if (error.scope === 'network') authority.failed(error);
    await keep({ ...record, renewal: askedInVain(certificate, renewal, now(), random()) });
  }
}

const GIVEN_UP = Symbol('given up');

/** The result, or `GIVEN_UP` when the failure is kept. */
async function guarded<T>(
  record: CertificateRecord,
  stage: Stage,
  world: AttemptWorld,
  work: () => Promise<T>,
): Promise<T | typeof GIVEN_UP> {
  try {
    return await work();
  } catch (error) {
    world.signal.throwIfAborted();
    const after = error instanceof OrderForgotten ? forgotten(record, world) : afterError(record, stage, error, world);
    if (after !== record) await world.keep(after);
    return GIVEN_UP;
  }
}

function afterError(record: CertificateRecord, stage: Stage, error: unknown, world: AttemptWorld): CertificateRecord {
  const now = world.now();
  const fault = faultOf(error, record.host);
  if (fault.code === 'INTERNAL') world.onTrouble(fault);
  const failure = failureOf(fault, now);
  // A CA that refuses one name does its work.
  if (error instanceof AcmeProblem && error.scope === 'domain') world.authority.succeeded();
  if (error instanceof AcmeProblem && error.scope !== 'domain') return afterCa(record, stage, error, failure, world);
  const retryAfterMs = error instanceof AcmeProblem ? error.retryAfterMs : secondsToMs(fault.retryAfterSeconds);
  const isOld = record.order !== null && now.getTime() - record.order.startedAt.getTime() > ORDER_LIFE_MS;
  if (stage === 'ordered' && fault.retryable && !isOld) {
    // The CA is not done; of anything else that may pass, such as a DNS server, the waits have to grow.
    if (error instanceof AcmeProblem)
      return withPause(record, failure, new Date(now.getTime() + Math.max(MINUTE_MS, retryAfterMs ?? 0)));
    return withFailure(record, { failure, retryAfterMs, order: 'going' }, world.random());
  }
  const order = stage === 'before-ca' ? 'none' : 'over';
  return withFailure(record, { failure, retryAfterMs, order }, world.random());
}

/** What is the matter with the CA or the account costs the host nothing. */
function afterCa(
  record: CertificateRecord,
  stage: Stage,
  problem: AcmeProblem,
  failure: CertificateFailure,
  world: AttemptWorld,
): CertificateRecord {
  const { authority, stumbles } = world;
  const now = world.now().getTime();
  switch (problem.scope) {
    case 'queue': {
      const until = new Date(now + parkMs(problem));
      if (isLimitOfHost(problem, record.host)) {
        if (problem.retryAfterMs !== null) return withPause(record, failure, until);
        // Such as a name that Let's Encrypt has paused, until a person asks for it there.
        const order = stage === 'ordered' ? 'going' : 'over';
        return withFailure(record, { failure, retryAfterMs: null, order }, world.random());
      }
      authority.parked(problem);
      // An order that is not made yet waits in the queue; one that goes on would be asked about at once.
      return stage === 'ordered' ? withPause(record, null, until) : record;
    }
    case 'account':
      authority.refused(problem);
      return record;
    default: {
      authority.failed(problem);
      const times = stumbles.get(record.host) ?? 0;
      stumbles.set(record.host, times + 1);
      const waitMs = Math.min(MINUTE_MS * 2 ** Math.min(times, 30), LONGEST_STUMBLE_MS);
      return withPause(record, failure, new Date(now + waitMs));
    }
  }
}

function forgotten(record: CertificateRecord, world: AttemptWorld): CertificateRecord {
  const now = world.now();
  const ageMs = now.getTime() - (record.order?.startedAt.getTime() ?? 0);
  if (ageMs > YOUNG_ORDER_MS) return withoutOrder(record);
  const message = `the CA does not know the order for ${record.host} that it has just made`;
  const failure = { code: 'ACME_REFUSED', message, hint: 'nothing: another one is made', at: now } as const;
  return withFailure(record, { failure, retryAfterMs: null, order: 'over' }, world.random());
}

function failedBefore(record: CertificateRecord, fault: PreflightFault, world: AttemptWorld): CertificateRecord {
  const { code, message, hint, retryAfterMs = null } = fault;
  const failure = { code, message, hint, at: world.now() };
  return withFailure(record, { failure, retryAfterMs, order: 'none' }, world.random());
}

function faultOf(error: unknown, host: string): StsyncError {
  if (error instanceof StsyncError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new StsyncError('INTERNAL', `no certificate for ${host}: ${reason}`, { where: host, cause: error });
}

function failureOf({ code, message, hint }: StsyncError, at: Date): CertificateFailure {
  return { code, message, hint: hint ?? null, at };
}

function secondsToMs(seconds: number | null): number | null {
  return seconds === null ? null : seconds * 1000;
}
