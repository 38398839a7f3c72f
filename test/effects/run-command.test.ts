/** Commands of the user's: exit code, output, environment, abort. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { runCommand } from '../../src/effects/run-command.ts';
import { tempDirectory } from './temp-directory.ts';

const signal = new AbortController().signal;

describe('runCommand', () => {
  it.each([
    ['true', 0, ''],
    ['exit 3', 3, ''],
    ['echo out; echo err >&2', 0, 'out\nerr\n'],
    ['echo "$A $B"', 0, 'it is\n'],
    ['cat', 0, ''],
    ['kill -9 $$', 137, ''],
    ['echo \u00fc', 0, '\u00fc\n'],
  ])('runs %j', async (command, exitCode, output) => {
    expect(await runCommand(command, { A: 'it', B: 'is' }, signal)).toEqual({ exitCode, output });
  });

  it('gives 127 and the shell’s words for a command that is not there', async () => {
    const { exitCode, output } = await runCommand('no-such-program-here', {}, signal);
    expect([exitCode, output.includes('no-such-program-here')]).toEqual([127, true]);
  });

  it('has the environment of this process', async () => {
    expect((await runCommand('echo "$PATH"', {}, signal)).output.trim()).toBe(process.env['PATH']);
  });

  it('keeps the last 64 KiB of a long output', async () => {
    const { output } = await runCommand('yes 123456789 | head -n 100000; echo end', {}, signal);
    expect([output.length, output.slice(-14)]).toEqual([65_536, '123456789\nend\n']);
  });

  it('does not wait for a daemon that keeps the pipe open', async () => {
    const { exitCode, output } = await runCommand('sleep 20 & echo "$!"', {}, signal);
    process.kill(Number(output.trim()));
    expect(exitCode).toBe(0);
  });

  it('ends the command and its children on abort, and throws the reason', async () => {
    const file = join(tempDirectory(), 'pid');
    const controller = new AbortController();
    const reason = new Error('enough');
    const work = runCommand('sleep 20 & echo $! > "$FILE"; wait', { FILE: file }, controller.signal);
    const pid = await untilWritten(file);
    controller.abort(reason);
    await expect(work).rejects.toBe(reason);
    expect(await untilGone(pid)).toBe('gone');
  });

  it('kills a command that does not listen to TERM', async () => {
    const work = runCommand("trap '' TERM; while :; do sleep 0.1; done", {}, AbortSignal.timeout(100));
    await expect(work).rejects.toThrow(/timeout/);
  });

  it('starts nothing when the signal is aborted already', async () => {
    const file = join(tempDirectory(), 'file');
    await expect(runCommand('touch "$FILE"', { FILE: file }, AbortSignal.abort())).rejects.toThrow(/abort/);
    expect(() => readFileSync(file)).toThrow(/ENOENT/);
  });
});

async function untilWritten(file: string): Promise<number> {
  for (;;) {
    const pid = Number((await runCommand('cat "$FILE" 2>&-', { FILE: file }, signal)).output.trim());
    if (pid > 0) return pid;
  }
}

/** A process that ended may stay as a zombie when nobody reaps it; that counts as gone. */
async function untilGone(pid: number): Promise<string> {
  for (;;) {
    const { output } = await runCommand(`ps -o stat= -p ${pid}`, {}, signal);
    if (output.trim() === '' || output.startsWith('Z')) return 'gone';
  }
}
