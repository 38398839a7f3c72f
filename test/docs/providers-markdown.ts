/** docs/providers.md as the descriptors have it: options, rights, limits and calls of each provider. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type { OptionSpec, ProviderDescriptor } from '../../src/provider.ts';
import { root } from './markdown.ts';

const HEAD = `# Providers

Where DNS records are written: \`providers:\` in the config ([config.md](config.md)), one of these types each.

<!-- Made from providers/*/descriptor.ts by \`npm run docs:providers\`; a test fails when it is stale. -->
`;

export function providersMarkdown(descriptors: readonly ProviderDescriptor[]): string {
  const built = descriptors.filter(({ isBuilt }) => isBuilt);
  const later = descriptors.filter(({ isBuilt }) => !isBuilt);
  return `${HEAD}
${callsTable(built)}
${built.map(section).join('\n')}
# Not built yet

Their config is validated already. A domain that needs one of them fails with \`NOT_BUILT_YET\` and is not touched.

${later.map(section).join('\n').trimEnd()}
`;
}

/** What each costs of its service's rate limit. */
function callsTable(descriptors: readonly ProviderDescriptor[]): string {
  const rows = descriptors.flatMap(({ type, calls }) =>
    calls === undefined
      ? []
      : [
          `| [\`${type}\`](#${type}) | ${calls.steadyState} | ${calls.firstPublication} | ${calls.rotation} | ${calls.perRun} |`,
        ],
  );
  return `Requests to the API for each domain with a zone of its own and three records, counted on a fake with 200 of them:

| Type | nothing to change | first publication | one rotation | on top, in a run that asks anything |
|---|---|---|---|---|
${rows.join('\n')}

The other types ask no API that counts.
`;
}

function section(descriptor: ProviderDescriptor): string {
  const { type, title, options, exactlyOneOf, leastPrivilege, role, limits, documentation } = descriptor;
  const choices = exactlyOneOf.map(
    (names) => `Exactly one of ${names.map((name) => `\`${name}\``).join(' and ')}.\n\n`,
  );
  const guide = `providers/${type}.md`;
  const more = existsSync(join(root, 'docs', guide)) ? `\nServers set up step by step: [${guide}](${guide}).\n` : '';
  return `## ${type}

${title}. Described at <${documentation}>.

\`\`\`yaml
providers:
  main: ${exampleOf(descriptor)}
\`\`\`

${optionTable(options)}${choices.join('')}**Rights**: ${rightsOf(leastPrivilege)}
${role === undefined ? '' : `\n\`\`\`${role.language}\n${role.text}\n\`\`\`\n`}${more}
**Limits**:

${limits.map((limit) => `- ${limit}`).join('\n')}
`;
}

/** A sentence; or lines of configuration, which keep their form. */
function rightsOf(text: string): string {
  return text.includes('\n') ? `\n\n\`\`\`text\n${text}\n\`\`\`` : text;
}

function optionTable(options: readonly OptionSpec[]): string {
  const rows = options.flatMap((option) => optionRows(option, ''));
  if (rows.length === 0) return '';
  return `| Option | Value | | As other tools name it |\n|---|---|---|---|\n${rows.join('\n')}\n\n`;
}

function optionRows(option: OptionSpec, above: string): readonly string[] {
  const { kind, name, isRequired, description, environment } = option;
  const needed = isRequired ? '' : ', optional';
  const value = typeof kind === 'string' ? kind : 'map';
  const cells = [
    `\`${above}${name}\``,
    `${value}${needed}`,
    description,
    environment === undefined ? '' : `\`${environment}\``,
  ];
  const row = `| ${cells.join(' | ')} |`.replaceAll(/ {2,}/g, ' ');
  return typeof kind === 'string' ? [row] : [row, ...kind.group.flatMap((one) => optionRows(one, `${above}${name}.`))];
}

/** With what has to be given, as a user would write it. Of options that exclude each other, the first. */
function exampleOf({ type, options, exactlyOneOf }: ProviderDescriptor): string {
  const first = new Set(exactlyOneOf.flatMap((names) => names.slice(0, 1)));
  const given = options.filter(({ name, isRequired }) => isRequired || first.has(name));
  return `{ ${[`type: ${type}`, ...given.map((option) => `${option.name}: ${valueOf(option)}`)].join(', ')} }`;
}

function valueOf({ name, kind, environment }: OptionSpec): string {
  switch (kind) {
    case 'secret':
      return `"\${env:${environment ?? name.toUpperCase()}}"`;
    case 'path':
      return `./${name === 'directory' ? 'zones' : name}`;
    case 'url':
      return '"http://127.0.0.1:8081"';
    case 'host-port':
      return '"192.0.2.53"';
    case 'flag':
      return 'true';
    case 'command':
      return './dns.sh';
    default:
      return 'my-project';
  }
}
