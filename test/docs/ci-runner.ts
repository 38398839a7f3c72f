/** Runs the steps of a CI workflow file as the service would: one shell a step, in a checkout, with programs of the service replaced by stand-ins. */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { main, root } from '../support/built-cli.ts';

export interface Ended {
  readonly name: string;
  readonly code: number | null;
  readonly output: string;
}

/** A repository on a service: a work tree that is committed as it changes, beside a `bin` with what the runner has installed. */
export class Repository implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'stsync-ci-'));
  readonly tree = join(this.folder, 'tree');
  readonly bin = join(this.folder, 'bin');

  constructor() {
    for (const path of [this.tree, this.bin]) mkdirSync(path);
    this.program('stsync', `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
    // The command is built here already; that it would be installed is seen in the log.
    this.program('npm', `#!/bin/sh\necho "npm $*" >> '${this.folder}/npm.log'\n`);
    this.git('init', '--quiet', '--initial-branch=main');
    mkdirSync(join(this.tree, 'ci'));
    cpSync(join(root, 'docs', 'ci', 'mx-gate.sh'), join(this.tree, 'ci', 'mx-gate.sh'));
  }

  program(name: string, text: string): void {
    writeFileSync(join(this.bin, name), text);
    chmodSync(join(this.bin, name), 0o755);
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.tree, path)), { recursive: true });
    writeFileSync(join(this.tree, path), text);
  }

  git(...args: readonly string[]): string {
    const who = ['-c', 'user.name=T', '-c', 'user.email=t@example.com', '-c', 'commit.gpgsign=false'];
    const ran = spawnSync('git', ['-C', this.tree, ...who, ...args], { encoding: 'utf8' });
    if (ran.status !== 0) throw new Error(`git ${args.join(' ')}: ${ran.stderr}`);
    return ran.stdout.trim();
  }

  /** Everything as it is now, but for what a run leaves behind; gives the commit. */
  commit(message: string): string {
    this.git('add', 'domains', 'mx', 'ci', 'stsync.yaml');
    this.git('commit', '--quiet', '--allow-empty', '-m', message);
    return this.git('rev-parse', 'HEAD');
  }

  /** Runs scripts one after the other until one fails. */
  run(
    scripts: readonly { readonly name: string; readonly script: string }[],
    env: Readonly<Record<string, string>>,
  ): readonly Ended[] {
    const ended: Ended[] = [];
    for (const { name, script } of scripts) {
      const { status, stdout, stderr } = spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script], {
        cwd: this.tree,
        encoding: 'utf8',
        env: {
          PATH: `${this.bin}:${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`,
          HOME: this.folder,
          ...env,
        },
      });
      ended.push({ name, code: status, output: `${stdout}${stderr}` });
      if (status !== 0) break;
    }
    return ended;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}
