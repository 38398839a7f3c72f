/** Runs programs of Node one after the other and says what each took. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** One run: seconds of wall time, of CPU (of the process alone), and the most memory it had. */
export interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly megabytes: number;
}

/** The last thing the process does is to say what it used. */
const script = `process.on('exit', () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  process.stderr.write('\\n' + JSON.stringify([maxRSS / 1024, (userCPUTime + systemCPUTime) / 1e6]));
})`;
const preload = `data:text/javascript,${encodeURIComponent(script)}`;

/** PROFILE=DIR: each run leaves a CPU profile there. */
const profile = process.env['PROFILE'] === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${process.env['PROFILE']}`];

/** Runs `node args` in `cwd`. Throws, with what it printed, when the exit code is not 0. */
export async function measure(args: readonly string[], cwd: string): Promise<Measured> {
  const start = performance.now();
  const child = spawn(process.execPath, [...profile, '--import', preload, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  await once(child, 'close');
  const seconds = (performance.now() - start) / 1000;
  if (child.exitCode !== 0) throw new Error(`exit ${child.exitCode}: ${args.join(' ')}\n${stdout}${stderr}`);
  const [, megabytes, cpuSeconds] = /\n\[([\d.]+),([\d.]+)\]$/.exec(stderr) ?? [];
  return { seconds, cpuSeconds: Number(cpuSeconds), megabytes: Number(megabytes) };
}

/** Medians of each figure; not all need to come from one run. */
export function medianOf(runs: readonly Measured[]): Measured {
  const of = (figure: (run: Measured) => number): number => median(runs.map(figure));
  return {
    seconds: of((run) => run.seconds),
    cpuSeconds: of((run) => run.cpuSeconds),
    megabytes: of((run) => run.megabytes),
  };
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** `in sync      12.3 s   11.0 s CPU   210 MB  more`. */
export function line(name: string, { seconds, cpuSeconds, megabytes }: Measured, more = ''): string {
  const figures = [`${seconds.toFixed(2)} s`, `${cpuSeconds.toFixed(2)} s CPU`, `${megabytes.toFixed(0)} MB`];
  return `  ${name.padEnd(24)} ${figures.map((figure) => figure.padStart(12)).join('')}  ${more}`.trimEnd();
}
