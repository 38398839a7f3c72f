/**
 * Floor 3. What the fleet table is sorted and summed up by: sessions of the last 30 days and the end of the certificate, of each domain, in memory. To ask
 * the state for 100,000 domains takes seconds, so it is done in slices with pauses, and only while somebody looks at the page.
 */
import { policyHostOf } from '../../core/plan/record-names.ts';
import type { StateView } from '../../effects/look-at-state.ts';
import { dayOf, daysUntil } from './words.ts';

export interface Figures {
  readonly succeeded: number;
  readonly failed: number;
  /** When the certificate by ACME ends; null: there is none. */
  readonly endsAt: Date | null;
}

export interface FleetFigures {
  readonly of: ReadonlyMap<string, Figures>;
  readonly sums: FleetSums;
  /** When they were asked for; null: the first time is going on. */
  readonly asOf: Date | null;
}

/** Over all domains. */
export interface FleetSums {
  readonly succeeded: number;
  readonly failed: number;
  /** Certificates that end within {@link SOON_DAYS} days. */
  readonly ending: number;
}

export interface FiguresWorld {
  /** Null: there is no state. */
  readonly look: <T>(ask: (view: StateView) => T) => T | null;
  readonly now: () => Date;
  /** Lets the rest of the daemon work for a moment. */
  readonly pause: () => Promise<void>;
  /** The figures of before stay. */
  readonly onTrouble: (error: unknown) => void;
}

export const FIGURE_DAYS = 30;
/** Less than two weeks before its end a certificate should have been renewed long ago. */
export const SOON_DAYS = 14;
/** So many are asked for while the page waits. */
const AT_ONCE = 200;
/** The event loop waits no longer than this, and for no more domains than that. */
const SLICE_MS = 8;
const SLICE = 100;
const FRESH_MS = 60_000;
const DAY_MS = 86_400_000;

/** The days that figures are about. */
export function figureDays(now: Date): { readonly since: string; readonly until: string } {
  return { since: dayOf(new Date(now.getTime() - (FIGURE_DAYS - 1) * DAY_MS)), until: dayOf(now) };
}

/** To be called for each page: gives what is there, and sees to it that it is soon not older than a minute. */
export function openFleetFigures(world: FiguresWorld): (rows: readonly { readonly domain: string }[]) => FleetFigures {
  let known: FleetFigures = { of: new Map(), sums: NO_SUMS, asOf: null };
  let isOn = false;
  let triedAt: Date | null = null;
  const refresh = async (rows: readonly { readonly domain: string }[]): Promise<void> => {
    const of = new Map<string, Figures>();
    // The first time the page shows how far it is.
    if (known.asOf === null) known = { of, sums: NO_SUMS, asOf: null };
    const asOf = world.now();
    for (let next = 0; next < rows.length;) {
      await world.pause();
      next += ask(world, rows.slice(next, next + SLICE), of);
    }
    known = { of, sums: sumOf(of, asOf), asOf };
  };
  return (rows) => {
    const now = world.now();
    if (rows.length <= AT_ONCE) {
      const of = new Map<string, Figures>();
      for (let next = 0; next < rows.length;) next += ask(world, rows.slice(next), of);
      known = { of, sums: sumOf(of, now), asOf: now };
      return known;
    }
    const isFresh = triedAt !== null && now.getTime() - triedAt.getTime() < FRESH_MS;
    if (!isOn && !isFresh) {
      isOn = true;
      void refresh(rows)
        .catch(world.onTrouble)
        .finally(() => {
          [isOn, triedAt] = [false, world.now()];
        });
    }
    return known;
  };
}

/** Gives how many of them it came to. */
function ask(
  { look, now }: FiguresWorld,
  rows: readonly { readonly domain: string }[],
  into: Map<string, Figures>,
): number {
  const startedAt = now();
  const days = figureDays(startedAt);
  const done = look(({ dashboard }) => {
    let count = 0;
    for (const { domain } of rows) {
      const { succeeded, failed } = dashboard.sessions(domain, days);
      const endsAt = dashboard.certificateEnd(policyHostOf(domain));
      if (succeeded + failed > 0 || endsAt !== null) into.set(domain, { succeeded, failed, endsAt });
      count++;
      if (now().getTime() - startedAt.getTime() >= SLICE_MS) break;
    }
    return count;
  });
  return done ?? rows.length;
}

const NO_SUMS: FleetSums = { succeeded: 0, failed: 0, ending: 0 };

function sumOf(of: ReadonlyMap<string, Figures>, now: Date): FleetSums {
  let { succeeded, failed, ending } = NO_SUMS;
  for (const one of of.values()) {
    succeeded += one.succeeded;
    failed += one.failed;
    if (one.endsAt !== null && daysUntil(one.endsAt, now) < SOON_DAYS) ending++;
  }
  return { succeeded, failed, ending };
}
