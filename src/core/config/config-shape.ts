/**
 * Floor 0. The config, defined once: this is what `parseConfig` reads and what `stsync schema` prints.
 *
 * No schema library: `zod` and `yaml` together take four times as long to load as Node itself, and `validate` has three (issue 3); readers
 * on YAML nodes also know where everything stands.
 */
import { parsed } from '../result.ts';
import { parsePolicyDomain } from './config-names.ts';
import type { ProviderDescriptor } from './descriptor.ts';
import type { Definitions, JsonSchema } from './json-schema.ts';
import type { Reader } from './readers.ts';
import { exactNumber } from './readers.ts';
import { type Field, type MapReader, mapOf, object, type Values } from './readers-composed.ts';
import { stateText } from './secret-text.ts';
import { daemonReader } from './shape-daemon.ts';
import { defaultsReader, domainReader, type DomainValues, profilesReader } from './shape-domain.ts';
import { notificationsReader } from './shape-notifications.ts';
import { providerReader } from './shape-provider.ts';
import { publisherReader } from './shape-publisher.ts';
import { reportsReader } from './shape-reports.ts';
import { sourceReader } from './shape-source.ts';
import { limitsReader, scheduleReader, worldReader } from './shape-world.ts';
import type { HostName } from '../names.ts';

/** `domains:`. Doubles are kept: they are looked for across blocks and files, in canonical form. */
export const domainsReader: MapReader<HostName, DomainValues> = mapOf(parsePolicyDomain, domainReader, {
  what: 'a map of domains',
  duplicates: 'kept',
});

function configFields(descriptors: readonly ProviderDescriptor[]) {
  return {
    version: { reader: exactNumber(1), about: 'Version of this grammar.' },
    providers: {
      reader: mapOf((name) => parsed(name), providerReader(descriptors), {
        what: 'a map of providers by name',
        duplicates: 'refused',
      }),
      about: 'Where DNS records are written, by a name of your choice.',
    },
    publisher: { reader: publisherReader, about: 'Where the policies are served from.' },
    state: { reader: stateText(), about: 'Path of the state file (default ./stsync.db), or a database URL.' },
    world: { reader: worldReader, about: 'How stsync looks at the world.' },
    schedule: { reader: scheduleReader, about: 'When the daemon runs, as a cron line (default every 15 minutes).' },
    source: { reader: sourceReader, about: 'Git repository that holds the YAML; the daemon follows it.' },
    daemon: { reader: daemonReader, about: 'Listener, time zone and web hooks of the daemon.' },
    notifications: { reader: notificationsReader, about: 'Who is told when the status of a domain changes.' },
    reports: { reader: reportsReader, about: 'Which TLS reports are counted.' },
    limits: { reader: limitsReader, about: 'How much may change in one run.' },
    defaults: { reader: defaultsReader, about: 'What holds for every domain that does not say otherwise.' },
    profiles: { reader: profilesReader, about: 'Named sets of defaults.' },
    domains: { reader: domainsReader, about: 'The policy domains, by name.' },
  } as const satisfies Record<string, Field<unknown>>;
}

/** What one file says. */
export type ConfigValues = Values<ReturnType<typeof configFields>>;
/** A key that stands in exactly one file. */
export type SingleKey = Exclude<keyof ConfigValues, 'domains'>;

/** Reads the top level of one file. */
export function configReader(descriptors: readonly ProviderDescriptor[]): Reader<ConfigValues> {
  return object(configFields(descriptors), { what: 'the config' });
}

/**
 * Reads the top level of one file of the repository that `source:` names. What says where the repository and its clone are stands outside of
 * it.
 */
export function repositoryReader(descriptors: readonly ProviderDescriptor[]): Reader<ConfigValues> {
  const { source: _source, state: _state, ...fields } = configFields(descriptors);
  const elsewhere = {
    source: 'it stands in the local file, which says where the repository is',
    state: 'it stands in the local file: the clone of the repository lives beside the state',
  };
  return object(fields, { what: 'a file of the repository', elsewhere });
}

/** The JSON Schema (draft 7) of one file, for editors and other checkers. It is a little wider than `parseConfig`, never narrower. */
export function configJsonSchema(descriptors: readonly ProviderDescriptor[]): JsonSchema {
  const definitions: Definitions = {};
  const schema = configReader(descriptors).schema(definitions);
  return { $schema: 'http://json-schema.org/draft-07/schema#', title: 'stsync config', ...schema, definitions };
}
