/** The clients of the bench, from Debian and in C, on the CPU that the sides do not have. What they count is one side at one time. */
import { spawnSync } from 'node:child_process';

import { cpuSeconds, hostAt, ONE, pinned, type Side } from './place.ts';

export interface Measured {
  readonly perSecond: number;
  /** CPU of the side for each request, microseconds. */
  readonly cpuMicroseconds: number;
}

const PATH = '/.well-known/mta-sts.txt';
const AT_ONCE = 16;

/** `wrk`, which keeps its connections (each for 100 requests, as both sides have it) unless it says that it closes them. */
export function askOne(side: Side, seconds: number, isKept: boolean): Measured {
  const close = isKept ? [] : ['-H', 'Connection: close'];
  const url = `https://${ONE}:${side.port}${PATH}`;
  const before = cpuSeconds(side);
  const text = run(['wrk', '-t1', `-c${AT_ONCE}`, `-d${seconds}`, ...close, url]);
  const count = Number(/(\d+) requests in/.exec(text)?.[1]);
  if (/Non-2xx|Socket errors/.test(text) || !(count > 0)) throw new Error(`${side.name}: ${text}`);
  return {
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]),
    cpuMicroseconds: ((cpuSeconds(side) - before) / count) * 1e6,
  };
}

/** `curl`: the hosts from `first` on, each with a connection and a name of its own. */
export function askMany(side: Side, first: number, count: number): Measured {
  const hosts = hostAt(0).replace('d0.', `d[${first}-${first + count - 1}].`);
  const [cpu, start] = [cpuSeconds(side), performance.now()];
  const options = ['-s', '--no-progress-meter', '-k', '--http1.1', '-Z', '--parallel-immediate', '-o', '/dev/null'];
  const asked = ['--parallel-max', String(AT_ONCE), '-w', '%{http_code} ', '--connect-to', `::127.0.0.1:${side.port}`];
  const text = run(['curl', ...options, ...asked, `https://${hosts}${PATH}`]);
  const seconds = (performance.now() - start) / 1000;
  const right = text.split(' ').filter((status) => status === '200').length;
  if (right !== count) throw new Error(`${side.name}: ${right} of ${count} hosts answered`);
  return { perSecond: count / seconds, cpuMicroseconds: ((cpuSeconds(side) - cpu) / count) * 1e6 };
}

function run(command: readonly string[]): string {
  const [program = '', ...args] = [...pinned(1), ...command];
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(`${command[0]}: ${error?.message ?? stderr}`);
  return stdout;
}
