/** Floor 0. The whole YAML that `init` writes. What nobody outside can know is `FILL_IN`, which `validate` refuses until it is done. */
import type { CheckFacts } from '../check/facts.ts';
import { parseHostName } from '../names.ts';
import { providerExamples, suggestProvider } from './dns-host.ts';
import { domainYaml } from './domain-yaml.ts';

export interface InitDomain {
  readonly facts: CheckFacts;
  /** Of the zone; empty: not known. */
  readonly nameServers: readonly string[];
}

export interface InitChoices {
  /** The zone files; null: the provider is to be filled in. */
  readonly zoneDirectory: string | null;
  /** The policy files; null: somebody else serves the policies (publisher type external). */
  readonly publisherDirectory: string | null;
  /** Lines of a `world:` block, as the flags had it; empty: none. */
  readonly world: readonly string[];
}

export function initYaml(domains: readonly InitDomain[], choices: InitChoices): string {
  const publishers = domains.map(({ facts }) => publisherYaml(facts, choices));
  const common = mostCommon(publishers.filter((one) => one !== null));
  const lines = [
    '# Written by `stsync init` from what is live. Look it over, then: stsync validate; stsync sync --dry-run',
    'version: 1',
    ...providerLines(domains, choices),
    ...publisherLines(common, choices),
    'state: ./stsync.db',
    ...(choices.world.length === 0 ? [] : ['world:', ...choices.world.map((line) => `  ${line}`)]),
    'domains:',
    ...domains.flatMap(({ facts }, index) => {
      const own = publishers[index] ?? null;
      return domainYaml(facts, own === common ? null : own).map((line) => `  ${line}`);
    }),
  ];
  return `${lines.join('\n')}\n`;
}

function providerLines(domains: readonly InitDomain[], { zoneDirectory }: InitChoices): readonly string[] {
  if (zoneDirectory !== null)
    return ['providers:', `  main: { type: zonefile, directory: ${JSON.stringify(zoneDirectory)} }`];
  const guesses = new Set(domains.flatMap(({ nameServers }) => suggestProvider(nameServers) ?? []));
  const examples = guesses.size > 0 ? [...guesses] : providerExamples;
  const why = guesses.size > 0 ? 'by the name servers of the zones' : 'one of these';
  return [
    'providers:',
    `  # Where the DNS records are written (${why}):`,
    ...examples.map((example) => `  # main: ${example}`),
    '  main: { type: FILL_IN }',
  ];
}

function publisherLines(common: string | null, { publisherDirectory }: InitChoices): readonly string[] {
  const directory =
    publisherDirectory === null
      ? '{ type: directory, directory: ./www'
      : `{ type: directory, directory: ${JSON.stringify(publisherDirectory)}`;
  if (common === null) {
    return [
      '# Where policies are served from: a host with a certificate for each mta-sts.DOMAIN',
      `publisher: ${directory}, hostname: FILL_IN }`,
    ];
  }
  return [
    ...(publisherDirectory === null
      ? ['# Somebody else serves the policies now, and stsync looks. To serve them: type directory, or server.']
      : []),
    `publisher: ${common}`,
  ];
}

/** The publisher that the live host record stands for; null: there is no such record. */
function publisherYaml({ policyHost }: CheckFacts, { publisherDirectory }: InitChoices): string | null {
  const [target] = policyHost.chain;
  const isName = target !== undefined && parseHostName(target).ok;
  if (!isName && policyHost.addresses.length === 0) return null;
  const where = isName
    ? `hostname: ${target}`
    : `addresses: [${policyHost.addresses.map((one) => JSON.stringify(one)).join(', ')}]`;
  return publisherDirectory === null
    ? `{ type: external, ${where} }`
    : `{ type: directory, directory: ${JSON.stringify(publisherDirectory)}, ${where} }`;
}

function mostCommon(texts: readonly string[]): string | null {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].toSorted(([, a], [, b]) => b - a)[0]?.[0] ?? null;
}
