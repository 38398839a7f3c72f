/**
 * Floor 3. What the config understands and this release cannot do yet. `validate` passes; a domain that needs it is `failed` with a plain
 * sentence, and nothing of it is touched.
 */
import type { Config, DomainConfig } from '../core/config/model.ts';
import type { Unreadable } from '../core/plan/observation.ts';
import { allProviders } from '../core/plan/record-names.ts';
import type { ProviderDescriptor } from '../provider.ts';

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
    ...(config.state.kind === 'file' ? [] : ['a database URL as `state`: name a file']),
  ];
  if (missing === undefined) return null;
  const message = `this release of stsync cannot do this yet: ${missing}`;
  return { kind: 'unreadable', code: 'NOT_BUILT_YET', message, hint: 'see CHANGELOG.md for what is there' };
}
