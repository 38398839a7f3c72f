/** What a run asks of the name servers about one domain in sync. The benches count datagrams and say so when it is not this any more. */
import type { RecordType } from 'dns-packet';

/** NS: which zone holds the name. `isFetched`: the addresses of the policy host are asked for as well. */
export function queriesOf(domain: string, isFetched: boolean): readonly (readonly [name: string, type: RecordType])[] {
  const names = [domain, `_mta-sts.${domain}`, `mta-sts.${domain}`, `_smtp._tls.${domain}`];
  const addresses = (['A', 'AAAA'] as const).map((type) => [`mta-sts.${domain}`, type] as const);
  return [
    ...names.map((name) => [name, 'NS'] as const),
    [domain, 'MX'],
    [`_mta-sts.${domain}`, 'TXT'],
    [`mta-sts.${domain}`, 'CNAME'],
    [`_smtp._tls.${domain}`, 'TXT'],
    ...(isFetched ? addresses : []),
  ];
}
