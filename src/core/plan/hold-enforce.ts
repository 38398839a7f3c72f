/** Floor 0. The guards before "to enforce from anything else" (rule 8), in the order in which a person would want to hear of them. */
import { formatDuration } from '../config/duration.ts';
import { coverMx } from '../mx.ts';
import type { StsPolicy } from '../policy.ts';
import { allowKey, type Hold, hold, listNames } from './hold.ts';
import { trustedMxHosts } from './observation.ts';
import { badOffers } from './offers.ts';
import { holdReports, testingRun } from './reports-agree.ts';
import { isRecent, recentUntil } from './seen-mx.ts';
import type { Situation } from './situation.ts';

/** The first guard that holds; null where none does, or enforce is live already. `policy`: what would be served. */
export function holdEnforce(at: Situation, policy: StsPolicy): Hold | null {
  const { wanted } = at;
  if (wanted.mx === 'live' && !wanted.allow.has('live-mx-under-enforce')) {
    const reason = 'mx: live under enforce refuses a new MX host until caches run out';
    const hint = `list the MX in the YAML, or ${allowKey('live-mx-under-enforce')}`;
    return hold('live-mx-under-enforce', reason, hint, null);
  }
  if (at.announced?.mode === 'enforce') return null;
  return holdUntilTested(at) ?? holdUncovered(at, policy) ?? holdOffers(at);
}

/** Guards testing-before-enforce and reports-agree: the wait of a promise, or null when it is over or was freed. */
function holdUntilTested(at: Situation): Hold | null {
  const { wanted, memory, announced, now } = at;
  if (wanted.allow.has('testing-before-enforce')) return null;
  const { testingForSeconds } = wanted;
  const reason = `testing is served first; testingFor is ${formatDuration(testingForSeconds)}`;
  const promise = (notBefore: number): Hold =>
    hold('testing-before-enforce', reason, allowKey('testing-before-enforce'), new Date(notBefore));
  if (announced?.mode !== 'testing') return promise(now.getTime() + testingForSeconds * 1000);
  const run = testingRun(memory.history);
  // Its id is not at every name server yet, so its time has not begun.
  if (run.length === 0) return promise(now.getTime() + testingForSeconds * 1000);
  // Testing that the YAML asked for itself is the owner's own trial, as long as they saw fit.
  if (!run.some((entry) => entry.isHeldTesting)) return null;
  const start = run[0]?.rotatedAt ?? now;
  const due = start.getTime() + testingForSeconds * 1000;
  return now.getTime() < due ? promise(due) : holdReports(at, start);
}

function holdUncovered(at: Situation, policy: StsPolicy): Hold | null {
  const { wanted, observation } = at;
  const hosts = trustedMxHosts(wanted.domain, observation.mx);
  if (hosts === null) {
    return hold('source-readable', 'MX cannot be read, so enforce may refuse mail', 'make MX readable', null);
  }
  if (wanted.allow.has('enforce-covers-live-mx')) return null;
  const { uncovered } = coverMx(policy.mx, hosts);
  if (uncovered.length === 0) return holdRecent(at, policy, hosts);
  const names = listNames(uncovered);
  const hint = `add ${names} to mx:, take it out of MX, or ${allowKey('enforce-covers-live-mx')}`;
  return hold('enforce-covers-live-mx', `enforce would refuse ${names}, which is in MX`, hint, null);
}

/** A host that just left the MX is still in the answers that resolvers hold, for one TTL (rule 6). */
function holdRecent({ memory, now }: Situation, policy: StsPolicy, hosts: readonly string[]): Hold | null {
  const recent = memory.seenMx.filter((one) => !hosts.includes(one.host) && isRecent(one, 1, now));
  const refused = recent.filter((one) => coverMx(policy.mx, [one.host]).uncovered.length > 0);
  if (refused.length === 0) return null;
  const until = Math.max(...refused.map((one) => recentUntil(one, now)));
  const reason = `enforce would refuse ${listNames(refused.map((one) => one.host))}, which left MX less than its TTL ago`;
  return hold('enforce-covers-live-mx', reason, allowKey('enforce-covers-live-mx'), new Date(until));
}

function holdOffers(at: Situation): Hold | null {
  const [bad] = badOffers(at.observation, at.isSmtpReachable);
  if (bad === undefined || at.wanted.allow.has('mx-offers-starttls')) return null;
  const hint = `mend it there, or ${allowKey('mx-offers-starttls')}`;
  return hold('mx-offers-starttls', `enforce would refuse ${bad.host}, which ${bad.reason}`, hint, null);
}
