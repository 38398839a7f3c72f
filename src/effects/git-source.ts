/**
 * Floor 2. Follows the branch of `source:` with the user's own `git`. A commit is checked out into a folder of its own, and a link is switched
 * to it by rename; so a reader never sees half a commit, and what somebody changes by hand in a clone is gone with the next look.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, utimesSync } from 'node:fs';
import { basename, join } from 'node:path';

import type { SourceConfig } from '../core/config/model.ts';
import { suggest } from '../core/config/suggest.ts';
import { StsyncError } from '../core/error.ts';
import { type CloneLayout, type CloneLink, cloneLayout, commitOfTree, linkedTree } from './clone-layout.ts';
import { gitFailure } from './git-failure.ts';
import { gitEnvironment, type GitOutcome, runGit } from './run-git.ts';

/** How long an answer to "which commit" may take, and a fetch or a check-out. */
const ASK_MS = 30_000;
const FETCH_MS = 600_000;
/** A run that began with the commit before has its files for so long. */
const KEEP_TREE_MS = 3_600_000;
const BRANCH_IN_CLONE = 'refs/heads/stsync';

export interface PollOptions {
  readonly now: Date;
  readonly signal: AbortSignal;
  readonly askMs?: number;
  readonly fetchMs?: number;
}

export interface Polled {
  /** The full hash of the newest commit of the branch, which `current` is now. */
  readonly commit: string;
  /** False: it was `current` already, and its files are as they were. */
  readonly isNew: boolean;
}

/**
 * Asks the repository for the newest commit of the branch and fetches it where it is another one. A branch that was pushed by force is
 * followed. Throws, and leaves the clone as it was: `SOURCE_UNREACHABLE` (retryable), `SOURCE_REFUSED` (key, token, host key, certificate),
 * `SOURCE_NOT_FOUND` (repository, branch), `SOURCE_FAILED` (no git, disk, anything else), or the reason of the signal.
 */
export async function pollSource(source: SourceConfig, options: PollOptions): Promise<Polled> {
  const clone = new Clone(source, options, readCredential(source));
  const newest = await clone.askNewest();
  const current = linkedTree(clone.layout, 'current');
  if (current?.commit === newest && (await clone.isUntouched(current.path))) return { commit: newest, isNew: false };
  const commit = await clone.fetch();
  const tree = await clone.checkOut(commit);
  clone.pointAt('current', tree);
  clone.sweep();
  return { commit, isNew: true };
}

/** Says that the config of this commit is without faults: `good` stays on it until a newer one is. Nothing happens for a commit that is gone. */
export function markGood(source: SourceConfig, commit: string, now: Date): void {
  const clone = new Clone(source, { now, signal: new AbortController().signal }, null);
  const tree = clone.treesByAge().find((name) => commitOfTree(name) === commit);
  if (tree !== undefined && linkedTree(clone.layout, 'good')?.commit !== commit) clone.pointAt('good', tree);
}

class Clone {
  readonly layout: CloneLayout;
  readonly #source: SourceConfig;
  readonly #options: PollOptions;
  /** `USER:TOKEN`, or null. Read anew for each poll: tokens are renewed. */
  readonly #secret: string | null;

  constructor(source: SourceConfig, options: PollOptions, secret: string | null) {
    this.layout = cloneLayout(source);
    this.#source = source;
    this.#options = options;
    this.#secret = secret;
  }

  async askNewest(): Promise<string> {
    const { git, branch } = this.#source;
    const outcome = await this.#git(['ls-remote', '--exit-code', '--', git, `refs/heads/${branch}`], this.#askMs);
    // Exit code 2 is no failure: the repository answered, and has no such branch.
    if (outcome.exitCode === 2) throw await this.#noSuchBranch();
    const [commit] = this.#succeeded(outcome).split('\t');
    if (commit !== undefined && /^[0-9a-f]{40,64}$/.test(commit)) return commit;
    throw gitFailure('git answered without a commit', this.#source);
  }

  async #noSuchBranch(): Promise<StsyncError> {
    const { git, branch } = this.#source;
    const heads = this.#succeeded(await this.#git(['ls-remote', '--heads', '--', git], this.#askMs));
    const names = heads.split('\n').flatMap((line) => line.split('\trefs/heads/')[1]?.replaceAll(/\p{C}/gu, '?') ?? []);
    const hint =
      names.length === 0
        ? 'the repository has no commit yet'
        : (suggest(branch, names) ?? 'correct `branch:` under `source:`');
    return new StsyncError('SOURCE_NOT_FOUND', `the repository has no branch ${branch}`, { hint, where: git });
  }

