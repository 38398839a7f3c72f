/** Floor 0. Findings about MX: none, null, implicit; against the patterns (RFC 8461 §4.1); STARTTLS and certificates (§4.2); DANE. */
import { patternsFor } from '../mail-providers.ts';
import { isWithin } from '../names.ts';
import type { CheckFacts } from './facts.ts';
import { type CheckFinding, checkFinding as finding } from './model.ts';
import { type CheckSituation, hasDane } from './situation.ts';

export function mxFindings(at: CheckSituation): readonly CheckFinding[] {
  return [...existence(at), ...coverage(at), ...offers(at), ...hostNames(at), ...dane(at)];
}

function existence({ facts }: CheckSituation): readonly CheckFinding[] {
  const { domain, mx } = facts;
  if (mx.kind === 'unreadable' || mx.isAuthoritative) return whatExists(facts);
  const message = `no authoritative server of ${domain} could be asked for MX; this is what the resolver says`;
  const hint = 'look at the NS records and their servers';
  return [finding('NOT_AUTHORITATIVE', 'warning', message, hint), ...whatExists(facts)];
}

function whatExists({ domain, mx }: CheckFacts): readonly CheckFinding[] {
  switch (mx.kind) {
    case 'unreadable':
      return [finding(mx.code, 'error', mx.message, mx.hint)];
    case 'no-domain':
      return [
        finding('NO_DOMAIN', 'error', `${domain} does not exist in DNS (NXDOMAIN)`, 'check the spelling of the domain'),
      ];
    case 'null-mx':
      return [finding('NULL_MX', 'info', `${domain} takes no mail (null MX, RFC 7505)`)];
    case 'no-mx':
      return mx.hasAddress
        ? [
            finding(
              'IMPLICIT_MX',
              'warning',
              `${domain} has no MX, so mail goes to its own address (implicit MX, RFC 5321 §5.1)`,
              'publish MX records, or a null MX if it takes no mail',
            ),
          ]
        : [
            finding(
              'NO_MX',
              'info',
              `${domain} has neither MX nor address, so it takes no mail`,
              'a null MX says so at once (RFC 7505)',
            ),
          ];
    case 'hosts':
      return [];
  }
}

function coverage(at: CheckSituation): readonly CheckFinding[] {
  const { policy, cover, isEnforced, facts, hosts } = at;
  if (policy === null || policy.mode === 'none') return [];
  const severity = isEnforced ? 'error' : 'warning';
  const findings: CheckFinding[] = [];
  const tooShort = policy.mx
    .filter((pattern) => pattern.startsWith('*.'))
    .flatMap((pattern) => {
      const deep = cover.uncovered.filter((host) => isWithin(host, pattern.slice(2)) && host !== pattern.slice(2));
      return deep.length === 0 ? [] : [{ pattern, deep }];
    });
  for (const { pattern, deep } of tooShort) {
    const message = `${pattern} does not match ${deep.join(', ')}: the wildcard stands for exactly one label (RFC 8461 §4.1)`;
    findings.push(finding('WILDCARD_TOO_SHORT', severity, message, `write ${patternsFor(deep).join(', ')}`));
  }
  const rest = cover.uncovered.filter((host) => !tooShort.some(({ deep }) => deep.includes(host)));
  if (rest.length > 0) {
    const message = `live MX ${rest.join(', ')} is matched by no mx line of the policy`;
    findings.push(
      finding(
        'UNCOVERED_MX',
        severity,
        message,
        `add ${patternsFor(rest)
          .map((one) => `"mx: ${one}"`)
          .join(', ')} to the policy, then a new id`,
      ),
    );
  }
  // A pattern of which nothing is live may be a backup, or the next move.
  if (cover.unused.length > 0 && hosts !== null && hosts.length > 0 && facts.mx.kind !== 'unreadable') {
    findings.push(
      finding(
        'UNUSED_PATTERN',
        'info',
        `${cover.unused.join(', ')} matches no live MX`,
        'drop it if no such host is to come',
      ),
    );
  }
  return findings;
}

/** Each address counts: a sender may choose it, and a backup shows its fault only at fail-over (RFC 8461 §8.4). */
function offers({ facts, refused, isEnforced }: CheckSituation): readonly CheckFinding[] {
  const severity = isEnforced ? 'error' : 'warning';
  const cure = isEnforced
    ? 'senders refuse it now; mend it there, or go back to testing under a new id'
    : 'mend it before enforce';
  const findings: CheckFinding[] = [];
  for (const one of facts.mxHosts) {
    for (const offer of one.offers ?? []) {
      if (offer.verdict === 'bad') findings.push(finding('MX_STARTTLS', severity, `${one.name} ${offer.reason}`, cure));
    }
  }
  const closed = refused.filter(
    (one) =>
      one.kind === 'tls' &&
      !facts.mxHosts.some((host) => host.name === one.host && host.offers?.some((offer) => offer.verdict === 'bad')),
  );
  for (const one of closed)
    findings.push(finding('MX_STARTTLS', severity, `${one.host} ${one.why}, while other MX hosts do`, cure));
  const isAsked = facts.mxHosts.some((one) => (one.offers ?? []).length > 0);
  const isSilent = facts.mxHosts.every((one) => (one.offers ?? []).every((offer) => offer.verdict === 'unreachable'));
  if (isAsked && isSilent) {
    findings.push(
      finding(
        'SMTP_UNPROVED',
        'info',
        `no MX answered at port 25 from here, so STARTTLS of ${facts.mxHosts.map((one) => one.name).join(', ')} is not proved`,
        'run from a machine whose port 25 is open',
      ),
    );
  }
  return findings;
}

function hostNames({ facts }: CheckSituation): readonly CheckFinding[] {
  return facts.mxHosts.flatMap((one) => {
    if (one.unreadable !== null)
      return [finding(one.unreadable.code, 'warning', one.unreadable.message, one.unreadable.hint)];
    const end = one.chain.at(-1);
    const alias =
      end === undefined
        ? []
        : [
            finding(
              'MX_CNAME',
              'warning',
              `MX host ${one.name} is a CNAME to ${end} (RFC 2181 §10.3 forbids it): senders differ in which name they compare`,
              'name the host itself in MX',
            ),
          ];
    const none =
      one.addresses.length > 0
        ? []
        : [
            finding(
              'MX_NO_ADDRESS',
              'warning',
              `MX host ${one.name} has no address`,
              'take it out of MX, or give it one',
            ),
          ];
    return [...alias, ...none];
  });
}

function dane(at: CheckSituation): readonly CheckFinding[] {
  const { facts } = at;
  const named = facts.mxHosts.filter((one) => one.tlsa.length > 0);
  if (hasDane(at)) {
    return [
      finding(
        'DANE_PRESENT',
        'info',
        'every live MX has TLSA in a signed zone: senders that know DANE go by that first, and a failing DANE is not mended by MTA-STS (RFC 8461 §2)',
      ),
    ];
  }
  if (named.length === 0) return [];
  const unsigned = named.filter((one) => one.isSigned === false).map((one) => one.name);
  const why =
    unsigned.length > 0
      ? `the zone of ${unsigned.join(', ')} is not signed`
      : facts.zone.isSigned === false
        ? `the zone of ${facts.domain} is not signed, so its MX is not safe`
        : 'it is not there for every MX, or signing could not be told';
  return [
    finding(
      'DANE_PARTIAL',
      'info',
      `TLSA stands at ${named.map((one) => one.name).join(', ')}, but ${why}: DANE protects not all mail`,
    ),
  ];
}
