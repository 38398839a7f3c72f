/** A Containerfile, read as far as ours goes, and carried out without an engine: its copies, and what npm does. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import { root } from '../support/built-cli.ts';

export interface Instruction {
  readonly name: string;
  readonly rest: string;
}

/** One a line of the result: comments are gone, and what a backslash continues is one. */
export function parseContainerfile(text: string): readonly Instruction[] {
  const lines = text.replaceAll(/^\s*#.*\n/gm, '').replaceAll(/\\\n\s*/g, '');
  return lines
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
      return { name, rest };
    });
}

/** The words of an instruction in exec form, the only one that starts no shell. */
export function execForm(rest: string): readonly string[] {
  const words: unknown = JSON.parse(rest);
  if (!Array.isArray(words)) throw new Error(`${rest} is not in exec form`);
  return words.map(String);
}

/** Makes the files of every stage below `folder`, and gives where the last one's root is. Throws where something to copy is not there. */
export function carryOut(instructions: readonly Instruction[], folder: string): string {
  const stages = new Map<string, string>();
  let [stage, directory] = ['', '/'];
  for (const { name, rest } of instructions) {
    if (name === 'FROM') {
      const alias = / AS (\S+)$/.exec(rest)?.[1] ?? 'last';
      stage = join(folder, alias);
      stages.set(alias, stage);
      directory = '/';
    } else if (name === 'WORKDIR') {
      directory = rest;
      mkdirSync(join(stage, directory), { recursive: true });
    } else if (name === 'COPY') copy(rest, stages, join(stage, directory));
    else if (name === 'RUN' && rest.startsWith('npm ')) runNpm(rest, join(stage, directory));
  }
  return stage;
}

function copy(rest: string, stages: ReadonlyMap<string, string>, directory: string): void {
  const [, from, paths = ''] = /^(?:--from=(\S+) )?(.*)$/.exec(rest) ?? [];
  const source = from === undefined ? root : (stages.get(from) ?? '');
  const names = paths.split(' ');
  const target = names.pop() ?? '';
  for (const name of names) {
    // As the engine does: a file goes into a directory, a directory's content becomes the target's.
    const to = target.endsWith('/') ? join(target, basename(name)) : target;
    cpSync(join(source, name), resolve(directory, to), { recursive: true });
  }
}

/** The packages are those that are installed here; a script is run with them alone. */
function runNpm(command: string, cwd: string): void {
  if (command.startsWith('npm ci ')) {
    symlinkSync(join(root, 'node_modules'), join(cwd, 'node_modules'));
    return;
  }
  const path = `${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`;
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
    cwd,
    encoding: 'utf8',
    env: { PATH: path, HOME: cwd },
  });
  if (status !== 0) throw new Error(`${command}: ${stdout}${stderr}`);
}
