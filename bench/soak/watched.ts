/** The daemon of a soak, and what is seen of it from outside: its log, its memory and descriptors, its health. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { main } from '../../test/support/built-cli.ts';
import { ENVIRONMENT, type Place } from './place.ts';

/** Milliseconds since 1970. */
export interface Run {
  readonly beganAt: number;
  readonly endedAt: number;
}

export interface Sample {
  readonly at: number;
  readonly megabytes: number;
  readonly descriptors: number;
}

const SAMPLE_MS = 2000;

export class Watched {
  readonly runs: Run[] = [];
  readonly samples: Sample[] = [];
  /** Runs of the schedule that began late and were made up for. */
  madeUp = 0;
  /** Commits that were refused. */
  refused = 0;
  /** Faults of stsync itself. */
  readonly faults: string[] = [];
  asked = 0;
  notReady = 0;
  readonly #child: ChildProcess;
  readonly #port: number;
  #beganAt: number | null = null;

  constructor({ folder, daemonPort }: Pick<Place, 'folder' | 'daemonPort'>) {
    this.#port = daemonPort;
    this.#child = spawn(process.execPath, [main, 'daemon', '--verbose'], {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: folder, ...ENVIRONMENT },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    process.on('exit', () => this.#child.kill('SIGKILL'));
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
    const { stderr } = this.#child;
    if (stderr === null) return;
    stderr.pipe(createWriteStream(join(folder, 'daemon.log')));
    createInterface(stderr).on('line', (line) => this.#note(line));
    const timer = setInterval(() => void this.#sample(), SAMPLE_MS);
    this.#child.once('exit', () => clearInterval(timer));
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Its exit code; null where a signal ended it. */
  async stop(): Promise<number | null> {
    const ended = new Promise<number | null>((resolve) => {
      this.#child.once('exit', resolve);
    });
    if (this.hasEnded) return this.#child.exitCode;
    this.#child.kill('SIGTERM');
    return ended;
  }

  #note(line: string): void {
    const { msg, time, reasons = [] } = parseLine(line);
    const at = Date.parse(time);
    if (msg === 'a run begins') {
      this.#beganAt = at;
      if (reasons.includes('missed')) this.madeUp++;
    } else if (msg.startsWith('the run ') && this.#beganAt !== null) {
      this.runs.push({ beganAt: this.#beganAt, endedAt: at });
      this.#beganAt = null;
      if (msg.startsWith('the run came to nothing')) this.faults.push(line);
    } else if (msg.startsWith('config refused')) this.refused++;
    else if (/fault of stsync|INTERNAL|NOTIFY_FAILED/.test(line)) this.faults.push(line);
  }

  /** Also asks what a probe and Prometheus ask. */
  async #sample(): Promise<void> {
    try {
      const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
      const megabytes = Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1]) / 1024;
      const { length: descriptors } = readdirSync(`/proc/${this.#child.pid}/fd`);
      this.samples.push({ at: Date.now(), megabytes, descriptors });
      this.asked++;
      const [ready, metrics] = await Promise.all(['readyz', 'metrics'].map((path) => this.#get(path)));
      if (ready !== 200 || metrics !== 200) this.notReady++;
    } catch {
      // It has ended, which is seen elsewhere, or does not answer.
      this.notReady++;
    }
  }

  async #get(path: string): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.#port}/${path}`, { signal: AbortSignal.timeout(SAMPLE_MS) });
    await response.text();
    return response.status;
  }
}

interface Line {
  readonly msg: string;
  readonly time: string;
  readonly reasons?: readonly string[];
}

function parseLine(text: string): Line {
  try {
    const line: Line = JSON.parse(text);
    return line;
  } catch {
    return { msg: text, time: '' };
  }
}
