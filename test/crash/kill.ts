/** What the crash tests share: a run that `kill-at.mjs` ends with SIGKILL at one of its acts, and the same run left alone. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Ran, runCli } from '../support/built-cli.ts';

/** A moment of a run: `at` counts its acts from 1. */
export interface Point {
  readonly at: number;
  readonly when: 'before' | 'middle' | 'after';
  readonly label: string;
}

export interface Scenario {
  readonly title: string;
  /** The lines of a domain, one YAML after the other; the run of the last one is killed. */
  readonly yaml: readonly string[];
  /** How many ids are announced by the killed run. */
  readonly rotations: 0 | 1;
}

export const isSlow = process.env['SLOW'] === '1';
const preload = join(import.meta.dirname, 'kill-at.mjs');

/** Runs `sync` as it goes when nobody kills it; gives its acts in order. */
export async function undisturbedActs(folder: string): Promise<readonly string[]> {
  const trace = join(folder, 'acts');
  const options = { cwd: folder, nodeOptions: ['--import', preload], env: { KILL_TRACE: trace } };
  expectQuiet(await runCli(['sync'], options), 0);
  return readFileSync(trace, 'utf8').trimEnd().split('\n');
}

/** Runs `sync` up to the point, where it is killed. */
export async function runToTheKill(folder: string, point: Point): Promise<void> {
  const env = { KILL_AT: String(point.at), KILL_WHEN: point.when };
  const killed = await runCli(['sync'], { cwd: folder, nodeOptions: ['--import', preload], env });
  expect(killed.signal).toBe('SIGKILL');
}

/** `12` is before the twelfth act, `12½` in the middle of it, `12+` after it. */
export function nameOf({ at, when }: Point): string {
  return `${at}${{ before: '', middle: '½', after: '+' }[when]}`;
}

export function expectQuiet(ran: Ran, code: number): void {
  expect({ code: ran.code, stderr: ran.stderr, stdout: ran.code === code ? '' : ran.stdout }).toEqual({
    code,
    stderr: '',
    stdout: '',
  });
}
