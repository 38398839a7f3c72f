/** Reads configs from text in tests: paths and secrets come from tables, no disk. */
import path from 'node:path';
import { descriptors } from '../../../providers/registry.ts';
import { formatFault } from '../../../src/core/config/fault.ts';
import type { Config, DomainConfig } from '../../../src/core/config/model.ts';
import { parseConfig, type ParsedConfig } from '../../../src/core/config/parse-config.ts';

export const testDescriptors = descriptors;

/** A whole config but for `domains:` and what a test is about. */
export const HEAD = `version: 1
providers: { main: { type: zonefile, directory: ./zones } }
publisher: { type: directory, directory: ./policies, hostname: policies.example.net }
`;

export interface World {
  readonly environment?: Readonly<Record<string, string>>;
  readonly secretFiles?: Readonly<Record<string, string>>;
  readonly blockSize?: number;
}

/** Files by name; each stands in /etc/stsync unless its name has a directory. */
export function parse(files: string | Readonly<Record<string, string | Uint8Array>>, world: World = {}): ParsedConfig {
  const byName = typeof files === 'string' ? { 'domains.yaml': files } : files;
  const sources = Object.entries(byName).map(([file, text]) => ({
    file,
    directory: path.posix.dirname(path.posix.resolve('/etc/stsync', file)),
    text: typeof text === 'string' ? new TextEncoder().encode(text) : text,
  }));
  return parseConfig(sources, {
    descriptors: testDescriptors,
    secrets: {
      env: (name) => world.environment?.[name],
      file: (absolutePath) => world.secretFiles?.[absolutePath] ?? null,
    },
    resolvePath: (directory, relative) => path.posix.resolve(directory, relative),
    ...(world.blockSize === undefined ? {} : { blockSize: world.blockSize }),
  });
}

/** The config, or the test fails with the faults. */
export function good(files: Parameters<typeof parse>[0], world?: World): Config {
  const result = parse(files, world);
  if (!result.ok) throw new Error(result.faults.map(formatFault).join('\n'));
  return result.config;
}

/** The only domain of a config of HEAD and this text. */
export function onlyDomain(text: string): DomainConfig {
  const [domain, ...others] = good(HEAD + text).domains;
  if (domain === undefined || others.length > 0) throw new Error('not one domain');
  return domain;
}

/** The codes of all faults, in order. */
export function codes(files: Parameters<typeof parse>[0], world?: World): readonly string[] {
  const result = parse(files, world);
  return result.ok ? [] : result.faults.map((fault) => fault.code);
}

/** All faults as they are printed. */
export function printed(files: Parameters<typeof parse>[0], world?: World): string {
  const result = parse(files, world);
  return result.ok ? '' : result.faults.map(formatFault).join('\n');
}
