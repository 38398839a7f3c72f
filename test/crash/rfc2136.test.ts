/**
 * Rule 13 over dynamic updates: kill -9 before an UPDATE is sent, in the middle of it, before its answer, and between answer and journal. A real
 * name server then holds what was sent whole; the next run finishes the work with no update twice and no second id.
 */
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { bodyHash } from '../../src/core/id.ts';
import { parsePolicy } from '../../src/core/policy.ts';
import { mapConcurrent } from '../../src/services/concurrent.ts';
import { listing, tempDirectory } from '../effects/temp-directory.ts';
import { describeWith } from '../servers/programs.ts';
import { type Flavour, flavours } from '../servers/updatable.ts';
import { runCli } from '../support/built-cli.ts';
import { expectQuiet, isSlow, nameOf, type Point, runToTheKill, type Scenario, undisturbedActs } from './kill.ts';
import {
  copyPlace,
  idsSince,
  lookAtAll,
  newPlace,
  type Place,
  type Seen,
  stateOf,
  writeConfig,
} from './name-server.ts';
import { type Domain, domains } from './world.ts';

/** How the label of an update of the id ends. */
const ID = ' _mta-sts';
const testing = 'mx: [mx1.example.net], mode: testing';
const scenarios: readonly Scenario[] = [
  { title: 'a first publication', yaml: [testing], rotations: 1 },
  { title: 'a change of the policy', yaml: [testing, 'mx: [mx1.example.net], maxAge: 2w'], rotations: 1 },
  {
    title: 'a removal that deletes',
    yaml: [testing, 'mx: [mx1.example.net], absent: true, allow: [removal-waits-for-caches]'],
    rotations: 0,
  },
];
/** Without SLOW=1: every scenario on BIND, the first on Knot. */
const cases = flavours.flatMap((flavour) => {
  if (flavour.name === 'PowerDNS') return [];
  const all = isSlow || flavour.name === 'BIND' ? scenarios : scenarios.slice(0, 1);
  return [{ flavour, scenarios: all }];
});

/** A moment of a run, and how many updates the server got whole by then, over all domains. */
interface ServedPoint extends Point {
  readonly updates: number;
}

/** The run that nobody kills. */
interface Calm {
  readonly acts: readonly string[];
  readonly after: ReadonlyMap<Domain, Seen>;
  /** Updates of each domain, in the order of {@link domains}. */
  readonly updates: readonly number[];
}

for (const { flavour, scenarios: some } of cases) {
  describeWith(flavour.programs, `kill -9 of a run over rfc2136, ${flavour.name}`, () => {
    test.each(some)(
      'in $title is mended by the next run, with no update twice',
      { timeout: isSlow ? 1_800_000 : 300_000 },
      async (scenario) => {
        const directory = tempDirectory();
        await using start = await prepare(scenario, join(directory, 'start'), flavour);
        const last = scenario.yaml.at(-1) ?? '';
        await using other = await copyPlace(start, join(directory, 'calm'), flavour, last);
        const calm = await undisturbed(other);
        const points = pointsOf(calm.acts);
        console.log(
          `${flavour.name}, ${scenario.title}: ${points.length} kills in ${calm.acts.length} acts: ${points.map(nameOf).join(' ')}`,
        );
        const failures = await mapConcurrent(points, 2, async (point) => {
          try {
            await using place = await copyPlace(start, join(directory, nameOf(point)), flavour, last);
            await killAndMend(place, point, calm, scenario.rotations);
            return [];
          } catch (error) {
            return [`${nameOf(point)} (${point.label}): ${error instanceof Error ? error.message : String(error)}`];
          }
        });
        expect(failures.flat()).toEqual([]);
      },
    );
  });
}

/** Everything that stands before the killed run. */
async function prepare({ yaml }: Scenario, folder: string, flavour: Flavour): Promise<Place> {
  const place = await newPlace(folder, flavour);
  for (const [index, rest] of yaml.entries()) {
    writeConfig(place, rest);
    if (index < yaml.length - 1) expectQuiet(await runCli(['sync'], { cwd: folder }), 0);
  }
  return place;
}

/** The run as it goes when nobody kills it. */
async function undisturbed(place: Place): Promise<Calm> {
  const before = await lookAtAll(place);
  const acts = await undisturbedActs(place.folder);
  const after = await lookAtAll(place);
  const updates = domains.map((domain) => serialOf(after, domain) - serialOf(before, domain));
  expect(updates.reduce((sum, one) => sum + one)).toBe(acts.filter(isUpdate).length);
  return { acts, after, updates };
}

/**
 * Round each update: before it is sent, half sent, sent and not answered, answered and not heard of it, heard of it and not in the journal. By
 * default so for the id of one domain, and "sent and not answered" for its other records; with SLOW=1 every act.
 */
