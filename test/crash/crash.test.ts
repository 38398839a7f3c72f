/**
 * Rule 13: kill -9 at every write of a run; the next run finishes the work, with the same result and no second rotation. Runs the built
 * command under `kill-at.mjs`. A part of the writes by default, every one with SLOW=1.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bodyHash } from '../../src/core/id.ts';
import { parsePolicy } from '../../src/core/policy.ts';
import { mapConcurrent } from '../../src/services/concurrent.ts';
import { listing, tempDirectory } from '../effects/temp-directory.ts';
import { runCli } from '../support/built-cli.ts';
import { expectQuiet, isSlow, nameOf, type Point, runToTheKill, type Scenario, undisturbedActs } from './kill.ts';
import {
  copyFolder,
  type Domain,
  domains,
  isLoaded,
  knownIds,
  lookAt,
  makeFolder,
  type Shown,
  straysIn,
  writeConfig,
} from './world.ts';

const testing = 'mx: [mx1.example.net], mode: testing';
const enforce = 'mx: [mx1.example.net], mode: enforce, allow: [testing-before-enforce, enforce-covers-live-mx]';
const absent = 'mx: [mx1.example.net], absent: true';
const scenarios: readonly Scenario[] = [
  { title: 'a first publication', yaml: [testing], rotations: 1 },
  {
    title: 'a change of max_age and mx',
    yaml: [testing, 'mx: [mx2.example.net, mx1.example.net], maxAge: 2w'],
    rotations: 1,
  },
  { title: 'a removal that publishes none and waits', yaml: [enforce, absent], rotations: 1 },
  { title: 'a removal that deletes', yaml: [testing, `${absent}, allow: [removal-waits-for-caches]`], rotations: 0 },
];

/** Without SLOW=1, beside every half write and every moment before a reload: one act in so many. */
const STRIDE = 12;

describe('kill -9', () => {
  test.each(scenarios)(
    'in $title is mended by the next run',
    { timeout: isSlow ? 1_800_000 : 300_000 },
    async (scenario) => {
      const directory = tempDirectory();
      const start = await prepare(scenario, join(directory, 'start'));
      const calm = await undisturbed(start, join(directory, 'calm'));
      const before = await lookAtAll(start);
      const points = pointsOf(calm.acts);
      console.log(
        `${scenario.title}: ${points.length} kills in ${calm.acts.length} acts${isSlow ? '' : '; SLOW=1 for all'}: ${points.map(nameOf).join(' ')}`,
      );
      const failures = await mapConcurrent(points, 2, async (point) => {
        try {
          const folder = join(directory, nameOf(point));
          copyFolder(start, folder);
          await killAndMend(folder, point, { before, after: calm.shown, rotations: scenario.rotations });
          return [];
        } catch (error) {
          return [`${nameOf(point)} (${point.label}): ${error instanceof Error ? error.message : String(error)}`];
        }
      });
      expect(failures.flat()).toEqual([]);
    },
  );
});

/** Everything that stands before the killed run. */
async function prepare({ yaml }: Scenario, folder: string): Promise<string> {
  const [first = '', ...rest] = yaml;
  mkdirSync(folder);
  makeFolder(folder, first);
  for (const next of rest) {
    expectQuiet(await runCli(['sync'], { cwd: folder }), 0);
    writeConfig(folder, next);
  }
  return folder;
}

/** The run as it goes when nobody kills it: its acts in order, and what stands at the end. */
async function undisturbed(
  start: string,
  folder: string,
): Promise<{ acts: readonly string[]; shown: ReadonlyMap<Domain, Shown> }> {
  copyFolder(start, folder);
  const acts = await undisturbedActs(folder);
  return { acts, shown: await lookAtAll(folder) };
}

