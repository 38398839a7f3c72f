/**
 * Floor 2. `schedule:` as a clock that calls. node-cron knows what the line means; the waiting is ours, for node-cron 4.6.0 was seen to leave
 * out the whole doubled hour in autumn, the whole day of a time that spring has not, and, after the clock was set back, every run until the
 * old time comes again. Here each minute is asked about as it comes, in the wall time of the zone, and so is each that was slept through.
 */
import { createTask, type Logger, parse, type ScheduledTask } from 'node-cron';
import type { Clock } from './clock.ts';

export interface CronOptions {
  /** Five fields, or six with seconds in front. */
  readonly expression: string;
  /** IANA name. */
  readonly timezone: string;
  readonly clock: Clock;
  /** 0 to 1: which part of the small delay is waited, so that not every stsync of the world asks at the same second. */
  readonly random: () => number;
  /** `missed`: its time is over, for the machine slept, was busy, or its clock was set forward. However many were missed, it is called once. */
  readonly onDue: (reason: 'schedule' | 'missed') => void;
  readonly logger: Logger;
}

export interface CronSchedule {
  /** Null: never again within a century. */
  readonly nextAt: () => Date | null;
  /** Between the next two times. */
  readonly intervalMs: () => number;
  readonly stop: () => void;
}

/** A clock that is set is noticed within this. */
const LONGEST_SLEEP_MS = 30_000;
/** So many minutes (or seconds) are asked about one by one. */
const WALK = 3600;
const LONGEST_DELAY_MS = 30_000;
/** The delay is at most this part of the interval. */
const DELAY_PART = 1 / 20;

/** Begins at once; the first call is for the first time after now. Throws node-cron's error, which is a sentence, for a line that is none. */
export function scheduleCron(options: CronOptions): CronSchedule {
  const { expression, timezone, clock, logger } = options;
  const unitMs = expression.trim().split(/\s+/).length === 6 ? 1000 : 60_000;
  // First, for a zone that is none is noticed here.
  const wallTime = wallTimeIn(timezone, unitMs);
  const wall = createTask(expression, () => undefined, { timezone: 'UTC', logger });
  const far = createTask(expression, () => undefined, { timezone, logger });
  const cron = new Cron(options, unitMs, wallTime, wall, far);
  cron.sleep();
  return {
    nextAt: () => cron.nextAfter(clock.now()),
    intervalMs: () => cron.intervalMs(),
    stop: () => {
      cron.stop();
      for (const task of [wall, far]) void task.destroy();
    },
  };
}

class Cron {
  readonly #unitMs: number;
  readonly #options: CronOptions;
  /** The line read as UTC: asked about the wall time of the zone, which may be one that no moment has. */
  readonly #wall: ScheduledTask;
  /** The line in the zone: for times that are far. */
  readonly #far: ScheduledTask;
  readonly #wallTime: (unit: number) => number;
  readonly #clockTimes: Readonly<Record<'hours' | 'minutes' | 'seconds', ReadonlySet<number>>>;
  /** The last minute (or second) since 1970 that was asked about. */
  #last: number;
  #interval: { readonly until: number; readonly ms: number } = { until: 0, ms: 0 };
  #cancelSleep: (() => void) | null = null;
  #cancelDelay: (() => void) | null = null;

  constructor(
    options: CronOptions,
    unitMs: number,
    wallTime: (unit: number) => number,
    wall: ScheduledTask,
    far: ScheduledTask,
  ) {
    this.#options = options;
    this.#unitMs = unitMs;
    this.#wallTime = wallTime;
    this.#wall = wall;
    this.#far = far;
    const { hour, minute, second } = parse(options.expression);
    this.#clockTimes = { hours: new Set(hour), minutes: new Set(minute), seconds: new Set(second) };
    this.#last = this.#unitOf(options.clock.now());
  }

