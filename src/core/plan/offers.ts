/** Floor 0. Guard mx-offers-starttls (rule 8): what the live MX hosts offer, and what that is worth. */
import type { Finding } from './model.ts';
import type { MxOffer, Observation } from './observation.ts';
import { finding } from './steps.ts';

/**
 * The hosts that enforce would refuse. A host that answers at no address counts only if some MX answered in this run: otherwise it is more
 * likely that port 25 is closed from here.
 */
export function badOffers({ offers }: Observation, isSmtpReachable: boolean): readonly MxOffer[] {
  return (offers ?? []).filter((one) => one.verdict === 'bad' || (one.verdict === 'unreachable' && isSmtpReachable));
}

/** `isEnforced`: senders hold to enforce already, so mail is being refused now. */
export function offerFindings(
  observation: Observation,
  isSmtpReachable: boolean,
  isEnforced: boolean,
): readonly Finding[] {
  const bad = badOffers(observation, isSmtpReachable);
  const unproved = (observation.offers ?? []).filter((one) => one.verdict === 'unreachable' && !bad.includes(one));
  return [
    ...bad.map((one) =>
      finding(
        'MX_STARTTLS',
        isEnforced ? 'error' : 'warning',
        `live MX ${one.host} ${one.reason}`,
        'senders under enforce refuse it',
      ),
    ),
    ...(unproved.length === 0
      ? []
      : [
          finding(
            'SMTP_UNPROVED',
            'info',
            `no MX answered at port 25 from here, so STARTTLS of ${unproved.map((one) => one.host).join(', ')} is not proved`,
            'run from a machine whose port 25 is open, or set `world.smtpProbe: off`',
          ),
        ]),
  ];
}
