/**
 * The policy host for a long time: a daemon with certificates of minutes from pebble, fetched from without a pause, while commits change MX, bring
 * domains and are broken, and provider and CA fail. `npm run build && npm run soak:host -- --minutes 30` (`--domains 20`, `--seed 1`, `--clients 4`).
 *
 * Exits with 1 when one fetch of a domain with an id fails or gives a body from before that id, a certificate is not renewed in time, there are more orders than
 * renewals and lost answers explain, a policy has two ids or none, or memory or descriptors rise (as in soak.ts). Needs pebble.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { Random } from '../test/model/random.ts';
import { CaWeather } from './host-soak/ca-weather.ts';
import { Clients } from './host-soak/clients.ts';
import { HostPlace, LIFE_SECONDS } from './host-soak/place.ts';
import { doubled, floorsByMinute, riseOf, slopeOf, total } from './soak/judge.ts';
import { Watched } from './soak/watched.ts';
import { Weather } from './soak/weather.ts';

const MAX_PER_HOUR = 20;
const MAX_RISE = 10;
const MAX_DESCRIPTORS = 8;
/** A push that is not served by then is lost. A new domain may have to wait for a CA that is left alone, twice. */
const PATIENCE_MS = 300_000;
/** The part of the time in which caches fill; the first minute at least. */
const WARM_UP = 0.2;
/** Renewed at half of its life, or up to a fifteenth earlier. */
const LEAST_BETWEEN_MS = LIFE_SECONDS * 1000 * (1 / 2 - 1 / 15);

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    domains: { type: 'string', default: '20' },
    clients: { type: 'string', default: '4' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
  },
});
const minutes = Number(values.minutes);
const random = new Random(Number(values.seed));
const folder = mkdtempSync(join(tmpdir(), 'stsync-host-soak-'));
const place = await HostPlace.open(folder, Number(values.domains));
const startedAt = Date.now();
const endsAt = startedAt + minutes * 60_000;
place.push(place.grow(Math.ceil(Number(values.domains) / 2)));
const daemon = new Watched(place);
const weather = new Weather(place, random);
const caWeather = new CaWeather(place, random);
const clients = new Clients(place, random, Number(values.clients));
let [pushes, broken, lost] = [1, 0, 0];

console.log(`soak of ${minutes} min, up to ${values.domains} domains, seed ${values.seed}; log: ${folder}/daemon.log`);
await served();
while (Date.now() < endsAt && !daemon.hasEnded) {
  weather.change();
  if (random.chance(0.15)) await refuse();
  const fresh = random.chance(0.3) ? place.grow(1) : [];
  place.push([...place.domains.filter((one) => !fresh.includes(one) && random.chance(0.2)), ...fresh]);
  pushes++;
  await served();
  await sleep(random.between(0, 10_000));
}
const hasCrashed = daemon.hasEnded;
await clients.stop();
caWeather.stop();
const exitCode = await daemon.stop();
report();
await place.pebble.stop();
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

/** Hosts that were ordered for more often than their renewals and the answers that were lost explain. */
function stormy(): readonly string[] {
  const most = Math.ceil((Date.now() - startedAt) / LEAST_BETWEEN_MS) + 1;
  const { orders, lostOrders } = place.gate;
  const lostOf = (host: string): number => lostOrders.filter((one) => one === host).length;
  return [...Map.groupBy(orders, (host) => host)]
    .filter(([host, of]) => of.length > most + lostOf(host))
    .map(([host, of]) => `${of.length} orders for ${host}`);
}

function report(): void {
  const { gate, wanted, published, fake } = place;
  const warm = startedAt + Math.max(60_000, (Date.now() - startedAt) * WARM_UP);
  const samples = daemon.samples.filter(({ at }) => at >= warm);
  const [perHour, rise, growth] = [slopeOf(samples), riseOf(samples, 'megabytes'), riseOf(samples, 'descriptors')];
  const floors = floorsByMinute(daemon.samples).map((one) => one.toFixed(0));
  const [expected, made, twice] = [total(wanted), total(published), doubled(published)];
  const renewals = [...clients.serials.values()].reduce((sum, { size }) => sum + size - 1, 0);
  const never = [...clients.serials].filter(([, { size }]) => size < 2).length;
  // Those of the end have their order and not their certificate yet.
  const unexplained = gate.orders.length - gate.issued - gate.lostOrders.length;
  const caFaults = Array.from(caWeather.seen, ([kind, count]) => `${count} ${kind}`).join(', ');
  const perSecond = (clients.fetches / ((Date.now() - startedAt) / 1000)).toFixed(0);
  const lines = {
    fetches: `${clients.fetches} (${perSecond} a second), ${clients.failures.length} failed or wrong; slowest ${clients.slowestMs.toFixed(0)} ms`,
    certificates: `${gate.orders.length} orders, ${gate.issued} issued, ${gate.lostOrders.length} whose answer was lost; ${renewals} renewals seen; least left ${(clients.leastLeftMs / 1000).toFixed(0)} of ${LIFE_SECONDS} s`,
    memory: `slope ${perHour.toFixed(1)} MB/h over ${samples.length} samples after warm-up; floor ${rise.toFixed(1)} MB higher; by minute ${floors.join(' ')} MB`,
    rotations: `${place.domains.length} domains, expected ${expected}, made ${made}, double ${twice}; ${lost} of ${pushes} pushes not served; ${daemon.runs.length} runs`,
    weather: `provider: ${weather.faults} faults, ${weather.outages} outages, ${weather.lateZones} zones late; CA: ${caFaults}; ${broken} broken commits, ${daemon.refused} refused`,
    health: `${daemon.asked} times asked, ${daemon.notReady} not ready; ${growth} more descriptors; exit ${exitCode}`,
  };
  for (const [name, line] of Object.entries(lines)) console.log(`  ${name.padEnd(12)} ${line}`);
  const isLong = minutes * 60 > LIFE_SECONDS;
  const faultsOfOurs = [
    ...clients.failures.slice(0, 10),
    ...(clients.fetches === 0 ? ['nobody fetched'] : []),
    ...(clients.leastLeftMs <= 0 || (isLong && renewals === 0) ? ['certificates are not renewed in time'] : []),
    ...(unexplained > place.domains.length ? ['orders came to nothing'] : []),
    ...stormy(),
    ...(perHour > MAX_PER_HOUR && rise > MAX_RISE ? ['memory grows'] : []),
    ...(twice > 0 || made !== expected || lost > 0 ? ['rotations are not what was wanted'] : []),
    ...(daemon.refused !== broken ? ['a broken commit was not refused once'] : []),
    ...(growth > MAX_DESCRIPTORS ? ['descriptors grow'] : []),
    ...(hasCrashed || exitCode !== 0 ? ['the daemon did not end as it should'] : []),
    ...daemon.faults.slice(0, 5),
    ...fake.violations.slice(0, 5),
  ];
  if (never > 0) console.log(`  ${never} hosts were never seen renewed (new ones are not, yet)`);
  for (const fault of faultsOfOurs) console.log(`  OUT OF BOUNDS: ${fault}`);
  if (faultsOfOurs.length > 0) process.exitCode = 1;
  else rmSync(folder, { recursive: true });
}
