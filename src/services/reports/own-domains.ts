/** Floor 3, pure. Which policy domains reports are counted for: those of the config, and their MX hosts, which DANE reports are about (RFC 8460 §3). */
import type { DomainConfig } from '../../core/config/model.ts';

export function ownDomains(domains: readonly Pick<DomainConfig, 'domain' | 'mx'>[]): (domain: string) => boolean {
  const hosts = domains.flatMap(({ mx }) => (mx === 'live' ? [] : mx.filter((pattern) => !pattern.startsWith('*.'))));
  const own = new Set<string>([...domains.map(({ domain }) => domain), ...hosts]);
  return (domain) => own.has(domain);
}
