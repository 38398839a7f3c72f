/** A config with `source:`: the local file and the files of the clone are one folder. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { descriptors } from '../../providers/registry.ts';
import { formatFault } from '../../src/core/config/fault.ts';
import type { Config, SourceConfig } from '../../src/core/config/model.ts';
import { pollSource } from '../../src/effects/git-source.ts';
import { type LoadedConfig, loadConfig, loadSource, type LoadOptions } from '../../src/effects/load-config.ts';
import { describeWith } from '../servers/programs.ts';
import { type TestRepository, testRepository, type Tree } from './git-repository.ts';
import { tempDirectory } from './temp-directory.ts';

const LOCAL = `version: 1
providers: { main: { type: zonefile, directory: ./zones } }
publisher: { type: directory, directory: ./www, hostname: policies.example.net }
`;
const DOMAIN = 'domains: { example.com: { mx: [mx1.example.com] } }\n';

interface Place {
  readonly folder: string;
  readonly repository: TestRepository;
  readonly options: LoadOptions;
}

/** A folder with stsync.yaml, and a repository that its `source:` names. Nothing has been fetched. */
function place(local: string, keys = 'path: domains'): Place {
  const folder = tempDirectory();
  const repository = testRepository();
  writeFileSync(join(folder, 'stsync.yaml'), `${local}source: { git: ${repository.path}, ${keys} }\n`);
  const options = { path: 'stsync.yaml', descriptors, environment: {}, workingDirectory: folder };
  return { folder, repository, options };
}

async function push({ repository, options }: Place, files: Tree): Promise<string> {
  const commit = repository.commit(files);
  await pollSource(sourceOf(options), { now: new Date(), signal: new AbortController().signal });
  return commit;
}

function sourceOf(options: LoadOptions): SourceConfig {
  const result = loadSource(options);
  if (!result.ok || result.source === null) throw new Error('there is no source');
  return result.source;
}

function configOf(options: LoadOptions): Config {
  const result = loadConfig(options);
  if (!result.ok) throw new Error(result.faults.map(formatFault).join('\n'));
  return result.config;
}

function faultsOf(result: LoadedConfig): readonly string[] {
  return result.ok ? [] : result.faults.map((fault) => formatFault(fault).split('\n')[0] ?? '');
}

