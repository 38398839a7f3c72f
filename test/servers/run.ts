/**
 * Starts a real server in the foreground for tests, waits until it answers, and stops it by its own pid. Output goes to `dir/name.log`;
 * what fails to start says its last lines. What is left when the tests end is killed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { findProgram } from './programs.ts';

export interface SpawnOptions {
  /** A program name as {@link findProgram} finds it. */
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Working directory, and where the log goes: {@link serverDirectory}. */
  readonly dir: string;
  readonly name: string;
  /** Asks through the server's protocol. May throw or answer false while it is not up. */
  readonly ready: () => Promise<boolean>;
  readonly timeoutMs?: number;
  /** TERM unless said: PostgreSQL wants INT. */
  readonly stopSignal?: NodeJS.Signals;
}

export interface RunningServer extends AsyncDisposable {
  readonly pid: number;
  /** All it has printed so far. */
  log(): string;
  /** HUP, or STOP and CONT to play dead. */
  signal(name: NodeJS.Signals): void;
  /** The stop signal, five seconds, then KILL. Quiet when it is gone already. */
  stop(): Promise<void>;
}

/** Thrown by {@link spawnServer} when a port was taken: {@link withFreshPorts} tries again. */
export class PortTaken extends Error {}

const alive = new Set<ChildProcess>();
process.on('exit', () => alive.forEach((child) => child.kill('SIGKILL')));

/** A new directory with a short path (a Unix socket path has at most 107 bytes). */
export function serverDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'sts-'));
}

/** Starts it and waits for `ready`; a server that ends before, or is not ready in time, is stopped and thrown with its last ten lines. */
export async function spawnServer(options: SpawnOptions): Promise<RunningServer> {
  const { dir, name, stopSignal = 'SIGTERM', timeoutMs = 10_000 } = options;
  const logFile = join(dir, `${name}.log`);
  const output = openSync(logFile, 'a');
  const child = spawn(findProgram(options.command) ?? options.command, options.args, {
    cwd: dir,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  alive.add(child);
  let failure: Error | null = null;
  child.once('error', (error) => (failure = error));
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null || failure !== null;
  const log = (): string => readFileSync(logFile, 'utf8');
  const stop = async (): Promise<void> => {
    // A stopped process takes no other signal.
    child.kill('SIGCONT');
    await end(child, hasEnded, stopSignal);
    alive.delete(child);
  };
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const isReady = await options.ready().catch(() => false);
    const why = /address (?:already )?in use/i.test(log()) ? 'its port is taken' : hasEnded() ? 'it has ended' : null;
    if (why === null && isReady) break;
    if (why !== null || Date.now() > deadline) {
      await stop();
      const text = `${name} did not start: ${why ?? 'not ready in time'}; ${logFile}\n${log().trimEnd().split('\n').slice(-10).join('\n')}`;
      throw why === 'its port is taken' ? new PortTaken(text) : new Error(text, { cause: failure });
    }
    await sleep(25);
  }
  const signal = (what: NodeJS.Signals): void => void child.kill(what);
  return { pid: child.pid ?? 0, log, signal, stop, [Symbol.asyncDispose]: stop };
}

/** Ports of 127.0.0.1 that were free for UDP and TCP a moment ago, handed to `start`; three tries. */
export async function withFreshPorts<T>(count: number, start: (ports: readonly number[]) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    const ports = await freePorts(count);
    try {
      return await start(ports);
    } catch (error) {
      if (!(error instanceof PortTaken) || tries === 3) throw error;
    }
  }
}

/** Removes what {@link serverDirectory} made; STSYNC_KEEP=1 keeps it to look at. */
export function removeDirectory(dir: string): void {
  if (process.env['STSYNC_KEEP'] !== '1') rmSync(dir, { recursive: true, force: true });
}

/** All are held until the last is found, so that none comes twice. */
async function freePorts(count: number): Promise<readonly number[]> {
  const held: { readonly port: number; readonly free: () => void }[] = [];
  while (held.length < count) {
    const tcp = createServer().listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const port = portOf(tcp);
    const udp = createSocket('udp4');
    const isFree = await new Promise<boolean>((resolve) => {
      udp.once('error', () => resolve(false));
      udp.bind(port, '127.0.0.1', () => resolve(true));
    });
    if (isFree) held.push({ port, free: () => (udp.close(), tcp.close()) });
    else tcp.close();
  }
  held.forEach(({ free }) => free());
  return held.map(({ port }) => port);
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function end(child: ChildProcess, hasEnded: () => boolean, signal: NodeJS.Signals): Promise<void> {
  child.kill(signal);
  for (let waited = 0; !hasEnded(); waited += 10) {
    if (waited === 5000) child.kill('SIGKILL');
    await sleep(10);
  }
}
