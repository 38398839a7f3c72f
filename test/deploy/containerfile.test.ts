/**
 * docs/deploy/Containerfile: read, and carried out as far as can be without an engine. So the image is known to hold all that the command
 * needs: it runs here from the same files, without node_modules.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { readDocument } from '../docs/markdown.ts';
import { listing, tempDirectory } from '../effects/temp-directory.ts';
import { withFreshPorts } from '../servers/run.ts';
import { root } from '../support/built-cli.ts';
import { carryOut, execForm, parseContainerfile } from './containerfile.ts';

const instructions = parseContainerfile(readDocument('docs/deploy/Containerfile'));

function only(name: string): string {
  const found = instructions.filter((one) => one.name === name);
  expect(found).toHaveLength(1);
  return found[0]?.rest ?? '';
}

/** A copy of the example. */
function example(): string {
  const directory = tempDirectory();
  cpSync(join(root, 'domains.example.yaml'), join(directory, 'domains.yaml'));
  cpSync(join(root, 'examples', 'zones'), join(directory, 'examples', 'zones'), { recursive: true });
  mkdirSync(join(directory, 'examples', 'www'));
  return directory;
}

describe('docs/deploy/Containerfile', () => {
  it('has known instructions, a build stage and one that holds nothing else of it', () => {
    const known = 'FROM WORKDIR COPY RUN USER VOLUME EXPOSE HEALTHCHECK ENTRYPOINT CMD'.split(' ');
    expect(instructions.filter(({ name }) => !known.includes(name))).toEqual([]);
    expect(instructions.filter(({ name }) => name === 'FROM').map(({ rest }) => rest)).toEqual([
      'docker.io/library/node:24-slim AS build',
      'docker.io/library/node:24-slim',
    ]);
  });

  it('has git and ssh for `source:`, and a state directory that belongs to the user', () => {
    const script = instructions.filter(({ name }) => name === 'RUN').at(-1)?.rest ?? '';
    expect(script).toMatch(/apt-get install -y --no-install-recommends ca-certificates git openssh-client /);
    expect(script).toContain(`install -d -o node -g node -m 0700 ${execForm(only('VOLUME'))[0]}`);
  });

  it('runs as a number that is not root, and starts without a shell', () => {
    expect(only('USER')).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(execForm(only('ENTRYPOINT'))).toEqual(['node', '/app/dist/bin/main.js']);
    expect(execForm(only('CMD'))).toEqual(['daemon', '--config', '/etc/stsync']);
  });
});

describe('the files of the image', () => {
  let folder = '';
  let image = '';
  let main = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'stsync-image-'));
    image = carryOut(instructions, folder);
    main = join(image, execForm(only('ENTRYPOINT'))[1] ?? '');
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function run(cwd: string, ...args: readonly string[]): { readonly status: number | null; readonly said: string } {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
      cwd,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] },
    });
    return { status, said: `${stdout}${stderr}` };
  }

  it('are the bundle and package.json, no packages', () => {
    expect(
      listing(image).filter((line) => !/^app(?:\/(?:dist|package\.json|dist\/bin(?:\/[\w-]+\.js)?))? /.test(line)),
    ).toEqual([]);
    expect(existsSync(main)).toBe(true);
  });

  it('import nothing but each other and what Node brings', () => {
    const imports = globSync('app/dist/bin/*.js', { cwd: image }).flatMap((file) => {
      const text = readFileSync(join(image, file), 'utf8');
      const matches = text.matchAll(/^(?:import|export)\b.*?"([^"]+)";$|\b(?:import|require)\("([^"]+)"\)/gm);
      return [...matches].map(([, one, other]) => one ?? other ?? '');
    });
    expect(imports.length).toBeGreaterThan(100);
    // `debug` takes colours from it where it is there.
    const optional = ['supports-color'];
    const outside = imports.filter((one) => !one.startsWith('./') && !isBuiltin(one) && !optional.includes(one));
    expect([...new Set(outside)]).toEqual([]);
  });

  it('print the version, validate and sync the example, and write nothing beside themselves', () => {
    const pack: { readonly version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const before = listing(image);
    const directory = example();
    expect(run(directory, '--version')).toEqual({ status: 0, said: `${pack.version}\n` });
    expect(run(directory, 'validate')).toEqual({ status: 0, said: 'ok: 6 domains\n' });
    expect(run(directory, 'sync')).toMatchObject({ status: 0, said: expect.stringContaining('1 waiting, 5 changed') });
    expect(listing(image)).toEqual(before);
  });

  it('run the daemon: the health check passes while it lives, and SIGTERM ends it with 0', async () => {
    await withFreshPorts(1, async ([port]) => {
      const directory = example();
      const yaml = readFileSync(join(directory, 'domains.yaml'), 'utf8');
      writeFileSync(join(directory, 'domains.yaml'), `${yaml}daemon: { listen: "127.0.0.1:${port}" }\n`);
      const args = execForm(only('CMD')).map((word) => (word === '/etc/stsync' ? directory : word));
      const daemon = spawn(process.execPath, [main, ...args], { cwd: '/', env: {}, stdio: ['ignore', 'pipe', 'pipe'] });
      onTestFinished(() => void daemon.kill('SIGKILL'));
      const ended = endOf(daemon);
      const [, command = ''] = /^.* CMD (\[.*\])$/.exec(only('HEALTHCHECK')) ?? [];
      const isHealthy = (): boolean => {
        const [node, ...rest] = execForm(command.replace(':9780', `:${port}`));
        expect(node).toBe('node');
        return spawnSync(process.execPath, rest, { stdio: 'ignore' }).status === 0;
      };
      await vi.waitFor(() => expect(isHealthy()).toBe(true), { timeout: 20_000, interval: 100 });
      daemon.kill('SIGTERM');
      expect(await ended).toMatchObject({ code: 0, log: expect.stringContaining('stsync daemon stopped') });
      expect(isHealthy()).toBe(false);
    });
  });
});

async function endOf(child: ChildProcess): Promise<{ readonly code: number | null; readonly log: string }> {
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (log += text));
  return new Promise((done) => child.once('close', (code) => done({ code, log })));
}
