/** Following a repository by the user's own git: real repositories by path, by git's HTTP back end, and through a stand-in for ssh. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';

import { describe, expect, test } from 'vitest';

import type { SourceConfig } from '../../src/core/config/model.ts';
import { StsyncError } from '../../src/core/error.ts';
import { cloneLayout, linkedTree } from '../../src/effects/clone-layout.ts';
import { markGood, type Polled, type PollOptions, pollSource } from '../../src/effects/git-source.ts';
import { readRepository } from '../../src/effects/read-repository.ts';
import { describeWith } from '../servers/programs.ts';
import { linesOf, serveGit, setEnvironment, standIn, testRepository } from './git-repository.ts';
import { listing, tempDirectory } from './temp-directory.ts';

const NOW = new Date('2026-05-01T12:00:00Z');
const HOUR_MS = 3_600_000;

function sourceOf(git: string, changes: Partial<SourceConfig> = {}): SourceConfig {
  const directory = join(tempDirectory(), 'stsync.db.source');
  return { git, branch: 'main', path: '.', intervalSeconds: 60, credential: null, directory, ...changes };
}

function poll(source: SourceConfig, options: Partial<PollOptions> = {}): Promise<Polled> {
  return pollSource(source, { now: new Date(), signal: new AbortController().signal, ...options });
}

/** The error, or the test fails. */
async function refusal(source: SourceConfig, options: Partial<PollOptions> = {}): Promise<StsyncError> {
  const error: unknown = await poll(source, options).then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof StsyncError) return error;
  throw error ?? new Error('it was not refused');
}

/** What a reader of the config sees: text by name. */
function seen(source: SourceConfig, link?: 'current' | 'good'): Readonly<Record<string, string>> {
  const { files } = readRepository(source, link);
  return Object.fromEntries(files.map(({ file, text }) => [file, new TextDecoder().decode(text)]));
}

function treeOf(source: SourceConfig): string {
  const tree = linkedTree(cloneLayout(source), 'current');
  if (tree === null) throw new Error('nothing was fetched');
  return tree.path;
}

function said({ message, hint }: StsyncError): string {
  return `${message} | ${hint ?? ''}`;
}