/** What comes after an act is what comes before the next, so `before` alone is every boundary. */
function pointsOf(acts: readonly string[]): readonly Point[] {
  return acts.flatMap((label, index) => {
    const at = index + 1;
    const middle = label.startsWith('write ') ? [{ at, when: 'middle', label } as const] : [];
    const isChosen = isSlow || label.startsWith('spawn ') || index % STRIDE === STRIDE - 1;
    return isChosen ? [{ at, when: 'before', label } as const, ...middle] : middle;
  });
}

async function killAndMend(
  folder: string,
  point: Point,
  {
    before,
    after,
    rotations,
  }: {
    readonly before: ReadonlyMap<Domain, Shown>;
    readonly after: ReadonlyMap<Domain, Shown>;
    readonly rotations: number;
  },
): Promise<void> {
  await runToTheKill(folder, point);
  const looks = [before, await lookAtAll(folder)];
  for (const [domain, shown] of looks.at(-1) ?? []) expectSafe(shown, before.get(domain));

  if (isSlow) await expectDryRunToWork(folder);
  expectQuiet(await runCli(['sync'], { cwd: folder }), 0);
  looks.push(await lookAtAll(folder));
  for (const domain of domains) {
    const { id, serial, ...rest } = looks.at(-1)?.get(domain) ?? {};
    const { id: calmId, serial: calmSerial, ...expected } = after.get(domain) ?? {};
    expect(rest).toEqual(expected);
    expect(id?.slice(14)).toBe(calmId?.slice(14));
    expect(serial).toBeGreaterThanOrEqual(calmSerial ?? 0);
    expectSerialsToRise(looks.map((look) => look.get(domain)));
    expect(isLoaded(folder, domain), 'the name server has the last zone file').toBe(true);
    expectRotations(
      folder,
      domain,
      looks.map((look) => look.get(domain)?.id ?? null),
      rotations,
    );
  }
  expect(straysIn(folder)).toEqual([]);
  const files = listing(folder);
  expectQuiet(await runCli(['sync', '--dry-run'], { cwd: folder }), 0);
  expect(listing(folder)).toEqual(files);
}

/** Whatever a killed run leaves, somebody who only looks can look, and changes nothing. */
async function expectDryRunToWork(folder: string): Promise<void> {
  const files = listing(folder);
  const { code, stderr } = await runCli(['sync', '--dry-run'], { cwd: folder });
  expect([0, 2]).toContain(code);
  expect(stderr).toBe('');
  expect(listing(folder)).toEqual(files);
}

/** What senders see right after the kill: nothing half, and no id before its policy. */
function expectSafe(shown: Shown, before: Shown | undefined): void {
  if (shown.body !== null) expect(parsePolicy(shown.body).ok).toBe(true);
  if (shown.id === null) return;
  // Body first, id after: only the old id may stand beside a body that is not its own.
  if (shown.id !== before?.id) expect(shown.id.slice(14)).toBe(bodyHash(shown.body ?? ''));
}

/** Whoever transfers the zone sees every change. */
function expectSerialsToRise(looks: readonly (Shown | undefined)[]): void {
  for (const [index, look] of looks.entries()) {
    const last = looks[index - 1];
    if (look === undefined || last === undefined) continue;
    if (look.zone === last.zone) expect(look.serial).toBe(last.serial);
    else expect(look.serial).toBeGreaterThan(last.serial);
  }
}

function expectRotations(folder: string, domain: Domain, seen: readonly (string | null)[], rotations: number): void {
  const [old] = seen;
  const isNew = (id: string | null): id is string => id !== null && id !== old;
  const ids = new Set(seen.filter(isNew));
  const { history, journal } = knownIds(folder, domain);
  expect(ids.size).toBeLessThanOrEqual(1);
  expect(history.filter(isNew)).toHaveLength(rotations);
  for (const id of [...ids, ...journal.filter(isNew)]) expect(history).toContain(id);
}

async function lookAtAll(folder: string): Promise<ReadonlyMap<Domain, Shown>> {
  return new Map(await Promise.all(domains.map(async (domain) => [domain, await lookAt(folder, domain)] as const)));
}
