/** Floor 4. `stsync daemon`: the loop, and around it what wakes it (schedule, files, signals) and what ends it. */
import type { Config } from '../core/config/model.ts';
import { StsyncError } from '../core/error.ts';
import { systemClock } from '../effects/clock.ts';
import { type Log, openLog } from '../effects/log.ts';
import { scheduleCron } from '../effects/schedule-cron.ts';
import { openStoreReadOnly } from '../effects/store-sqlite.ts';
import { notifySystemd } from '../effects/systemd-notify.ts';
import { watchConfig } from '../effects/watch-config.ts';
import { type First, type Kept, RunLoop, type RunRequest } from '../services/daemon/run-loop.ts';
import { DaemonConfigFiles, type Faulty } from './daemon-config.ts';
import { openTurn, type Turn } from './daemon-lease.ts';
import { type DaemonPart, daemonParts } from './daemon-parts.ts';
import { reportFaults } from './load.ts';
import type { DaemonOptions } from './program.ts';
import { realRun } from './real-run.ts';
import { Outside } from './wiring.ts';

/** How long a run waits for a `sync` to end before it leaves its work to the next one. */
const LOCK_WAIT_MS = 60_000;
/** A stand-by without a config looks so often whether there is one now. */
const LOOK_AGAIN_MS = 2000;
/** What still holds a connection when all is done does not hold the process longer than this. */
const LINGER_MS = 500;

export async function runDaemon(options: DaemonOptions, version: string): Promise<number> {
  const log = openLog({ level: options.verbose ? 'debug' : 'info', now: systemClock.now, stream: process.stderr });
  let loop: RunLoop | null = null;
  const files = new DaemonConfigFiles(options, log, {
    onUnread: () => loop?.trigger('git'),
    onFailure: (failure) => loop?.noteSource(failure),
  });
  const begun = await files.begin();
  if (begun.kind === 'faulty') return refuseStart(begun);
  const { statePath } = begun;
  const stopping = stopSignal(log);
  // From here on: without a listener it ends the process, and the first fetch may take a while.
  process.on('SIGHUP', () => loop?.trigger('sighup'));
  const parts: DaemonPart[] = [];
  // With `source:` the config is in a clone, which one daemon alone may fetch.
  let turn = begun.kind === 'source' ? openTurn(statePath, stopping) : null;
  try {
    const first =
      begun.kind === 'whole' || turn === null ? begun.first : await firstOfSource(files, turn, stopping, log);
    if (first === null) return 0;
    if ('faults' in first) return refuseStart(first);
    loop = openLoop(first, files, log, parts);
    const { config, commit } = first;
    const { length: domains } = config.domains;
    const { schedule } = config;
    log.info({ pid: process.pid, state: statePath, domains, schedule, commit }, 'stsync daemon starts');
    const { state, trigger } = loop;
    const uploads = { door: null };
    for (const start of daemonParts) parts.push(await start({ config, state, trigger, log, version, uploads }));
    turn ??= openTurn(statePath, stopping);
    await lead(loop, turn, { statePath, files, stopping, log });
    return 0;
  } finally {
    files.follower.stop();
    await turn?.close();
    for (const part of parts) await part.close();
    log.info({ pid: process.pid }, 'stsync daemon stopped');
    setTimeout(() => process.exit(), LINGER_MS).unref();
  }
}

function refuseStart({ faults }: Faulty): number {
  reportFaults(faults);
  return 1;
}

/** A stand-by takes what the other one has fetched. Null: the daemon was stopped before there was anything. */
async function firstOfSource(
  files: DaemonConfigFiles,
  turn: Turn,
  stopping: AbortSignal,
  log: Log,
): Promise<First | Faulty | null> {
  const holder = await turn.holder;
  let [isStandby, isTold] = [holder !== null, false];
  while (isStandby) {
    const first = await files.readFirst();
    if (first !== null) return first;
    if (!isTold) log.info({ holder }, 'another daemon works on this state and has fetched nothing so far');
    isTold = true;
    isStandby = await isHeld(turn, LOOK_AGAIN_MS);
  }
  try {
    return stopping.aborted ? null : await files.fetchFirst(stopping);
  } catch (error) {
    if (stopping.aborted) return null;
    throw error;
  }
}