describeWith(['git'], 'a config with a source', () => {
  test('has domains of the repository and of the local file, each with its place', async () => {
    const here = place(`${LOCAL}domains: { local.example: { mx: live } }\n`);
    const commit = await push(here, {
      'domains/a.yaml': 'domains: { a.example: { mx: live } }',
      'domains/b.yml': '\ndomains: { b.example: { mx: live } }',
      'elsewhere.yaml': 'nonsense',
    });
    const config = configOf(here.options);
    expect(config.sourceCommit).toBe(commit);
    expect(loadConfig(here.options).commit).toBe(commit);
    expect(config.domains.map(({ domain, place: { file, line } }) => `${domain} ${file}:${line}`)).toEqual([
      'a.example source:domains/a.yaml:1',
      'b.example source:domains/b.yml:2',
      'local.example stsync.yaml:4',
    ]);
  });

  test('may have all but the source in the repository, whose paths are then those of the commit', async () => {
    const here = place('', 'branch: main');
    await push(here, {
      'all.yaml': LOCAL.replace('./zones', '/srv/zones') + DOMAIN + 'world: { caFile: ./certificates/ca.pem }\n',
    });
    const config = configOf(here.options);
    expect(config.state).toEqual({ kind: 'file', path: join(here.folder, 'stsync.db') });
    expect(config.world.caFile).toMatch(
      /stsync\.db\.source\/[0-9a-f]{12}\/trees\/[0-9a-f]{40}\.1\/certificates\/ca\.pem$/,
    );
    expect(config.providers.get('main')?.place.file).toBe('source:all.yaml');
  });

  test('may be a folder of local files', async () => {
    const here = place(LOCAL);
    mkdirSync(join(here.folder, 'conf'));
    writeFileSync(join(here.folder, 'conf/a.yaml'), LOCAL);
    writeFileSync(join(here.folder, 'conf/b.yaml'), `source: { git: ${here.repository.path} }\nstate: ../x.db\n`);
    const options = { ...here.options, path: 'conf' };
    await push({ ...here, options }, { 'c.yaml': DOMAIN });
    expect(sourceOf(options).directory).toBe(join(here.folder, 'x.db.source'));
    expect(configOf(options).domains.map(({ domain }) => domain)).toEqual(['example.com']);
  });

  test('reports the faults of all files, by the path in the repository, and names the commit', async () => {
    const here = place(LOCAL);
    const commit = await push(here, {
      'domains/a.yaml': 'domains:\n  example.com:\n    mx: live\n    max_age: 1d\n',
      'domains/b.yaml': 'domains: { example.com: { mx: live } }\nversion: 1\nstate: ./x\nsource: { git: ./x }\n',
    });
    const result = loadConfig(here.options);
    expect(result.commit).toBe(commit);
    expect(faultsOf(result)).toEqual([
      'source:domains/a.yaml:4:5: UNKNOWN_KEY `max_age` is not a key of a domain',
      'source:domains/b.yaml:1:12: DUPLICATE_DOMAIN the domain example.com stands here a second time; first at source:domains/a.yaml:2:3',
      'source:domains/b.yaml:3:1: KEY_NOT_HERE `state` does not stand in a file of the repository',
      'source:domains/b.yaml:4:1: KEY_NOT_HERE `source` does not stand in a file of the repository',
      'stsync.yaml:1:10: KEY_IN_TWO_FILES `version` stands in two files; the other is source:domains/b.yaml:2:10',
    ]);
  });

  test('refuses a file that is a link out of the repository, without a word of what it leads to', async () => {
    // What seems to be missing may stand in the file that was not read.
    const here = place(`${LOCAL}domains: { local.example: { mx: live, profile: elsewhere } }\n`);
    writeFileSync(join(here.folder, 'secret'), 'hunter2: [\n');
    await push(here, { 'domains/a.yaml': `->${join(here.folder, 'secret')}`, 'domains/b.yaml': DOMAIN });
    const faults = faultsOf(loadConfig(here.options));
    expect(faults).toEqual(['source:domains/a.yaml:1:1: BAD_VALUE the link leads to nothing in the repository']);
  });

  test('says so where the repository has no YAML', async () => {
    const here = place(LOCAL);
    await push(here, { 'domains/README.md': 'none' });
    expect(faultsOf(loadConfig(here.options))).toEqual([
      'source:domains:1:1: NO_YAML_FILES the folder of the repository holds no YAML file',
    ]);
  });

  test('is not there before the repository was fetched; what is wrong here is said all the same', () => {
    const good = place(LOCAL);
    expect(() => loadConfig(good.options)).toThrow(expect.objectContaining({ code: 'SOURCE_NOT_FETCHED' }));
    const bad = place(`${LOCAL}schedul: x\n`);
    expect(faultsOf(loadConfig(bad.options))).toEqual([
      'stsync.yaml:4:1: UNKNOWN_KEY `schedul` is not a key of the config',
    ]);
    expect(loadSource(bad.options)).toMatchObject({ ok: false, faults: [{ code: 'UNKNOWN_KEY' }] });
  });

  test('is read as ever without a source', () => {
    const folder = tempDirectory();
    writeFileSync(join(folder, 'domains.yaml'), LOCAL + DOMAIN);
    const options = { descriptors, environment: {}, workingDirectory: folder };
    const state = { kind: 'file', path: join(folder, 'stsync.db') };
    expect(loadSource(options)).toEqual({ ok: true, source: null, state });
    expect(loadConfig(options)).toMatchObject({ ok: true, commit: null, config: { source: null, sourceCommit: null } });
  });
});