/** A token or key file of this content. */
function fileWith(text: string, name = 'token'): string {
  const file = join(tempDirectory(), name);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

describeWith(['git'], 'a repository that is followed', () => {
  test('is read as the newest commit of the branch has it', async () => {
    const repository = testRepository();
    const commit = repository.commit({ 'a.yaml': 'one', 'b.yml': 'two', 'README.md': 'no', '.hidden.yaml': 'no' });
    const source = sourceOf(repository.path);
    expect(await poll(source)).toEqual({ commit, isNew: true });
    expect(readRepository(source)).toMatchObject({ commit, faults: [] });
    expect(seen(source)).toEqual({ 'source:a.yaml': 'one', 'source:b.yml': 'two' });
  });

  test('is read below `path` alone, a folder or a file, by the name from the root', async () => {
    const repository = testRepository();
    repository.commit({ 'mail/domains/a.yaml': 'one', 'mail/domains/in/b.yaml': 'no', 'c.yaml': 'no' });
    const folder = sourceOf(repository.path, { path: 'mail/domains' });
    await poll(folder);
    expect(seen(folder)).toEqual({ 'source:mail/domains/a.yaml': 'one' });
    expect(seen({ ...folder, path: 'c.yaml' })).toEqual({ 'source:c.yaml': 'no' });
  });

  test('costs one question while nothing changes, and writes nothing', async () => {
    const repository = testRepository();
    const commit = repository.commit({ 'a.yaml': 'one' });
    const source = sourceOf(repository.path);
    await poll(source);
    const before = listing(source.directory);
    const log = join(standIn('git', 'echo "$*" >> "$0.log"; exec "$real" "$@"'), 'git.log');
    expect(await poll(source)).toEqual({ commit, isNew: false });
    expect(listing(source.directory)).toEqual(before);
    const asked = linesOf(log).filter((line) => line.includes(repository.path));
    expect(asked).toEqual([`ls-remote --exit-code -- ${repository.path} refs/heads/main`]);
  });

  test('is followed from commit to commit, and to a history that was pushed by force', async () => {
    const repository = testRepository();
    const source = sourceOf(repository.path);
    repository.commit({ 'a.yaml': 'one', 'b.yaml': 'one' });
    await poll(source);
    const second = repository.commit({ 'a.yaml': 'two' });
    expect(await poll(source)).toEqual({ commit: second, isNew: true });
    expect(seen(source)).toEqual({ 'source:a.yaml': 'two' });
    const forced = repository.commit({ 'c.yaml': 'three' }, { isForced: true });
    expect(await poll(source)).toEqual({ commit: forced, isNew: true });
    expect(seen(source)).toEqual({ 'source:c.yaml': 'three' });
  });

  const byHand: readonly [string, (tree: string) => void][] = [
    ['changed', (tree) => writeFileSync(join(tree, 'a.yaml'), 'by hand')],
    ['added', (tree) => writeFileSync(join(tree, 'b.yaml'), 'by hand')],
    ['removed', (tree) => rmSync(join(tree, 'a.yaml'))],
  ];
  test.each(byHand)('is as committed again after a file was %s by hand in the clone', async (_title, change) => {
    const repository = testRepository();
    const commit = repository.commit({ 'a.yaml': 'one' });
    const source = sourceOf(repository.path);
    await poll(source);
    change(treeOf(source));
    expect(await poll(source)).toEqual({ commit, isNew: true });
    expect(seen(source)).toEqual({ 'source:a.yaml': 'one' });
  });

  test('is seen whole by a reader at any moment of a switch', async () => {
    const repository = testRepository();
    const source = sourceOf(repository.path);
    const names = Array.from({ length: 20 }, (_, index) => `d${index}.yaml`);
    const all = (text: string): Record<string, string> => Object.fromEntries(names.map((name) => [name, text]));
    repository.commit(all('one'));
    await poll(source);
    repository.commit(all('two'), { isForced: true });
    const states: string[] = [];
    const running = { isDone: false };
    const polling = poll(source).finally(() => {
      running.isDone = true;
    });
    while (!running.isDone) {
      const texts = Object.values(seen(source));
      states.push(`${texts.length} ${[...new Set(texts)].join('+')}`);
      await turn();
    }
    await polling;
    expect(states.length).toBeGreaterThan(10);
    expect(states.filter((state) => state !== '20 one' && state !== '20 two')).toEqual([]);
    expect(new Set(Object.values(seen(source)))).toEqual(new Set(['two']));
  });

  test('is fetched anew where a crash left the clone locked, broken or half checked out', async () => {
    const repository = testRepository();
    const source = sourceOf(repository.path);
    repository.commit({ 'a.yaml': 'one' });
    await poll(source);
    const { repository: clone, trees } = cloneLayout(source);
    const next = repository.commit({ 'a.yaml': 'two' });
    writeFileSync(join(clone, 'shallow.lock'), '');
    writeFileSync(join(clone, 'HEAD'), '');
    mkdirSync(join(trees, `${next}.2`));
    writeFileSync(join(trees, `${next}.2.index.lock`), '');
    expect(await poll(source)).toEqual({ commit: next, isNew: true });
    expect(seen(source)).toEqual({ 'source:a.yaml': 'two' });
  });

  test('keeps the commit before for an hour, for a run that began with it', async () => {
    const repository = testRepository();
    const source = sourceOf(repository.path);
    const { trees } = cloneLayout(source);
    repository.commit({ 'a.yaml': 'one' });
    await poll(source, { now: NOW });
    const first = treeOf(source);
    repository.commit({ 'a.yaml': 'two' });
    await poll(source, { now: NOW });
    utimesSync(treeOf(source), NOW, NOW);
    repository.commit({ 'a.yaml': 'three' });
    await poll(source, { now: new Date(NOW.getTime() + HOUR_MS - 1) });
    expect(existsSync(first)).toBe(true);
    repository.commit({ 'a.yaml': 'four' });
    await poll(source, { now: new Date(NOW.getTime() + HOUR_MS) });
    expect(existsSync(first)).toBe(false);
    expect(readdirSync(trees)).not.toContain(`${basename(first)}.index`);
  });

  test('keeps the newest good commit apart from the newest', async () => {
    const repository = testRepository();
    const source = sourceOf(repository.path);
    const good = repository.commit({ 'a.yaml': 'good' });
    await poll(source, { now: NOW });
    expect(() => readRepository(source, 'good')).toThrow(expect.objectContaining({ code: 'SOURCE_NOT_FETCHED' }));
    markGood(source, good, NOW);
    for (const [hours, text] of [
      [2, 'bad'],
      [4, 'worse'],
      [6, 'worst'],
    ] as const) {
      repository.commit({ 'a.yaml': text });
      await poll(source, { now: new Date(NOW.getTime() + hours * HOUR_MS) });
    }
    expect(seen(source)).toEqual({ 'source:a.yaml': 'worst' });
    expect(seen(source, 'good')).toEqual({ 'source:a.yaml': 'good' });
    expect(readRepository(source, 'good').commit).toBe(good);
  });

  test('never answers for another branch or repository, whose clone it removes', async () => {
    const repository = testRepository();
    repository.commit({ 'a.yaml': 'main' });
    repository.commit({ 'a.yaml': 'staging' }, { branch: 'staging', isForced: true });
    const staging = sourceOf(repository.path, { branch: 'staging' });
    await poll(staging);
    const main = { ...staging, branch: 'main' };
    expect(() => readRepository(main)).toThrow(expect.objectContaining({ code: 'SOURCE_NOT_FETCHED' }));
    await poll(main);
    expect(seen(main)).toEqual({ 'source:a.yaml': 'main' });
    expect(readdirSync(main.directory)).toHaveLength(1);
  });

  test('is open to the user that runs stsync alone', async () => {
    const repository = testRepository();
    repository.commit({ 'a.yaml': 'one' });
    const source = sourceOf(repository.path);
    await poll(source);
    const { folder, trees } = cloneLayout(source);
    const modes = [source.directory, folder, trees, treeOf(source)].map((path) => statSync(path).mode & 0o777);
    expect(modes).toEqual([0o700, 0o700, 0o700, 0o700]);
  });
});

describeWith(['git'], 'a repository that nobody has to trust', () => {
  test('runs no hook and no filter, and brings no submodule', async () => {
    const marks = tempDirectory();
    const script = `#!/bin/sh\necho ran >> '${marks}/ran'\ncat\n`;
    mkdirSync(join(marks, 'hooks'));
    for (const name of ['post-checkout', 'reference-transaction', 'post-index-change'])
      writeFileSync(join(marks, 'hooks', name), script, { mode: 0o755 });
    const smudge = fileWith(script, 'smudge');
    const global = fileWith(
      `[core]\nhooksPath = ${marks}/hooks\n[filter "lfs"]\nsmudge = sh ${smudge}\nprocess = sh ${smudge}\nrequired = true\n`,
      'gitconfig',
    );
    setEnvironment({ GIT_CONFIG_GLOBAL: global });
    const repository = testRepository();
    repository.commit({
      '.gitattributes': '*.yaml filter=lfs\n',
      '.gitmodules': '[submodule "other"]\npath = other\nurl = ext::sh -c "touch %G"\n',
      'a.yaml': 'one',
      other: null,
    });
    const source = sourceOf(repository.path);
    await poll(source);
    expect(seen(source)).toEqual({ 'source:a.yaml': 'one' });
    expect(readdirSync(join(treeOf(source), 'other'))).toEqual([]);
    expect(linesOf(join(marks, 'ran'))).toEqual([]);
  });

  test('uses no transport that runs a command, even where the user maps the URL to one', async () => {
    const mark = join(tempDirectory(), 'ran');
    const global = fileWith(
      `[protocol]\nallow = always\n[url "ext::sh -c 'touch% ${mark}' "]\ninsteadOf = https://git.invalid/\n`,
      'gitconfig',
    );
    setEnvironment({ GIT_CONFIG_GLOBAL: global });
    const error = await refusal(sourceOf('https://git.invalid/dns.git'));
    expect(error.code).toBe('SOURCE_REFUSED');
    expect(error.message).toContain('transport');
    expect(existsSync(mark)).toBe(false);
  });

  test('cannot show a file of this machine by a link', async () => {
    const secret = fileWith('password: hunter2\n');
    writeFileSync(join(secret, '../outside.yaml'), 'password: hunter2\n');
    const repository = testRepository();
    repository.commit({
      'a.yaml': `->${secret}`,
      'b.yaml': '->../../../../../../../../etc/passwd',
      'c.yaml': '->shared/c',
      'd.yaml': '->nothing',
      'shared/c': 'one',
      out: `->${join(secret, '..')}`,
    });
    const source = sourceOf(repository.path);
    await poll(source);
    expect(seen(source)).toEqual({ 'source:c.yaml': 'one' });
    expect(readRepository(source).faults.map(({ code, place }) => `${place.file} ${code}`)).toEqual([
      'source:a.yaml BAD_VALUE',
      'source:b.yaml BAD_VALUE',
      'source:d.yaml BAD_VALUE',
    ]);
    const below = readRepository({ ...source, path: 'out' });
    expect(below.files).toEqual([]);
    expect(below.faults.map(({ place }) => place.file)).toEqual(['source:out']);
  });

  test('is read whatever repository the environment names, and with the settings of git that it has', async () => {
    const repository = testRepository();
    const commit = repository.commit({ 'a.yaml': 'one' });
    setEnvironment({
      GIT_DIR: '/nowhere',
      GIT_WORK_TREE: '/nowhere',
      GIT_INDEX_FILE: '/nowhere',
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: `url.${dirname(repository.path)}/.insteadOf`,
      GIT_CONFIG_VALUE_0: 'https://git.invalid/',
    });
    expect(await poll(sourceOf('https://git.invalid/dns.git'))).toEqual({ commit, isNew: true });
  });
});

describeWith(['git'], 'a repository that cannot be read', () => {
  test('for want of the branch: says so, with the nearest name', async () => {
    const repository = testRepository();
    repository.commit({ 'a.yaml': 'one' }, { branch: 'master' });
    const error = await refusal(sourceOf(repository.path, { branch: 'mastre' }));
    expect([error.code, error.retryable, said(error)]).toEqual([
      'SOURCE_NOT_FOUND',
      false,
      'the repository has no branch mastre | did you mean `master`?',
    ]);
    expect(said(await refusal(sourceOf(testRepository().path)))).toContain('has no commit yet');
  });

  test('for want of the path in the commit: throws when it is read', async () => {
    const repository = testRepository();
    const commit = repository.commit({ 'a.yaml': 'one' });
    const source = sourceOf(repository.path, { path: 'domains' });
    await poll(source);
    expect(() => readRepository(source)).toThrow(
      expect.objectContaining({
        code: 'SOURCE_NOT_FOUND',
        message: `the commit ${commit.slice(0, 12)} of branch main has no domains`,
      }),
    );
  });

  test('for want of a repository', async () => {
    const error = await refusal(sourceOf(join(tempDirectory(), 'none.git')));
    expect(error.code).toBe('SOURCE_NOT_FOUND');
  });

  test('keeps the commit that is there', async () => {
    const repository = testRepository();
    repository.commit({ 'a.yaml': 'one' });
    const source = sourceOf(repository.path);
    await poll(source);
    rmSync(repository.path, { recursive: true });
    await refusal(source);
    expect(seen(source)).toEqual({ 'source:a.yaml': 'one' });
  });

  test('for want of git', async () => {
    setEnvironment({ PATH: tempDirectory() });
    const error = await refusal(sourceOf('/srv/dns.git'));
    expect([error.code, error.hint]).toEqual(['SOURCE_FAILED', 'install git 2.31 or newer']);
  });

  test('since it does not answer in time, and nothing that git started stays', async () => {
    // Of a group that is ended as one, also what ran in the background says so.
    const log = join(
      standIn('git', '(trap \'echo ended >> "$0.log"; exit\' TERM; sleep 600 & wait) & wait'),
      'git.log',
    );
    const error = await refusal(sourceOf('/srv/dns.git'), { askMs: 500 });
    expect([error.code, error.retryable, error.message]).toEqual([
      'SOURCE_UNREACHABLE',
      true,
      'git had no answer within 0.5 s',
    ]);
    expect(linesOf(log)).toEqual(['ended']);
  });

  test('is not waited for by what git leaves behind, such as an ssh that shares its connection', async () => {
    const folder = standIn(
      'git',
      'setsid sleep 600 & echo $! > "$0.pid"; echo "fatal: Connection refused" >&2; exit 128',
    );
    const error = await refusal(sourceOf('/srv/dns.git'), { askMs: 60_000 });
    expect(error.code).toBe('SOURCE_UNREACHABLE');
    process.kill(Number(readFileSync(join(folder, 'git.pid'), 'utf8')), 'SIGKILL');
  });

  test('since the daemon stops', async () => {
    const controller = new AbortController();
    standIn('git', 'echo > "$0.began"; sleep 600');
    const stopped = new StsyncError('INTERRUPTED', 'interrupted');
    const polling = refusal(sourceOf('/srv/dns.git'), { signal: controller.signal });
    controller.abort(stopped);
    expect(await polling).toBe(stopped);
  });

  test('since the clone cannot be written', async () => {
    const repository = testRepository();
    repository.commit({ 'a.yaml': 'one' });
    const error = await refusal(sourceOf(repository.path, { directory: join(fileWith(''), 'below-a-file') }));
    expect([error.code, error.hint]).toEqual([
      'SOURCE_FAILED',
      'look at the rights and the space beside the state file',
    ]);
  });
});

/** One served by http that asks for a login; `tokenFile`: what the source is given. */
async function served(tokenFile: string | null, login = 'x-access-token:s3cret-t0ken') {
  const repository = testRepository();
  const commit = repository.commit({ 'a.yaml': 'one' });
  const server = await serveGit(repository, { login });
  const credential = tokenFile === null ? null : ({ kind: 'token', file: tokenFile } as const);
  return { commit, repository, server, source: sourceOf(server.url, { credential }) };
}

describeWith(['git'], 'a repository by http with a token', () => {
  test.each([
    ['TOKEN', 's3cret-t0ken\n', 'x-access-token:s3cret-t0ken'],
    ['USER:TOKEN', 'deploy:s3cret-t0ken\r\n', 'deploy:s3cret-t0ken'],
  ])('is read with %s in the file, which no argument of git holds', async (_title, text, login) => {
    const { commit, source } = await served(fileWith(text), login);
    const log = join(standIn('git', 'echo "$*" >> "$0.log"; exec "$real" "$@"'), 'git.log');
    expect(await poll(source)).toEqual({ commit, isNew: true });
    expect(linesOf(log).length).toBeGreaterThan(3);
    expect(linesOf(log).filter((line) => /t0ken|Basic/.test(line))).toEqual([]);
  });

  test('is refused with the wrong token, and nothing that is said holds it', async () => {
    const { source } = await served(fileWith('wr0ng-t0ken'));
    const error = await refusal(source);
    expect(error.code).toBe('SOURCE_REFUSED');
    expect(said(error)).toContain('the token has to be valid');
    const everything = [said(error), error.where, String(error.stack), String(error.cause)].join('\n');
    expect(everything).not.toContain('wr0ng-t0ken');
    expect(everything).not.toContain(Buffer.from('x-access-token:wr0ng-t0ken').toString('base64'));
  });

  test('has its token taken out of what git and the server say', async () => {
    const basic = Buffer.from('deploy:wr0ng-t0ken').toString('base64');
    standIn('git', `echo "fatal: Authentication failed for wr0ng-t0ken ${basic}" >&2; exit 128`);
    const error = await refusal(
      sourceOf('https://git.example/dns.git', { credential: { kind: 'token', file: fileWith('deploy:wr0ng-t0ken') } }),
    );
    expect(error.message).toContain('Authentication failed for [redacted] [redacted]');
  });

  test('is refused without a token, and nobody is asked for one', async () => {
    const { source } = await served(null);
    const error = await refusal(source);
    expect(error.code).toBe('SOURCE_REFUSED');
    expect(error.hint).toContain('`tokenFile`');
  });

  test('gives its token to no other server that it is sent to', async () => {
    const { repository, server: thief } = await served(null);
    const front = await serveGit(repository, { redirectTo: thief.url });
    const error = await refusal(sourceOf(front.url, { credential: { kind: 'token', file: fileWith('s3cret-t0ken') } }));
    expect(error.code).toBe('SOURCE_REFUSED');
    expect(front.seen.length).toBeGreaterThan(0);
    expect(thief.seen.length).toBeGreaterThan(0);
    expect(thief.seen.filter((header) => header !== undefined)).toEqual([]);
  });

  test.each([
    ['two words', 'a b'],
    ['two lines', 'a\nb'],
    ['nothing', '\n'],
  ])('is refused with %s in the token file', async (_title, text) => {
    const error = await refusal(
      sourceOf('https://git.example/dns.git', { credential: { kind: 'token', file: fileWith(text) } }),
    );
    expect(said(error)).toBe('the token file does not hold one word | write TOKEN or USER:TOKEN into it');
  });
});

describeWith(['git'], 'a repository by ssh', () => {
  /** An ssh that writes down its arguments, one a line, and runs the command here instead of there. */
  const here = 'for one in "$@"; do echo "$one" >> "$0.log"; last="$one"; done\nexec sh -c "$last"';

  test.each([
    ['the short form', (path: string) => `git@git.example:${path}`, ['git@git.example']],
    ['a URL', (path: string) => `ssh://git@git.example:2222${path}`, ['-p', '2222', 'git@git.example']],
  ])('is read by %s with the deploy key alone, however its path is spelled', async (_title, urlOf, where) => {
    const log = join(standIn('ssh', here), 'ssh.log');
    const repository = testRepository();
    const commit = repository.commit({ 'a.yaml': 'one' });
    const file = fileWith('not read by the stand-in', `deploy key's $HOME "x"`);
    const source = sourceOf(urlOf(repository.path), { credential: { kind: 'key', file } });
    expect(await poll(source)).toEqual({ commit, isNew: true });
    const lines = linesOf(log);
    const options = ['-i', file, '-o', 'IdentitiesOnly=yes', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=15'];
    expect(lines.slice(0, options.length)).toEqual(options);
    const rest = lines.slice(options.length, lines.indexOf(`git-upload-pack '${repository.path}'`));
    expect(rest.filter((line) => line !== '-o' && line !== 'SendEnv=GIT_PROTOCOL')).toEqual(where);
  });

  test('uses the own ssh of the user where no key is given', async () => {
    const log = join(standIn('my-ssh', here), 'my-ssh.log');
    setEnvironment({ GIT_SSH_COMMAND: 'my-ssh -F none' });
    const repository = testRepository();
    repository.commit({ 'a.yaml': 'one' });
    await poll(sourceOf(`git@git.example:${repository.path}`));
    expect(linesOf(log).slice(0, 2)).toEqual(['-F', 'none']);
  });

  test('is not asked for with a key that is not there', async () => {
    const log = join(standIn('ssh', here), 'ssh.log');
    const error = await refusal(
      sourceOf('git@git.example:dns.git', { credential: { kind: 'key', file: '/nowhere/key' } }),
    );
    expect(said(error)).toBe('the key file /nowhere/key cannot be read (ENOENT) | look at its path, rights and owner');
    expect(linesOf(log)).toEqual([]);
  });

  const answers: readonly [string, string, boolean, string][] = [
    ['Host key verification failed.', 'SOURCE_REFUSED', false, 'ssh-keyscan HOST'],
    [
      '@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.',
      'SOURCE_REFUSED',
      false,
      'ssh-keygen -R',
    ],
    ['git@git.example: Permission denied (publickey).', 'SOURCE_REFUSED', false, 'as a deploy key'],
    [
      '@ WARNING: UNPROTECTED PRIVATE KEY FILE! @\nPermission denied (publickey).',
      'SOURCE_REFUSED',
      false,
      'chmod 600',
    ],
    ['Load key "/k": invalid format\nPermission denied (publickey).', 'SOURCE_REFUSED', false, 'without passphrase'],
    ['ERROR: Repository not found.', 'SOURCE_NOT_FOUND', false, 'correct `git:`'],
    ['ssh: Could not resolve hostname git.example: Name or service not known', 'SOURCE_UNREACHABLE', false, 'resolver'],
    ['ssh: connect to host git.example port 22: Connection refused', 'SOURCE_UNREACHABLE', true, 'whether it runs'],
    ['ssh: connect to host git.example port 22: Connection timed out', 'SOURCE_UNREACHABLE', true, 'whether it runs'],
    ['kex_exchange_identification: Connection closed by remote host', 'SOURCE_FAILED', true, 'by hand'],
  ];
  test.each(answers)('says what "%s" means and what to do', async (text, code, isRetryable, cure) => {
    standIn('ssh', `cat >&2 <<'X'\n${text}\nX\nexit 255`);
    const error = await refusal(
      sourceOf('git@git.example:dns.git', { credential: { kind: 'key', file: fileWith('k') } }),
    );
    expect([error.code, error.retryable]).toEqual([code, isRetryable]);
    expect(error.hint).toContain(cure);
    expect(error.message).not.toContain('\n');
  });
});

describe('a clone', () => {
  test('that is not there says what makes one', () => {
    expect(() => readRepository(sourceOf('/srv/dns.git'))).toThrow(
      expect.objectContaining({
        code: 'SOURCE_NOT_FETCHED',
        hint: expect.stringContaining('`stsync daemon` fetches it'),
      }),
    );
  });
});
