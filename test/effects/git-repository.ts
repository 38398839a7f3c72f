/** A bare repository for one test, and the ways to it: a path, git's own HTTP back end with a login, and a stand-in for ssh. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, dirname, join } from 'node:path';

import { onTestFinished } from 'vitest';

import { findProgram } from '../servers/programs.ts';
import { tempDirectory } from './temp-directory.ts';

/** Files by path; null: a folder of another repository (a submodule); `->`: a symbolic link to what follows. */
export type Tree = Readonly<Record<string, string | null>>;

export interface TestRepository {
  /** Of the bare repository. */
  readonly path: string;
  /** Puts exactly these files on the branch as a commit with `parent` (default the newest there; null: a history of its own). */
  commit(files: Tree, options?: { readonly branch?: string; readonly isForced?: boolean }): string;
}

/** Git as nobody's: no config of the user, a name for the commits. */
function run(...args: readonly string[]): string {
  const own = ['-c', 'user.name=x', '-c', 'user.email=x@example.com'];
  return execFileSync('git', [...own, ...args], {
    encoding: 'utf8',
    env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' },
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}

/** In a folder of this test unless said. */
export function testRepository(folder = tempDirectory()): TestRepository {
  const path = join(folder, 'dns.git');
  const work = join(folder, 'work');
  run('init', '-q', '--bare', '-b', 'main', path);
  run('init', '-q', '-b', 'main', work);
  return {
    path,
    commit(files, { branch = 'main', isForced = false } = {}) {
      run('-C', work, 'symbolic-ref', 'HEAD', `refs/heads/${branch}`);
      if (isForced) run('-C', work, 'update-ref', '-d', `refs/heads/${branch}`);
      run('-C', work, 'read-tree', '--empty');
      rmSync(join(work, 'files'), { recursive: true, force: true });
      for (const [name, text] of Object.entries(files)) addFile(work, name, text);
      run('-C', work, 'commit', '-q', '--allow-empty', '-m', 'a commit');
      run('-C', work, 'push', '-q', ...(isForced ? ['--force'] : []), path, `HEAD:refs/heads/${branch}`);
      return run('-C', work, 'rev-parse', 'HEAD');
    },
  };
}

function addFile(work: string, name: string, text: string | null): void {
  const file = join(work, 'files', name);
  mkdirSync(dirname(file), { recursive: true });
  const target = text?.startsWith('->') === true ? text.slice(2) : null;
  if (target !== null) symlinkSync(target, file);
  else writeFileSync(file, text ?? '');
  const mode = text === null ? '160000' : target === null ? '100644' : '120000';
  const blob = join(work, 'blob');
  writeFileSync(blob, target ?? text ?? '');
  // A commit that is nowhere: who follows the submodule fails.
  const hash = text === null ? '1'.repeat(40) : run('-C', work, 'hash-object', '-w', '--no-filters', blob);
  run('-C', work, 'update-index', '--add', '--cacheinfo', `${mode},${hash},${name}`);
}

export interface GitServer {
  readonly url: string;
  /** The `Authorization` header of each request; undefined where it had none. */
  readonly seen: readonly (string | undefined)[];
}

/** Serves the folder of the repository by `git http-backend`. `login`: USER:PASSWORD that it asks for. `redirectTo`: sends all there. */
export async function serveGit(
  repository: TestRepository,
  { login, redirectTo }: { readonly login?: string; readonly redirectTo?: string } = {},
): Promise<GitServer> {
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    if (redirectTo !== undefined) {
      response.writeHead(302, { location: `${redirectTo}${request.url?.replace('/dns.git', '') ?? ''}` }).end();
    } else if (
      login !== undefined &&
      request.headers.authorization !== `Basic ${Buffer.from(login).toString('base64')}`
    ) {
      // A server may well say back what it was sent.
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"', 'content-type': 'text/plain' });
      response.end(`not with ${request.headers.authorization ?? 'nothing'}`);
    } else backEnd(dirname(repository.path), request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  // A TCP server has no other kind of address.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/dns.git`, seen };
}

/** CGI (RFC 3875), as far as git needs it. */
function backEnd(root: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const child = spawn('git', ['http-backend'], {
    env: {
      ...process.env,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    },
  });
  request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.once('close', () => {
    const all = Buffer.concat(chunks);
    const end = all.indexOf('\r\n\r\n');
    const headers = all.subarray(0, end).toString('latin1').split('\r\n');
    const pairs = headers.map(
      (line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const,
    );
    const status = Number(pairs.find(([name]) => name === 'Status')?.[1].slice(0, 3) ?? 200);
    response.writeHead(status, Object.fromEntries(pairs.filter(([name]) => name !== 'Status')));
    response.end(all.subarray(end + 4));
  });
}

/** Puts a program into PATH before all others for this test. `$real` in the script is the real one. Gives its folder. */
export function standIn(name: string, script: string): string {
  const folder = tempDirectory();
  writeFileSync(join(folder, name), `#!/bin/sh\nreal='${findProgram(name) ?? 'none'}'\n${script}\n`, { mode: 0o755 });
  setEnvironment({ PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}` });
  return folder;
}

/** Sets variables of the environment for this test. */
export function setEnvironment(variables: Readonly<Record<string, string>>): void {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  onTestFinished(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  Object.assign(process.env, variables);
}

/** The lines of a file that a stand-in wrote; none where it wrote nothing. */
export function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}
