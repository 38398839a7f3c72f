/**
 * Floor 3. One certificate from the order to the chain, each step kept before the next is taken: whoever is killed in between goes on by what is
 * kept, with the same order. The one gap: an order whose URL was on its way here is made again (CAs then give the same one while it is pending).
 */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';

import { withOrder } from '../../core/certificates/change.ts';
import type { CertificateRecord, HeldCertificate, HeldOrder } from '../../core/certificates/model.ts';
import { StsyncError } from '../../core/error.ts';
import {
  type Acme,
  AcmeProblem,
  certificateId,
  type Challenge,
  makeCsr,
  makeKey,
  type Order,
} from '../../effects/acme/client.ts';
import { orAborted } from '../../effects/dns/shared.ts';
import type { ChallengeSolver } from './challenge-solver.ts';

export interface IssueWorld {
  readonly acme: Acme;
  readonly directoryUrl: string;
  readonly profile: string | null;
  /** Those that can answer for a host, the best first. */
  readonly solvers: (host: string) => readonly ChallengeSolver[];
  /** Ends what is under way; a request for a new order is let through to its end. */
  readonly signal: AbortSignal;
  readonly now: () => Date;
  readonly onTrouble: (error: StsyncError) => void;
}

/** The CA does not know the order any more. */
export class OrderForgotten extends Error {}

/** Asks the CA for an order; gives the record that has to be kept before anything else is done. Throws `AcmeProblem`. */
export async function beginOrder(record: CertificateRecord, world: IssueWorld): Promise<CertificateRecord> {
  const { acme, directoryUrl, profile, now } = world;
  const { certificate, host } = record;
  const replaces = certificate?.directoryUrl === directoryUrl ? await certificateId(certificate.chainPem) : null;
  const keyPem = makeKey();
  const { url } = await acme.newOrder(host, {
    ...(profile === null ? {} : { profile }),
    ...(replaces === null ? {} : { replaces }),
  });
  return withOrder(record, { url, keyPem, startedAt: now() });
}

/**
 * From an order that is kept to its certificate, wherever it stopped. Throws `OrderForgotten`, `AcmeProblem`, what a solver throws, `CERTIFICATE_UNUSABLE`
 * when the chain does not fit, or the signal's reason.
 */
export async function finishOrder(host: string, held: HeldOrder, world: IssueWorld): Promise<HeldCertificate> {
  const { acme, signal } = world;
  const within = <T>(work: Promise<T>): Promise<T> => orAborted(work, signal);
  let order = await within(readHeldOrder(acme, held.url));
  if (order.status === 'pending' || order.status === 'invalid') {
    await proveAll(host, await within(acme.challenges(order)), world);
    order = await within(acme.readOrder(order.url));
  }
  const done = await within(makeCsr(host, held.keyPem).then((csr) => acme.finalize(order, csr)));
  const chainPem = await within(acme.certificate(done));
  return checkedCertificate(host, chainPem, held.keyPem, world);
}

async function readHeldOrder(acme: Acme, url: string): Promise<Order> {
  try {
    return await acme.readOrder(url);
  } catch (error) {
    // 404, `malformed`, or `unauthorized`: of an account that was lost. What is the matter with the name, an order would say by itself.
    if (error instanceof AcmeProblem && error.scope === 'domain' && !error.retryable)
      throw new OrderForgotten(error.message, { cause: error });
    throw error;
  }
}

async function proveAll(host: string, challenges: readonly Challenge[], world: IssueWorld): Promise<void> {
  const { acme, signal, onTrouble } = world;
  for (const url of new Set(challenges.map(({ authorizationUrl }) => authorizationUrl))) {
    const offered = challenges.filter(({ authorizationUrl }) => authorizationUrl === url);
    const [solver, challenge] = choose(host, offered, world);
    const hide = await solver.present(host, challenge, signal);
    try {
      await orAborted(acme.answer(challenge), signal);
    } finally {
      // What is left behind harms nobody, and is no reason to lose the order.
      await hide().catch((error: unknown) => onTrouble(leftBehind(host, challenge, error)));
    }
  }
}

function leftBehind(host: string, { type }: Challenge, error: unknown): StsyncError {
  if (error instanceof StsyncError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new StsyncError('INTERNAL', `the answer to ${type} for ${host} stays where it is: ${reason}`, {
    cause: error,
  });
}

function choose(
  host: string,
  offered: readonly Challenge[],
  { solvers }: IssueWorld,
): readonly [ChallengeSolver, Challenge] {
  for (const solver of solvers(host)) {
    // One that the CA was told to look at has to be there, whatever is first.
    const challenge = offered.find(({ type, isAsked }) => type === solver.type && isAsked);
    if (challenge !== undefined) return [solver, challenge];
  }
  for (const solver of solvers(host)) {
    const challenge = offered.find(({ type }) => type === solver.type);
    if (challenge !== undefined) return [solver, challenge];
  }
  const types = offered.map(({ type }) => type).join(', ');
  throw new StsyncError('ACME_REFUSED', `the CA wants ${types || 'a challenge that nobody here knows'} for ${host}`, {
    hint: 'let `acme.challenge` name one of them',
    where: host,
  });
}

/** What goes into the state is a certificate that a listener can use. */
function checkedCertificate(host: string, chainPem: string, keyPem: string, world: IssueWorld): HeldCertificate {
  const leaf = new X509Certificate(chainPem);
  const [notBefore, notAfter] = [leaf.validFromDate, leaf.validToDate];
  const fault =
    leaf.checkHost(host, { subject: 'never' }) === undefined
      ? `it is not for ${host}`
      : !leaf.checkPrivateKey(createPrivateKey(keyPem))
        ? 'it is not for the key of the order'
        : notAfter <= world.now()
          ? `it ended on ${notAfter.toISOString()}`
          : null;
  if (fault !== null) {
    throw new StsyncError(
      'CERTIFICATE_UNUSABLE',
      `the CA issued a certificate for ${host} that is of no use: ${fault}`,
      {
        hint: 'nothing, if the next try goes well; else ask the CA, and look at the clock of this machine',
        where: host,
      },
    );
  }
  const stamp = createHash('sha256').update(chainPem).digest('hex').slice(0, 16);
  return { chainPem, keyPem, notBefore, notAfter, issuedAt: world.now(), directoryUrl: world.directoryUrl, stamp };
}