  /** Until the next minute (or second), and then again. */
  sleep(): void {
    const { clock } = this.#options;
    const ms = Math.min(LONGEST_SLEEP_MS, this.#unitMs - (clock.now().getTime() % this.#unitMs));
    this.#cancelSleep = clock.after(ms, () => {
      this.#beat();
      this.sleep();
    });
  }

  stop(): void {
    this.#cancelSleep?.();
    this.#cancelDelay?.();
  }

  #beat(): void {
    const { clock } = this.#options;
    const now = this.#unitOf(clock.now());
    const last = this.#last;
    // Set back: it goes on from there. What it then comes by again may run again, which changes nothing.
    this.#last = now;
    if (now <= last) return;
    if (now - last > WALK) return this.#ring('missed');
    let reason: 'schedule' | 'missed' | null = null;
    for (let unit = last + 1; unit <= now; unit++) {
      if (this.#isDue(unit)) reason = unit === now ? 'schedule' : 'missed';
    }
    if (reason !== null) this.#ring(reason);
  }

  nextAfter(from: Date): Date | null {
    const first = this.#unitOf(from) + 1;
    for (let unit = first; unit < first + WALK; unit++) {
      if (this.#isDue(unit)) return new Date(unit * this.#unitMs);
    }
    try {
      return this.#far.getNextRuns(1)[0] ?? null;
    } catch {
      return null;
    }
  }

  intervalMs(): number {
    const now = this.#options.clock.now();
    // Worked out once an interval: a line of six fields may ring each second.
    if (now.getTime() < this.#interval.until) return this.#interval.ms;
    const next = this.nextAfter(now);
    const second = next === null ? null : this.nextAfter(next);
    const ms = next === null || second === null ? LONGEST_INTERVAL_MS : second.getTime() - next.getTime();
    this.#interval = { until: next?.getTime() ?? 0, ms: ms > 0 ? ms : LONGEST_INTERVAL_MS };
    return this.#interval.ms;
  }

  #ring(reason: 'schedule' | 'missed'): void {
    const { clock, random, onDue } = this.#options;
    const delayMs = random() * Math.min(LONGEST_DELAY_MS, this.intervalMs() * DELAY_PART);
    this.#cancelDelay?.();
    this.#cancelDelay = clock.after(delayMs, () => onDue(reason));
  }

  /** Also for a wall time that was left out since the minute before: spring has no 02:30, and what is to happen then happens at 03:00. */
  #isDue(unit: number): boolean {
    const [before, wall] = [this.#wallTime(unit - 1), this.#wallTime(unit)];
    if (wall <= before) return this.#matches(new Date(wall));
    for (let time = before + this.#unitMs; time <= wall; time += this.#unitMs) {
      if (this.#matches(new Date(time))) return true;
    }
    return false;
  }

  /** node-cron takes 50 us to say no, and nearly always it is the hour or the minute. */
  #matches(wall: Date): boolean {
    const { hours, minutes, seconds } = this.#clockTimes;
    const isTime =
      minutes.has(wall.getUTCMinutes()) && hours.has(wall.getUTCHours()) && seconds.has(wall.getUTCSeconds());
    return isTime && this.#wall.match(wall);
  }

  #unitOf(date: Date): number {
    return Math.floor(date.getTime() / this.#unitMs);
  }
}

/** Of a line that rings once in a time that is too far to see. */
const LONGEST_INTERVAL_MS = 24 * 3_600_000;

/** Zones change their offset at whole quarters of an hour, so it is worked out once for each. */
const QUARTER_MS = 900_000;

/** The wall time of a zone at a minute (or second) since 1970, in milliseconds as if it were UTC. */
function wallTimeIn(timezone: string, unitMs: number): (unit: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const offsetAt = (time: number): number => {
    const parts = new Map(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]));
    const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
    const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
    return wall - time;
  };
  let known = { quarter: Number.NaN, offsetMs: 0 };
  return (unit) => {
    const quarter = Math.floor((unit * unitMs) / QUARTER_MS);
    if (quarter !== known.quarter) known = { quarter, offsetMs: offsetAt(quarter * QUARTER_MS) };
    return unit * unitMs + known.offsetMs;
  };
}
