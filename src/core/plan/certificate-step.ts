/**
 * Floor 0. The certificate of a policy host that gets it by ACME (rule 5): the step that waits for it, what rests on it, and what a person is told.
 * No run orders it: the daemon does, paced to the limits of the CA, and a run goes on when it is there.
 */
import type { CertificateFacts, CertificateFailure } from '../certificates/model.ts';
import type { DomainConfig, ServerPublisher } from '../config/model.ts';
import type { Finding, Step } from './model.ts';
import { policyHostOf } from './record-names.ts';
import type { Situation } from './situation.ts';
import { minute } from './step-words.ts';
import { certificateStep, finding } from './steps.ts';

/** What is known of the certificate, where it is to come by ACME. */
export type CertificateFact =
  | {
      readonly kind: 'held';
      readonly notAfter: Date;
      /** Why it could not be renewed the last time; null: nothing went wrong. */
      readonly failure: CertificateFailure | null;
    }
  | {
      readonly kind: 'missing';
      readonly failure: CertificateFailure | null;
      /** Nothing is tried before; null: as soon as it can be. */
      readonly nextAttemptAt: Date | null;
      /** When its turn at the CA comes; null: it is not known, or it waits for none. */
      readonly turnAt: Date | null;
      readonly isOrdered: boolean;
    };

/** Nobody is told the minute of what comes at once. */
const SOON_MS = 600_000;
/** A certificate that fails to be renewed is an error when so little is left. */
const URGENT_MS = 7 * 86_400_000;

/** `facts` null: the state has heard nothing of the host. */
export function certificateFact(facts: CertificateFacts | null, turnAt: Date | null, now: Date): CertificateFact {
  const { certificate = null, lastFailure: failure = null, nextAttemptAt = null, order = null } = facts ?? {};
  return certificate !== null && certificate.notAfter > now
    ? { kind: 'held', notAfter: certificate.notAfter, failure }
    : { kind: 'missing', failure, nextAttemptAt, turnAt, isOrdered: order !== null };
}

/** How a host's certificate is ordered; null: it does not come by ACME. */
export function acmeOf({ publisher }: Pick<DomainConfig, 'publisher'>): ServerPublisher['acme'] {
  return publisher.type === 'server' ? publisher.acme : null;
}

/** Null: it is there, or it does not come by ACME, or nobody could order it yet. */
export function certificateIfMissing(at: Situation): Step | null {
  const { wanted, certificate, observation } = at;
  const acme = acmeOf(wanted);
  if (acme === null || certificate?.kind !== 'missing') return null;
  // Before the customer's CNAME leads here the CA cannot look here, unless it looks at a TXT record.
  const isAway = observation.delegation !== null && observation.delegation.facts['mta-sts'].kind !== 'here';
  if (isAway && acme.challenge !== 'dns-01') return null;
  return certificateStep(wanted.domain, whyMissing(certificate, at.now));
}

/** It was tried for, and could not be had: the reason is a finding. */
export function isWithoutCertificate({ wanted, certificate }: Situation): boolean {
  return certificate?.kind === 'missing' && certificate.failure !== null && !certificate.isOrdered && !wanted.released;
}

/** May the host record move before the certificate is there? The CA looks where it leads, but for DNS-01. */
export function isHostFirst(at: Situation): boolean {
  return acmeOf(at.wanted)?.challenge !== 'dns-01';
}

/** What stands behind a certificate that is not there yet waits for it. */
export function behindCertificate(chain: readonly Step[]): readonly Step[] {
  const at = chain.findIndex(({ kind }) => kind === 'certificate');
  if (at === -1) return chain;
  return chain.map((step, index) =>
    index > at && step.outcome === 'pending'
      ? { ...step, outcome: 'skipped', reason: 'follows when the certificate is there' }
      : step,
  );
}

export function certificateFindings({ wanted, certificate, now }: Situation): readonly Finding[] {
  if (certificate === null || wanted.released) return [];
  const host = policyHostOf(wanted.domain);
  const { failure } = certificate;
  if (certificate.kind === 'missing') {
    const { nextAttemptAt } = certificate;
    if (failure !== null && !certificate.isOrdered) {
      const again = nextAttemptAt === null ? '' : `; it is tried again at ${minute(nextAttemptAt)}`;
      return [finding(failure.code, 'error', `${failure.message}${again}`, failure.hint)];
    }
    const message = `${host} has no certificate yet: ${whyMissing(certificate, now)}`;
    return [
      finding(
        'CERTIFICATE_WAITS',
        'info',
        message,
        'let `stsync daemon` run: it orders it, and goes on with the domain when it is there',
      ),
    ];
  }
  if (failure === null) return [];
  const leftMs = certificate.notAfter.getTime() - now.getTime();
  const message = `the certificate of ${host} ends at ${minute(certificate.notAfter)} and could not be renewed: ${failure.message}`;
  return [finding('CERT_EXPIRES_SOON', leftMs < URGENT_MS ? 'error' : 'warning', message, failure.hint)];
}

function whyMissing(
  { failure, nextAttemptAt, turnAt, isOrdered }: CertificateFact & { kind: 'missing' },
  now: Date,
): string {
  if (isOrdered) return 'it is ordered';
  if (failure !== null && nextAttemptAt !== null)
    return `it could not be had, and is tried again at ${minute(nextAttemptAt)}`;
  return turnAt === null || turnAt.getTime() - now.getTime() < SOON_MS
    ? 'it is ordered when its turn comes'
    : `its turn at the CA comes about ${minute(turnAt)}`;
}
