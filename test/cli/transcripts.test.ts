/**
 * What users type and what they see, byte for byte: each file of `transcripts/` is one story in a copy of `folder/`. UPDATE_TRANSCRIPTS=1
 * runs the commands again and writes down what comes. Times, ids, paths, pids and host names are replaced by what they are.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempDirectory } from '../effects/temp-directory.ts';
import { commandLine, type Ran, runShell } from '../support/built-cli.ts';

const transcripts = join(import.meta.dirname, 'transcripts');

describe('the command line', () => {
  test.each(readdirSync(transcripts))('%s', { timeout: 120_000 }, async (name) => {
    const path = join(transcripts, name);
    const wanted = readFileSync(path, 'utf8');
    const seen = await play(wanted);
    if (process.env['UPDATE_TRANSCRIPTS'] === '1') writeFileSync(path, seen);
    else expect(seen).toBe(wanted);
  });
});

const noScript =
  spawnSync('script', ['--version']).error === undefined ? null : 'skipped: no `script` to make a terminal';

describe('on a terminal', () => {
  test.skipIf(noScript !== null)(`it paints, and under NO_COLOR it does not ${noScript ?? ''}`, async () => {
    const folder = tempDirectory();
    cpSync(join(import.meta.dirname, 'folder'), folder, { recursive: true });
    const env = { PATH: commandLine(tempDirectory()), TERM: 'xterm-256color' };
    const command = 'script -qec "stsync sync --dry-run" /dev/null';
    const painted = '\u001B[32m+ mta-sts.one.example CNAME\u001B[39m';
    expect((await runShell(command, { cwd: folder, env })).stdout).toContain(painted);
    expect((await runShell(command, { cwd: folder, env: { ...env, NO_COLOR: '1' } })).stdout).not.toContain('\u001B[3');
  });
});

/** The transcript again, with what each command does now: `$ ` begins a command, `> ` a line of the storyteller. */
async function play(transcript: string): Promise<string> {
  const folder = tempDirectory();
  cpSync(join(import.meta.dirname, 'folder'), folder, { recursive: true });
  const path = commandLine(tempDirectory());
  const played: string[] = [];
  for (const line of transcript.split('\n').filter((one) => /^[$>] /.test(one))) {
    const ran = line.startsWith('$') ? await runShell(line.slice(2), { cwd: folder, env: { PATH: path } }) : null;
    played.push(ran === null ? `${line}\n` : `${line}\n${neutral(show(ran), folder)}`);
  }
  return played.join('\n');
}

/** stdout as it is; stderr and an exit code other than 0 are marked. */
function show({ code, stdout, stderr }: Ran): string {
  const errors = stderr === '' ? '' : `[stderr]\n${stderr}`;
  return `${stdout}${errors}${code === 0 ? '' : `[exit code ${code}]\n`}`;
}

/** What differs from run to run. Dates before 2025 are none of ours. */
function neutral(text: string, folder: string): string {
  return text
    .replaceAll(folder, '<folder>')
    .replaceAll(hostname(), '<host>')
    .replaceAll(/\bpid \d+/g, 'pid <pid>')
    .replaceAll(/\b20(?:2[5-9]|[3-9]\d)\d{10}(?=[0-9a-f]{16}\b)/g, '<time>')
    .replaceAll(/\b20(?:2[5-9]|[3-9]\d)-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{3})?)?Z?/g, '<time>');
}
