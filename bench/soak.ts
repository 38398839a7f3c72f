/**
 * The daemon for a long time, with a provider that fails in every way it can and commits good and broken: does its memory grow, does it miss
 * a run, does it rotate twice? `npm run build && npm run soak -- --minutes 30` (`--domains 20`, `--seed 1`).
 *
 * 20 domains at the fake of Cloudflare, `proof: file`, a run each 5 s, a push as soon as the one before is served everywhere. Exits with 1 when
 * memory rises by more than 20 MB an hour and its floor by more than 10 MB, a time of the schedule has no run, a body has two ids or none,
 * the floor of descriptors rises, or stsync tells of a fault of its own. Short soaks find leaks that are large; half an hour is what counts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { Random } from '../test/model/random.ts';
import { doubled, floorsByMinute, lostTicks, riseOf, slopeOf, total } from './soak/judge.ts';
import { Place } from './soak/place.ts';
import { Watched } from './soak/watched.ts';
import { Weather } from './soak/weather.ts';

const MAX_PER_HOUR = 20;
const MAX_RISE = 10;
const MAX_DESCRIPTORS = 5;
/** A push that is not served by then is lost. */
const PATIENCE_MS = 180_000;
/** The part of the time in which caches fill; the first minute at least. */
const WARM_UP = 0.2;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    domains: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
  },
});
const minutes = Number(values.minutes);
const random = new Random(Number(values.seed));
const folder = mkdtempSync(join(tmpdir(), 'stsync-soak-'));
const place = await Place.open(folder, Number(values.domains));
const startedAt = Date.now();
const endsAt = startedAt + minutes * 60_000;
const daemon = new Watched(place);
const weather = new Weather(place, random);
let [pushes, broken, lost] = [1, 0, 0];

console.log(`soak of ${minutes} min, ${place.domains.length} domains, seed ${values.seed}; log: ${folder}/daemon.log`);
await served();
while (Date.now() < endsAt && !daemon.hasEnded) {
  weather.change();
  if (random.chance(0.15)) await refuse();
  const changed = place.domains.filter(() => random.chance(0.2));
  place.push(changed);
  pushes++;
  await served();
  await sleep(random.between(0, 10_000));
}
const hasCrashed = daemon.hasEnded;
const exitCode = await daemon.stop();
report();
process.exit();

/** Waits until the last push is served. */
async function served(): Promise<void> {
  for (const until = Date.now() + PATIENCE_MS; !place.isDone(); await sleep(50)) {
    if (Date.now() < until && !daemon.hasEnded) continue;
    console.log(`a push was not served within ${PATIENCE_MS / 1000} s`);
    lost++;
    return;
  }
}

/** A broken commit, which the next push mends. */
async function refuse(): Promise<void> {
  broken++;
  place.pushBroken();
  for (const until = Date.now() + PATIENCE_MS; daemon.refused < broken && Date.now() < until;) await sleep(50);
}

function report(): void {
  const warm = startedAt + Math.max(60_000, (Date.now() - startedAt) * WARM_UP);
  const samples = daemon.samples.filter(({ at }) => at >= warm);
  const [perHour, rise, growth] = [slopeOf(samples), riseOf(samples, 'megabytes'), riseOf(samples, 'descriptors')];
  const floors = floorsByMinute(daemon.samples).map((one) => one.toFixed(0));
  const { ticks, lost: lostRuns } = lostTicks(daemon.runs);
  const longest = Math.max(...daemon.runs.map(({ beganAt, endedAt }) => endedAt - beganAt)) / 1000;
  const [expected, made, twice] = [total(place.wanted), total(place.published), doubled(place.published)];
  const { faults, outages, lateZones } = weather;
  const lines = {
    memory: `slope ${perHour.toFixed(1)} MB/h over ${samples.length} samples after warm-up; floor ${rise.toFixed(1)} MB higher; by minute ${floors.join(' ')} MB`,
    runs: `${daemon.runs.length}; of ${ticks} times of the schedule ${lostRuns} lost, ${daemon.madeUp} made up; longest run ${longest.toFixed(1)} s`,
    rotations: `expected ${expected}, made ${made}, double ${twice}; ${lost} of ${pushes} pushes not served`,
    weather: `${faults} faults, ${outages} outages, ${lateZones} zones late; ${broken} broken commits, ${daemon.refused} refused`,
    health: `${daemon.asked} times asked, ${daemon.notReady} not ready; ${growth} more descriptors; ${place.told} messages; exit ${exitCode}`,
  };
  for (const [name, line] of Object.entries(lines)) console.log(`  ${name.padEnd(10)} ${line}`);
  const faultsOfOurs = [
    ...(perHour > MAX_PER_HOUR && rise > MAX_RISE ? ['memory grows'] : []),
    ...(lostRuns > 0 || ticks === 0 ? ['runs were lost'] : []),
    ...(twice > 0 || made !== expected || lost > 0 ? ['rotations are not what was wanted'] : []),
    ...(daemon.refused !== broken ? ['a broken commit was not refused once'] : []),
    ...(growth > MAX_DESCRIPTORS ? ['descriptors grow'] : []),
    ...(hasCrashed || exitCode !== 0 ? ['the daemon did not end as it should'] : []),
    ...daemon.faults.slice(0, 5),
    ...place.fake.violations.slice(0, 5),
  ];
  for (const fault of faultsOfOurs) console.log(`  OUT OF BOUNDS: ${fault}`);
  if (faultsOfOurs.length > 0) process.exitCode = 1;
  else rmSync(folder, { recursive: true });
}
