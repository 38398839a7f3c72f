/**
 * Floor 0. What three senders do with mail to the domain now. Sources: RFC 8461 §4 and §5; Google's and Microsoft's documentation of their own
 * bounces; the code of postfix-mta-sts-resolver (`responder.py`: testing and none give NOTFOUND, a wildcard becomes `.name`).
 * A sender that still holds an earlier policy goes on by that one; nobody outside can see it.
 */
import { isWithin } from '../names.ts';
import { parseTlsRptRecords } from '../txt-records.ts';
import type { SenderSentence } from './model.ts';
import { type CheckSituation, hasDane, type RefusedHost, takesMail } from './situation.ts';

type Sentences = readonly [gmail: string, exchange: string, postfix: string];

export function senderSentences(at: CheckSituation): readonly SenderSentence[] {
  const [gmail, exchange, postfix] = sentences(at);
  const isDane = hasDane(at);
  const dane = isDane ? 'By DANE first: the TLSA records decide (RFC 8461 §2). Beside it: ' : '';
  const map =
    isDane && at.isEnforced
      ? ' A policy map stands in the place of DANE there, so ask DANE first in the list of maps.'
      : '';
  return [
    { sender: 'Gmail', does: gmail },
    { sender: 'Exchange Online', does: `${dane}${exchange}` },
    { sender: 'Postfix with postfix-mta-sts-resolver', does: `${postfix}${map}` },
  ];
}

function sentences(at: CheckSituation): Sentences {
  const { record, policy, failures, facts } = at;
  if (facts.mx.kind === 'no-domain') return same('bounces the mail: the domain does not exist.');
  if (facts.mx.kind === 'null-mx')
    return same('bounces the mail at once: null MX says that there is no mailbox (RFC 7505).');
  if (takesMail(at) === false) return same('bounces the mail: there is no host to deliver to.');
  if (facts.idRecord.unreadable !== null)
    return same('may not be able to look up the record either; a policy that it holds goes on to bind.');
  if (!record.ok) {
    const why = record.issues.some((issue) => issue.code === 'NO_RECORD')
      ? 'sees no policy'
      : 'cannot use the record and sees no policy';
    return same(`${why}: encrypts if the MX offers it, checks no name, and delivers in clear text if it does not.`);
  }
  if (policy === null) return unfetched(at);
  const partly = failures.length === 0 ? '' : ' Where it meets an address that fails, it goes on without a policy.';
  if (policy.mode === 'none') return same(`reads mode none: delivers as if there were no policy.${partly}`);
  return policy.mode === 'testing' ? testing(at, partly) : enforce(at, partly);
}

function unfetched(at: CheckSituation): Sentences {
  const rest = 'encrypts if the MX offers it, checks no name. A policy that it holds from before goes on to bind.';
  const report = hasReports(at) ? ' Reports sts-policy-fetch-error or sts-policy-invalid.' : '';
  return [
    `finds no policy at the address that the record announces: ${rest}${report}`,
    `finds no policy at the address that the record announces: ${rest}${report}`,
    `finds no policy at the address that the record announces: ${rest}`,
  ];
}

function testing(at: CheckSituation, partly: string): Sentences {
  const names = at.refused.map((one) => one.host).join(', ');
  const what = at.refused.length === 0 ? 'nothing to report' : `${names} would fail`;
  const report = hasReports(at)
    ? `and reports what enforce would refuse (${what})`
    : 'and reports nothing: there is no TLS-RPT record';
  return [
    `delivers to every MX ${report}.${partly}`,
    `delivers to every MX ${report}.${partly}`,
    `delivers as if there were no policy (strict_testing is off by default); it sends no reports of its own.${partly}`,
  ];
}

function enforce(at: CheckSituation, partly: string): Sentences {
  const { refused, facts, policy } = at;
  // Postfix compares names of the certificate with the patterns, and its `.name` matches at any depth (postconf: smtp_tls_secure_cert_match).
  const suffixes = (policy?.mx ?? []).flatMap((pattern) => (pattern.startsWith('*.') ? [pattern.slice(2)] : []));
  const refusedByPostfix = refused.filter(
    (one) => one.kind === 'tls' || !suffixes.some((suffix) => one.host !== suffix && isWithin(one.host, suffix)),
  );
  const say = (hosts: readonly RefusedHost[], all: string): string => {
    if (hosts.length === 0)
      return `delivers only over TLS to a host that the policy names, with a valid certificate; every live MX passes.${partly}`;
    const names = hosts.map((one) => `${one.host} (${one.why})`).join(', ');
    return hosts.length >= facts.mxHosts.length
      ? `refuses every live MX: ${names}. ${all}${partly}`
      : `skips ${names} and delivers to the others.${partly}`;
  };
  return [
    say(
      refused,
      'Mail waits in its queue and bounces after some days. A first mail to a domain that it does not know yet may still go through.',
    ),
    say(refused, 'Mail bounces with 5.4.8 or 4.4.8 (MX not in the policy) or 5.7.5 (certificate).'),
    say(refusedByPostfix, 'Mail waits in its queue (5 days by default) and bounces.'),
  ];
}

function hasReports({ facts }: CheckSituation): boolean {
  return parseTlsRptRecords(facts.reports.texts).ok;
}

function same(text: string): Sentences {
  return [text, text, text];
}
