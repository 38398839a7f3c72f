/** The commands on a config with `source:`: they read the clone that is there, ask no network, and the journal names its commit. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { descriptors } from '../../providers/registry.ts';
import { pollSource } from '../../src/effects/git-source.ts';
import { loadSource } from '../../src/effects/load-config.ts';
import { testRepository } from '../effects/git-repository.ts';
import { tempDirectory } from '../effects/temp-directory.ts';
import { describeWith } from '../servers/programs.ts';
import { runCli } from '../support/built-cli.ts';

const LOCAL = `version: 1
providers: { local: { type: zonefile, directory: ./zones } }
publisher: { type: directory, directory: ./www, hostname: policies.example.net, proof: file }
defaults: { observe: provider }
`;

describeWith(['git'], 'the commands on a config with a source', () => {
  test('read the clone, and say what to do where there is none or where its YAML has faults', async () => {
    const cwd = tempDirectory();
    cpSync(join(import.meta.dirname, 'folder', 'zones'), join(cwd, 'zones'), { recursive: true });
    mkdirSync(join(cwd, 'www'));
    const repository = testRepository();
    writeFileSync(join(cwd, 'domains.yaml'), `${LOCAL}source: { git: ${repository.path} }\n`);
    const fetch = async (yaml: string): Promise<string> => {
      const commit = repository.commit({ 'a.yaml': yaml });
      const local = loadSource({ descriptors, environment: {}, workingDirectory: cwd });
      if (local.ok && local.source !== null)
        await pollSource(local.source, { now: new Date(), signal: new AbortController().signal });
      return commit;
    };

    const before = await runCli(['validate'], { cwd });
    expect(before).toMatchObject({ code: 1, stdout: '' });
    expect(before.stderr).toBe(
      `stsync: SOURCE_NOT_FETCHED ${repository.path}: branch main has not been fetched yet\n  \`stsync daemon\` fetches it; without the daemon, \`git clone\` it and name the clone with --config\n`,
    );

    const commit = await fetch('domains: { one.example: { mx: [mx1.one.example] } }\n');
    // No git is needed from here on.
    const env = { PATH: tempDirectory() };
    expect(await runCli(['validate'], { cwd, env })).toMatchObject({
      code: 0,
      stdout: `ok: 1 domain (source at ${commit.slice(0, 12)})\n`,
    });
    expect(await runCli(['sync'], { cwd, env })).toMatchObject({ code: 0, stderr: '' });
    expect((await runCli(['log'], { cwd, env })).stdout).toContain(`from commit ${commit.slice(0, 12)}`);
    expect((await runCli(['show', 'one.example'], { cwd, env })).stdout).toMatch(/^one\.example {2}in sync\n/);

    await fetch('domains: { one.example: { mx: [mx1.one.example], mod: none } }\n');
    const broken = await runCli(['validate'], { cwd, env });
    expect(broken.code).toBe(1);
    expect(broken.stdout).toMatch(/^source:a\.yaml:1:\d+: UNKNOWN_KEY `mod` is not a key of a domain\n/);
  });
});
