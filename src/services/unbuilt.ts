/**
 * Floor 3. What the config understands and this release cannot do yet. `validate` passes; a domain that needs it is `failed` with a plain
 * sentence, and nothing of it is touched.
 */
import type { Config, DomainConfig, PublisherConfig } from '../core/config/model.ts';
import type { Unreadable } from '../core/plan/observation.ts';
import { allProviders } from '../core/plan/record-names.ts';
import type { ProviderDescriptor } from '../provider.ts';

const ACME = 'certificates by ACME for a publisher of type server';
const ACME_HINT = 'give the publisher `certificates: { directory: DIR }` with your own, or `tls: behind-proxy`';

/** The first thing that is missing for this domain, or null. */
export function unbuilt(
  wanted: DomainConfig,
  config: Config,
  descriptors: readonly ProviderDescriptor[],
): Unreadable | null {
  const [missing] = [
    ...allProviders(wanted).flatMap((name) => {
      const type = config.providers.get(name)?.type;
      const descriptor = descriptors.find((one) => one.type === type);
      return descriptor?.isBuilt === true ? [] : [`provider type ${type ?? name}`];
    }),
    ...(needsAcme(wanted.publisher) ? [ACME] : []),
    ...(config.state.kind === 'file' ? [] : ['a database URL as `state`: name a file']),
  ];
  if (missing === undefined) return null;
  const message = `this release of stsync cannot do this yet: ${missing}`;
  const hint = missing === ACME ? ACME_HINT : 'see CHANGELOG.md for what is there';
  return { kind: 'unreadable', code: 'NOT_BUILT_YET', message, hint };
}

/** Our own host ends TLS, and nothing says with what. */
function needsAcme(publisher: PublisherConfig): boolean {
  return publisher.type === 'server' && !publisher.isBehindProxy && publisher.certificates === null;
}
