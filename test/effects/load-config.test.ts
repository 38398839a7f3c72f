/** The config from the disk. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { descriptors } from '../../providers/registry.ts';
import type { ParsedConfig } from '../../src/core/config/parse-config.ts';
import { Secret } from '../../src/core/secret.ts';
import { loadConfig } from '../../src/effects/load-config.ts';

const YAML = `version: 1
providers: { main: { type: cloudflare, apiToken: "\${file:token}" } }
publisher: { type: directory, directory: ./policies, hostname: policies.example.net }
domains: { example.com: { mx: live } }
`;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'stsync-config-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function load(named?: string): ParsedConfig {
  return loadConfig({ path: named, descriptors, environment: {}, workingDirectory: folder });
}

function write(file: string, text: string): void {
  mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
  writeFileSync(path.join(folder, file), text);
}

function domainsOf(result: ParsedConfig): readonly string[] {
  return result.ok ? result.config.domains.map(({ domain, place }) => `${domain} ${place.file}`) : [];
}

describe('loading a config', () => {
  it('takes domains.yaml, then the folder domains/', () => {
    write('domains/a.yaml', YAML.replace('example.com', 'a.example'));
    write('domains/token', 'x');
    expect(domainsOf(load())).toEqual(['a.example domains/a.yaml']);
    write('domains.yaml', YAML);
    write('token', 'x');
    expect(domainsOf(load())).toEqual(['example.com domains.yaml']);
  });

  it('reads *.yaml and *.yml of a folder and nothing else in it', () => {
    write('conf/a.yaml', YAML);
    write('conf/token', 'x');
    write('conf/b.yml', 'domains: { b.example: { mx: live } }');
    write('conf/.hidden.yaml', 'nonsense');
    write('conf/notes.txt', 'nonsense');
    write('conf/folder.yaml/c.yaml', 'nonsense');
    expect(domainsOf(load('conf'))).toEqual(['b.example conf/b.yml', 'example.com conf/a.yaml']);
  });

  it.each([
    ['a secret\n', 'a secret'],
    ['a secret\r\n', 'a secret'],
    ['a secret\n\n', 'a secret\n'],
    [' a secret', ' a secret'],
  ])('cuts one final newline from the secret file %j', (text, secret) => {
    write('domains.yaml', YAML);
    write('token', text);
    const result = load();
    const token = result.ok ? result.config.providers.get('main')?.options['apiToken'] : null;
    expect(token instanceof Secret && token.reveal()).toBe(secret);
  });

  it('throws BAD_CONFIG with a cure where there is no config', () => {
    expect(() => load()).toThrow(
      expect.objectContaining({ code: 'BAD_CONFIG', message: 'there is neither domains.yaml nor domains/ here' }),
    );
    expect(() => load('nowhere.yaml')).toThrow(
      expect.objectContaining({
        code: 'BAD_CONFIG',
        message: 'there is no nowhere.yaml',
        hint: expect.stringContaining('--config'),
      }),
    );
  });
});
