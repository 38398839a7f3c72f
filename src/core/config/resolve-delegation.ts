/** Floor 0. What `delegation:` of a domain asks of its other keys, and of the other domains: every name in our zone has one domain. */
import { ownerBase } from '../owner-base.ts';
import { makeFault } from './fault.ts';
import type { ConfigFault, DomainConfig, Place } from './model.ts';
import type { DelegationValue } from './shape-delegation.ts';
import type { DomainValues } from './shape-domain.ts';
import { placeOf } from './source-text.ts';

/** RFC 1035 §2.3.4, as text without the final dot. */
const MAX_NAME = 253;

/** The keys that count for the domain, from whichever level. */
export type DelegationKeys = {
  readonly [K in 'delegation' | 'released' | 'absent' | 'idRecord' | 'observe' | 'tlsReports']:
    | DomainValues[K]
    | undefined;
};

/** Null: the records stand at the domain itself. */
export function delegationOf(key: DomainValues['delegation'] | undefined): Exclude<DelegationValue, 'off'> | null {
  return key?.value === undefined || key.value === 'off' ? null : key.value;
}

/** Codes: `BAD_NAME`, `EXCLUSIVE_KEYS`, `MISSING_KEY`. `isAllKnown` false: what is missing may stand where nobody could read. */
export function delegationFaults(
  domain: DomainConfig['domain'],
  place: Place,
  keys: DelegationKeys,
  isAllKnown: boolean,
): readonly ConfigFault[] {
  const { released, absent, idRecord, observe, tlsReports } = keys;
  const delegation = delegationOf(keys.delegation);
  const faults: ConfigFault[] = [];
  if (released?.value === true && absent?.value === true) {
    const message = `${domain} has both \`released\` and \`absent\``;
    const hint = '`absent` takes the policy away from senders; `released` hands the domain over as it is: keep one';
    faults.push(makeFault(placeOf(released), 'EXCLUSIVE_KEYS', message, hint));
  }
  if (delegation === null) {
    const isFaulty = keys.delegation !== undefined && keys.delegation.value === undefined;
    if (released?.value === true && isAllKnown && !isFaulty) {
      const message = `${domain} has \`released\` and no \`delegation\`: there are no CNAMEs that could leave`;
      faults.push(makeFault(placeOf(released), 'MISSING_KEY', message, 'to take a policy away write `absent: true`'));
    }
    return faults;
  }
  if (idRecord !== undefined) {
    const message = `${domain} has both \`idRecord\` and \`delegation\`, which names the id record itself`;
    faults.push(makeFault(placeOf(idRecord), 'EXCLUSIVE_KEYS', message, 'keep one, or write `delegation: off`'));
  }
  if (observe?.value === 'provider') {
    const message = `${domain} has \`observe: provider\` and \`delegation\`: its CNAMEs stand in a zone that no provider shows`;
    faults.push(makeFault(placeOf(observe), 'EXCLUSIVE_KEYS', message, 'write `observe: dns`, or `delegation: off`'));
  }
  const label = tlsReports === undefined ? '_mta-sts' : '_smtp._tls';
  const name = `${label}.${ownerBase({ domain, delegation })}`;
  if (name.length > MAX_NAME) {
    const message = `the record of ${domain} would stand at a name of ${name.length} characters; a name has at most ${MAX_NAME}`;
    faults.push(makeFault(place, 'BAD_NAME', message, 'a zone with a shorter name leaves more to the domain'));
  }
  return faults;
}

/** Two domains that would write at one name. Code: `DELEGATION_COLLIDES`, once for each that is delegated. */
export function delegationCollisions(domains: readonly DomainConfig[]): readonly ConfigFault[] {
  const claims = domains.flatMap((one) => [
    { name: `_mta-sts.${ownerBase(one)}`, one },
    ...(one.idRecord === null ? [] : [{ name: one.idRecord, one }]),
  ]);
  const byName = Map.groupBy(claims, ({ name }) => name);
  return domains.flatMap((one) => {
    const name = `_mta-sts.${ownerBase(one)}`;
    const other = byName.get(name)?.find((claim) => claim.one !== one)?.one;
    if (one.delegation === null || other === undefined) return [];
    const message = `${name} would be the record of ${one.domain} and of ${other.domain}`;
    const hint = 'take a zone for `delegation:` that has nothing else in it, and that is in no other such zone';
    return [makeFault(one.place, 'DELEGATION_COLLIDES', message, hint)];
  });
}
