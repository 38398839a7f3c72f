/** Floor 0. What was seen, as lines of label and value: the part of a check that needs no judgement. */
import { formatDuration } from '../config/duration.ts';
import type { CheckFacts, HostFact, MxHostFact, NameFact, PolicyFetch } from './facts.ts';

export interface FactLine {
  readonly label: string;
  readonly value: string;
}

export function factLines(facts: CheckFacts): readonly FactLine[] {
  const { zone, caa, wildcard, reports, idRecord, policyHost } = facts;
  return [
    { label: 'zone', value: `${zone.name ?? 'not found'}, ${signed(zone.isSigned)}` },
    ...mxLines(facts),
    ...nameLines(idRecord),
    ...hostLine(policyHost),
    ...facts.fetches.flatMap((fetch) => fetchLines(policyHost.name, fetch)),
    ...nameLines(reports),
    ...(caa.name === null ? [] : [{ label: `${caa.name} CAA`, value: caa.texts.join(' | ') }]),
    ...(wildcard.texts.length === 0 ? [] : [{ label: `${wildcard.name} TXT`, value: wildcard.texts.join(' | ') }]),
    ...(wildcard.addresses.length === 0 ? [] : [{ label: wildcard.name, value: wildcard.addresses.join(' ') }]),
  ];
}

function mxLines({ domain, mx, mxHosts }: CheckFacts): readonly FactLine[] {
  const label = `${domain} MX`;
  switch (mx.kind) {
    case 'hosts':
      return [{ label, value: `${mx.hosts.join(' ')}${ttl(mx.ttlSeconds)}` }, ...mxHosts.map(mxHostLine)];
    case 'null-mx':
      return [{ label, value: 'null MX' }];
    case 'no-mx':
      return [
        { label, value: mx.hasAddress ? 'none (the domain has an address)' : 'none' },
        ...mxHosts.map(mxHostLine),
      ];
    case 'no-domain':
      return [{ label, value: 'the domain does not exist' }];
    case 'unreadable':
      return [{ label, value: mx.message }];
  }
}

function mxHostLine(one: MxHostFact): FactLine {
  const offers =
    one.offers?.map(({ address, verdict, reason }) =>
      verdict === 'good' ? `STARTTLS and a valid certificate at ${address}` : reason,
    ) ?? one.addresses;
  const provider = one.provider === null ? '' : ` (${one.provider})`;
  const tlsa = one.tlsa.length === 0 ? '' : `; ${one.tlsa.length} TLSA, ${signed(one.isSigned)}`;
  return {
    label: one.name,
    value: `${one.unreadable?.message ?? (offers.join('; ') || 'no address')}${provider}${tlsa}`,
  };
}

function nameLines({ name, chain, texts, ttlSeconds, unreadable }: NameFact): readonly FactLine[] {
  const value = unreadable === null ? texts.join(' | ') || 'none' : unreadable.message;
  return [
    ...chainLine(name, chain),
    { label: `${name} TXT`, value: `${value}${texts.length === 0 ? '' : ttl(ttlSeconds)}` },
  ];
}

function hostLine({ name, chain, addresses, unreadable }: HostFact): readonly FactLine[] {
  return [
    ...chainLine(name, chain),
    { label: name, value: unreadable?.message ?? (addresses.join(' ') || 'no address') },
  ];
}

function chainLine(name: string, chain: readonly string[]): readonly FactLine[] {
  return chain.length === 0 ? [] : [{ label: `${name} CNAME`, value: chain.join(' -> ') }];
}

function fetchLines(
  host: string,
  { address, body, mediaType, certificate, failure }: PolicyFetch,
): readonly FactLine[] {
  const label = `https://${host} at ${address}`;
  const policy = body === null ? (failure?.message ?? 'nothing') : body.trim().split(/\r?\n/).join(' | ');
  const dates =
    certificate === null
      ? ''
      : `${certificate.names.join(' ')}, until ${certificate.notAfter.toISOString().slice(0, 10)}, by ${certificate.issuer}`;
  return [
    { label, value: body === null ? policy : `${policy} (${mediaType ?? 'no media type'})` },
    ...(dates === '' ? [] : [{ label: 'its certificate', value: dates }]),
  ];
}

function signed(isSigned: boolean | null): string {
  return isSigned === null ? 'signing unknown' : isSigned ? 'signed (DS)' : 'not signed';
}

function ttl(seconds: number | null): string {
  return seconds === null ? '' : ` (TTL ${formatDuration(seconds)})`;
}