  /** True where every file is as it was checked out, and none was added. */
  async isUntouched(tree: string): Promise<boolean> {
    const outcome = await this.#git(['ls-files', '--modified', '--deleted', '--others'], this.#fetchMs, tree);
    return outcome.exitCode === 0 && outcome.stdout === '';
  }

  /** Fetches the newest commit and gives its hash. A clone that a crash left broken or locked is made anew. */
  async fetch(): Promise<string> {
    try {
      return await this.#fetchOnce();
    } catch (error) {
      if (!(error instanceof StsyncError) || error.code !== 'SOURCE_FAILED') throw error;
      rmSync(this.layout.repository, { recursive: true, force: true });
      return this.#fetchOnce();
    }
  }

  async #fetchOnce(): Promise<string> {
    const { repository, trees } = this.layout;
    const { git, branch } = this.#source;
    // Only for the user that runs stsync: the repository may be private.
    this.#onDisk(() => mkdirSync(trees, { recursive: true, mode: 0o700 }));
    const inClone = ['--git-dir', repository];
    // An empty template: it could bring hooks. On a repository that is there, init changes nothing.
    this.#succeeded(await this.#git(['init', '--quiet', '--bare', '--template=', repository], this.#askMs));
    // The plus: a branch that was pushed by force is followed.
    const refspec = `+refs/heads/${branch}:${BRANCH_IN_CLONE}`;
    const flags = ['--quiet', '--depth=1', '--no-tags', '--no-recurse-submodules'];
    this.#succeeded(await this.#git([...inClone, 'fetch', ...flags, '--', git, refspec], this.#fetchMs));
    const commit = [...inClone, 'rev-parse', '--verify', `${BRANCH_IN_CLONE}^{commit}`];
    return this.#succeeded(await this.#git(commit, this.#askMs)).trim();
  }

  /** Gives the name of the new tree. */
  async checkOut(commit: string): Promise<string> {
    const numbers = this.treesByAge().map((name) => Number(name.split('.')[1]));
    const tree = join(this.layout.trees, `${commit}.${Math.max(0, ...numbers) + 1}`);
    this.#onDisk(() => {
      rmSync(`${tree}.index`, { force: true });
      mkdirSync(tree, { mode: 0o700 });
    });
    this.#succeeded(await this.#git(['read-tree', '--reset', '-u', commit], this.#fetchMs, tree));
    return basename(tree);
  }

  /** Switches a link, for a reader at one instant. The tree before is kept for a while from now on. */
  pointAt(name: CloneLink, tree: string): void {
    const link = this.layout.link(name);
    const temporary = `${link}.${process.pid}.new`;
    this.#onDisk(() => {
      const before = linkedTree(this.layout, name);
      if (before !== null) utimesSync(before.path, this.#options.now, this.#options.now);
      rmSync(temporary, { force: true });
      symlinkSync(join('trees', tree), temporary);
      renameSync(temporary, link);
    });
  }

  /** Removes trees that nothing has pointed at for an hour, and clones of other repositories or branches. */
  sweep(): void {
    const kept = (['current', 'good'] as const).map((name) => linkedTree(this.layout, name)?.path);
    const { trees, folder } = this.layout;
    const oldest = this.#options.now.getTime() - KEEP_TREE_MS;
    this.#onDisk(() => {
      for (const name of this.treesByAge()) {
        const tree = join(trees, name);
        if (kept.includes(tree) || statSync(tree).mtimeMs > oldest) continue;
        rmSync(tree, { recursive: true, force: true });
        rmSync(`${tree}.index`, { force: true });
      }
      const { directory } = this.#source;
      const others = readdirSync(directory).filter((name) => /^[0-9a-f]{12}$/.test(name) && name !== basename(folder));
      for (const name of others) rmSync(join(directory, name), { recursive: true, force: true });
    });
  }

  /** Newest first. */
  treesByAge(): readonly string[] {
    const names = this.#onDisk(() => readdirSync(this.layout.trees)).filter((name) => commitOfTree(name) !== null);
    return names.toSorted((a, b) => Number(b.split('.')[1]) - Number(a.split('.')[1]));
  }

  get #askMs(): number {
    return this.#options.askMs ?? ASK_MS;
  }

  get #fetchMs(): number {
    return this.#options.fetchMs ?? FETCH_MS;
  }

  /** With `tree`: on that tree and its index. */
  async #git(
    args: readonly string[],
    timeoutMs: number,
    tree?: string,
  ): Promise<Extract<GitOutcome, { kind: 'exit' }>> {
    const environment = gitEnvironment(process.env, this.#source, this.#secret);
    const onTree = tree === undefined ? [] : ['-C', tree, '--git-dir', this.layout.repository, '--work-tree', tree];
    if (tree !== undefined) environment['GIT_INDEX_FILE'] = `${tree}.index`;
    const outcome = await runGit([...onTree, ...args], environment, { timeoutMs, signal: this.#options.signal });
    switch (outcome.kind) {
      case 'exit':
        return outcome;
      case 'not-started':
        throw outcome.code === 'ENOENT'
          ? new StsyncError('SOURCE_FAILED', '`source:` needs the program git, which is not installed here', {
              hint: 'install git 2.31 or newer',
            })
          : new StsyncError('SOURCE_FAILED', `git cannot be started (${outcome.code})`, {
              hint: 'look at the limits of this machine for open files and processes, and at its memory',
              retryable: true,
            });
      case 'timeout':
        throw new StsyncError('SOURCE_UNREACHABLE', `git had no answer within ${timeoutMs / 1000} s`, {
          hint: 'look whether the server of the repository runs; the last commit fetched stays',
          where: this.#source.git,
          retryable: true,
        });
    }
  }

  #succeeded({ exitCode, stdout, stderr }: Extract<GitOutcome, { kind: 'exit' }>): string {
    if (exitCode === 0) return stdout;
    throw gitFailure(this.#redacted(stderr), this.#source);
  }

  /** A server may echo what it was sent. */
  #redacted(text: string): string {
    if (this.#secret === null) return text;
    const token = this.#secret.slice(this.#secret.indexOf(':') + 1);
    const forms = [Buffer.from(this.#secret).toString('base64'), this.#secret, token];
    return forms.reduce((rest, form) => rest.replaceAll(form, '[redacted]'), text);
  }

  #onDisk<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
      throw new StsyncError('SOURCE_FAILED', `the clone cannot be written (${code})`, {
        hint: 'look at the rights and the space beside the state file',
        where: this.#source.directory,
        cause,
      });
    }
  }
}

/** `USER:TOKEN` of the token file. Any user will do for GitHub, GitLab, Gitea and Forgejo; who needs a certain one writes it. */
function readCredential({ credential, git }: SourceConfig): string | null {
  if (credential === null) return null;
  const refused = (message: string, hint: string): StsyncError =>
    new StsyncError('SOURCE_REFUSED', message, { hint, where: git });
  let text: string;
  try {
    text = readFileSync(credential.file, 'utf8').trim();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    const name = credential.kind === 'key' ? 'key file' : 'token file';
    throw refused(`the ${name} ${credential.file} cannot be read (${code})`, 'look at its path, rights and owner');
  }
  // What the key is worth is for ssh to say.
  if (credential.kind === 'key') return null;
  if (!/^[\x21-\x7e]+$/.test(text))
    throw refused('the token file does not hold one word', 'write TOKEN or USER:TOKEN into it');
  return text.includes(':') ? text : `x-access-token:${text}`;
}
