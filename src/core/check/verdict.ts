/** Floor 0. The one sentence that stands first. */
import { formatDuration } from '../config/duration.ts';
import type { CheckReport } from './model.ts';
import { type CheckSituation, takesMail } from './situation.ts';

export function verdictOf(at: CheckSituation): CheckReport['verdict'] {
  const { facts, policy, record, refused } = at;
  const isMailed = takesMail(at);
  if (facts.mx.kind === 'no-domain') return { kind: 'no-mail', sentence: 'the domain does not exist' };
  if (isMailed === false) return { kind: 'no-mail', sentence: 'the domain takes no mail' };
  if (facts.idRecord.unreadable !== null)
    return { kind: 'unknown', sentence: 'it could not be told whether there is a policy' };
  if (!record.ok || policy === null) return { kind: 'unprotected', sentence: unprotected(at) };
  const age = `max_age ${formatDuration(policy.maxAgeSeconds)}`;
  if (policy.mode === 'none')
    return { kind: 'unprotected', sentence: `mode none: senders act as if there were no policy (${age})` };
  if (isMailed === null) return { kind: 'unknown', sentence: `mode ${policy.mode}, but the MX could not be read` };
  const names = refused.map((one) => one.host).join(', ');
  if (policy.mode === 'testing') {
    const rest = refused.length === 0 ? 'nothing would be refused' : `under enforce ${names} would be refused`;
    return { kind: 'testing', sentence: `testing: mail is delivered whatever happens (${age}); ${rest}` };
  }
  const count = facts.mxHosts.length;
  if (refused.length > 0) {
    const which = refused.length >= count ? 'every live MX host' : names;
    return { kind: 'refusing', sentence: `enforce: senders refuse ${which} now (${age})` };
  }
  const isPartly = at.failures.length > 0 || !at.isSameEverywhere;
  return isPartly
    ? { kind: 'protected', sentence: `enforce, but not every address of the policy host serves the policy (${age})` }
    : { kind: 'protected', sentence: `enforce: mail is delivered only encrypted and to the right hosts (${age})` };
}

function unprotected({ facts, record, policy, bodies }: CheckSituation): string {
  if (!record.ok) {
    const isMissing = record.issues.some((issue) => issue.code === 'NO_RECORD');
    const what = isMissing ? `there is no _mta-sts record` : `the _mta-sts record cannot be used`;
    return policy === null
      ? `no MTA-STS: ${what}, so anyone on the way can read mail`
      : `${what}, so senders do not look at the policy`;
  }
  if (bodies.length > 0) return 'a record announces a policy, but what is served is none';
  return facts.policyHost.addresses.length === 0
    ? 'a record announces a policy, but its host has no address'
    : 'a record announces a policy, but it cannot be fetched';
}
