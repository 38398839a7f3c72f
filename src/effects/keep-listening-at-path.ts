/** Floor 2. Holds a server at a Unix socket. One that a killed process left is taken away; one that somebody answers at is waited for. */
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';

import { StsyncError } from '../core/error.ts';
import type { Listening, ListenOptions } from './keep-listening.ts';

const RETRY_MS = 1_000;
/** For the mail server, which is in the group of the directory or of this process. */
const MODE = 0o660;

/** `listen`: its absolute path. A stand-by on the same machine gets it when the one who works is gone. */
export function keepListeningAtPath(server: Server, options: Omit<ListenOptions, 'fd' | 'isIpv6Only'>): Listening {
  const { listen: path, clock } = options;
  let cancel: (() => void) | null = null;
  let [isTold, isStopped] = [false, false];
  const open = (): void => {
    if (!isStopped) server.listen(path);
  };
  const wait = (code: string): void => {
    if (!isTold) options.onTrouble(listenFailed(options, code));
    isTold = true;
    if (!isStopped) cancel = clock.after(RETRY_MS, open);
  };
  server.on('error', (error) => {
    const code = codeOf(error);
    if (code !== 'EADDRINUSE') return wait(code);
    void isAnswered(path).then((isUsed) => {
      if (isUsed || !removeSocket(path)) wait(code);
      else open();
    });
  });
  server.on('listening', () => chmodSync(path, MODE));
  open();
  return {
    port: () => null,
    stop: async () => {
      isStopped = true;
      cancel?.();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Also when it cannot be told: only a refusal says that nobody is there. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (isUsed: boolean) => () => {
      socket.destroy();
      resolve(isUsed);
    };
    socket.once('connect', settle(true));
    socket.once('error', (error) => settle(codeOf(error) !== 'ECONNREFUSED' && codeOf(error) !== 'ENOENT')());
  });
}

/** False: it is no socket (nothing else is ever removed), or this user may not. */
function removeSocket(path: string): boolean {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) return true;
    if (!found.isSocket()) return false;
    unlinkSync(path);
    return true;
  } catch {
    return false;
  }
}

function listenFailed(
  { what, key, listen }: Pick<ListenOptions, 'what' | 'key' | 'listen'>,
  code: string,
): StsyncError {
  const reasons = new Map([
    ['EADDRINUSE', 'another program has it'],
    ['EACCES', 'this user may not make a socket there'],
    ['ENOENT', 'there is no such directory'],
  ]);
  const message = `${what} cannot open ${listen}: ${reasons.get(code) ?? code}; it is tried again`;
  const hint = `change \`${key}\`, or make the directory writable for the user of stsync`;
  return new StsyncError('LISTEN_FAILED', message, { hint, where: listen, retryable: true });
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.message;
}