/** After so long; false at once when the lease is ours, or the daemon stops. */
async function isHeld({ lease }: Turn, ms: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const cancel = systemClock.after(ms, () => resolve(true));
  const isStill = await Promise.race([lease.then(() => false), promise]);
  cancel();
  return isStill;
}

function openLoop(first: First, { load }: DaemonConfigFiles, log: Log, parts: readonly DaemonPart[]): RunLoop {
  const logger = {
    debug: (message: string | Error) => log.debug({}, `node-cron: ${String(message)}`),
    info: (message: string) => log.info({}, `node-cron: ${message}`),
    warn: (message: string) => log.warn({}, `node-cron: ${message}`),
    error: (message: string | Error) => log.error({}, `node-cron: ${String(message)}`),
  };
  const world = {
    clock: systemClock,
    log,
    load,
    run,
    schedule: ({ schedule, daemon }: Config, onDue: (reason: 'schedule' | 'missed') => void) =>
      scheduleCron({
        expression: schedule,
        timezone: daemon.timezone,
        clock: systemClock,
        random: Math.random,
        onDue,
        logger,
      }),
    onNews: (...states: Parameters<NonNullable<DaemonPart['onNews']>>) =>
      parts.forEach((part) => part.onNews?.(...states)),
  };
  return new RunLoop(world, first);
}

interface Leading {
  readonly statePath: string;
  readonly files: DaemonConfigFiles;
  readonly stopping: AbortSignal;
  readonly log: Log;
}

/** From here to the end of the daemon: waits for the lease, works, and stops. */
async function lead(loop: RunLoop, turn: Turn, { statePath, files, stopping, log }: Leading): Promise<void> {
  const holder = await turn.holder;
  if (holder !== null) {
    log.info({ holder }, 'another daemon works on this state; standing by');
    void tellSystemd(log, 'READY=1', 'STATUS=standing by');
  }
  if ((await turn.lease) === null) return;
  if (holder !== null) log.warn({}, 'the other daemon is gone; taking over');
  loop.lead(holder === null ? 'start' : 'takeover', readKept(statePath));
  const watch = watchConfig({ paths: files.paths, clock: systemClock, onChange: () => loop.trigger('config') });
  await tellSystemd(log, 'READY=1', 'STATUS=working');
  await ended(stopping);
  watch.stop();
  files.follower.stop();
  const stopped = loop.stop();
  await tellSystemd(log, 'STOPPING=1');
  if (!(await stopped)) log.warn({}, 'a step did not end in time; the next run reads what became of it');
}

/** One run, with the outside world opened for it alone: what it remembers of DNS is for one run. */
async function run({ inForce: { config, commit }, only, paceMs, signal, keep }: RunRequest): Promise<void> {
  const names = only === null ? null : new Set(only);
  const outside = await Outside.open(
    config,
    config.domains.filter((one) => names === null || names.has(one.domain)),
  );
  const options = {
    only,
    paceMs,
    allow: [],
    isRotationAsked: false,
    reviewed: null,
    servedSince: null,
    onProgress: () => undefined,
  };
  try {
    await realRun(
      config,
      outside,
      { command: 'daemon', waitMs: LOCK_WAIT_MS, commit, signal, options },
      (report, store) => {
        const { known, lastGoodRunAt } = keep(report);
        store.saveDomainStates(known, lastGoodRunAt);
      },
    );
  } finally {
    await outside.close();
  }
}

function readKept(statePath: string): Kept {
  const store = openStoreReadOnly(statePath);
  try {
    return { known: store?.domainStates() ?? new Map(), lastGoodRunAt: store?.lastGoodRunAt() ?? null };
  } finally {
    store?.close();
  }
}

/** The first SIGTERM or Ctrl-C stops in order; the second one at once, as the user means it. */
function stopSignal(log: Log): AbortSignal {
  const controller = new AbortController();
  for (const [name, number] of [
    ['SIGTERM', 15],
    ['SIGINT', 2],
  ] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(128 + number);
      log.info({ signal: name }, 'stopping');
      controller.abort(new StsyncError('INTERRUPTED', 'the daemon stops'));
    });
  }
  return controller.signal;
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function tellSystemd(log: Log, ...assignments: readonly string[]): Promise<void> {
  const problem = await notifySystemd(assignments);
  if (problem !== null) log.warn({}, problem);
}