function pointsOf(acts: readonly string[]): readonly ServedPoint[] {
  const total = acts.filter(isUpdate).length;
  return acts.flatMap((label, index): readonly ServedPoint[] => {
    const updates = acts.slice(0, index).filter(isUpdate).length;
    const before = { at: index + 1, when: 'before', label, updates } as const;
    const middle = { ...before, when: 'middle' } as const;
    const after = { ...before, when: 'after', updates: updates + 1 } as const;
    if (isSlow) return [before, ...(label.startsWith('write ') ? [middle] : []), ...(isUpdate(label) ? [after] : [])];
    if (isUpdate(label) && updates >= total / 2) return [];
    if (isUpdate(label)) return label.endsWith(ID) ? [before, middle, after] : [after];
    const last = acts.slice(0, index).findLast(isUpdate);
    const isAnswerNear = label === 'emit answer' || acts[index - 1] === 'emit answer';
    return isAnswerNear && updates <= total / 2 && last?.endsWith(ID) === true ? [before] : [];
  });
}

async function killAndMend(place: Place, point: ServedPoint, calm: Calm, rotations: number): Promise<void> {
  const { folder } = place;
  const before = await lookAtAll(place);
  await runToTheKill(folder, point);
  const sent = updatesOf(point, calm);
  // The server may still be at work on what it got; nothing but its own work can raise the serial now.
  const killed = await vi.waitFor(
    async () => {
      const now = await lookAtAll(place);
      expect(domains.map((domain) => serialOf(now, domain) - serialOf(before, domain))).toEqual(sent);
      return now;
    },
    { timeout: 20_000, interval: 20 },
  );
  for (const domain of domains) expectSafe(seenOf(killed, domain), seenOf(before, domain));

  if (isSlow) await expectDryRunToWork(folder);
  expectQuiet(await runCli(['sync'], { cwd: folder }), 0);
  const mended = await lookAtAll(place);
  for (const [index, domain] of domains.entries()) {
    const { id, idTexts, serial, ...rest } = seenOf(mended, domain);
    const { id: calmId, idTexts: calmTexts, serial: _serial, ...wanted } = seenOf(calm.after, domain);
    expect(rest).toEqual(wanted);
    expect(rest.others).toEqual(seenOf(before, domain).others);
    expect(id?.slice(14)).toBe(calmId?.slice(14));
    expect(idTexts).toHaveLength(calmTexts.length);
    expect(serial - serialOf(before, domain), `updates of ${domain}`).toBe(calm.updates[index]);
    await expectRotations(place, domain, seenOf(before, domain), rotations);
    expect(stateOf(place, domain).unfinished).toBe(0);
  }
  const files = listing(folder);
  expectQuiet(await runCli(['sync', '--dry-run'], { cwd: folder }), 0);
  expect(listing(folder)).toEqual(files);
}

/** How many updates of each domain the server got whole: one domain comes after the other. */
function updatesOf({ updates }: ServedPoint, calm: Calm): readonly number[] {
  const [first = 0] = calm.updates;
  return [Math.min(updates, first), Math.max(0, updates - first)];
}

/** What senders see right after the kill: no half policy, one id at most, and no id before its policy. */
function expectSafe(seen: Seen, before: Seen): void {
  if (seen.body !== null) expect(parsePolicy(seen.body).ok).toBe(true);
  expect(seen.idTexts.length).toBeLessThanOrEqual(1);
  expect(seen.others).toEqual(before.others);
  if (seen.id !== null && seen.id !== before.id) expect(seen.id.slice(14)).toBe(bodyHash(seen.body ?? ''));
}

/** The server's own history: no id came but the one, and stsync knows it as announced. */
async function expectRotations(place: Place, domain: Domain, before: Seen, rotations: number): Promise<void> {
  const fresh = (await idsSince(place, domain, before.serial)).filter((id) => id !== before.id);
  expect(fresh).toHaveLength(rotations);
  const { history } = stateOf(place, domain);
  expect(history.filter((id) => id !== before.id)).toEqual(fresh);
}

/** Whatever a killed run leaves, somebody who only looks can look, and changes nothing. */
async function expectDryRunToWork(folder: string): Promise<void> {
  const files = listing(folder);
  const { code, stderr } = await runCli(['sync', '--dry-run'], { cwd: folder });
  expect([0, 2]).toContain(code);
  expect(stderr).toBe('');
  expect(listing(folder)).toEqual(files);
}

function isUpdate(label: string): boolean {
  return label.startsWith('write write update ');
}

function seenOf(look: ReadonlyMap<Domain, Seen>, domain: Domain): Seen {
  const seen = look.get(domain);
  if (seen === undefined) throw new Error(`${domain} was not looked at`);
  return seen;
}

function serialOf(look: ReadonlyMap<Domain, Seen>, domain: Domain): number {
  return seenOf(look, domain).serial;
}
