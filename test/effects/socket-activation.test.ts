/** Listeners at sockets that systemd has opened. */
import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { describeWith, findProgram } from '../servers/programs.ts';
import { withFreshPorts } from '../servers/run.ts';
import { get, PATIENCE, wholeOf } from './policy-host-rig.ts';

const script = join(import.meta.dirname, 'serve-inherited.ts');

/** The lines of a process, which ends with the test. */
function linesOf(child: ChildProcess): readonly string[] {
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines: string[] = [];
  if (child.stdout !== null) createInterface(child.stdout).on('line', (line) => lines.push(line));
  return lines;
}

async function ask(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(get());
  return (await wholeOf(socket)).split('\r\n\r\n')[1] ?? '';
}

describe('a listener at a socket of systemd', () => {
  const SAID = 'LISTEN_FAILED the listener for challenges of the CA cannot listen at systemd:http: ';

  test.each([
    [
      'no socket of that name',
      'https',
      'systemd has handed over no socket of that name (start stsync by a socket unit with FileDescriptorName=http, or change `publisher.http`)',
    ],
    ['something that is no socket', 'http', 'EINVAL (the socket unit needs ListenStream= with a port)'],
  ])('says that it was given %s', async (_what, name, expected) => {
    const child = spawn(process.execPath, [script, 'systemd:http'], {
      stdio: ['ignore', 'pipe', 'inherit', 'ignore'],
      env: { ...process.env, IS_MINE: '1', LISTEN_FDS: '1', LISTEN_FDNAMES: name },
    });
    const lines = linesOf(child);
    await vi.waitFor(() => expect(lines).toContain(`${SAID}${expected}`), PATIENCE);
  });
});

describeWith(['systemd-socket-activate'], 'systemd-socket-activate', () => {
  test('hands over two sockets by name, and both are served', async () => {
    await withFreshPorts(2, async ([https = 0, http = 0]) => {
      const listen = [`--listen=127.0.0.1:${https}`, `--listen=127.0.0.1:${http}`, '--fdname=https:http'];
      const child = spawn(
        findProgram('systemd-socket-activate') ?? '',
        [...listen, process.execPath, script, 'systemd:http', 'systemd:https'],
        { stdio: ['ignore', 'pipe', 'ignore'] },
      );
      const lines = linesOf(child);
      // The process is started by the first connection, which waits in the queue of the socket.
      await vi.waitFor(async () => expect(await ask(https)).toBe('systemd:https 3'), PATIENCE);
      expect(await ask(http)).toBe('systemd:http 4');
      expect(lines.toSorted()).toEqual([`systemd:http ${http}`, `systemd:https ${https}`]);
    });
  });
});
