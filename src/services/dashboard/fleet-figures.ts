/**
 * Floor 3. What the fleet table is sorted and summed up by: sessions of the last 30 days and the end of the certificate, of each domain, in memory. To ask
 * the state for 100,000 domains takes seconds, so it is done in slices with pauses, and only while somebody looks at the page.
 */
import { policyHostOf } from '../../core/plan/record-names.ts';
import type { StateView } from '../../effects/look-at-state.ts';
import { dayOf } from './words.ts';

export interface Figures {
  readonly succeeded: number;
  readonly failed: number;
  /** When the certificate by ACME ends; null: there is none. */
  readonly endsAt: Date | null;
}

export interface FleetFigures {
  readonly of: ReadonlyMap<string, Figures>;
  /** When they were asked for; null: the first time is going on. */
  readonly asOf: Date | null;
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
/** So many are asked for while the page waits. */
const AT_ONCE = 200;
/** Some 5 ms. */
const SLICE = 100;
const FRESH_MS = 60_000;
const DAY_MS = 86_400_000;

/** The days that figures are about. */
export function figureDays(now: Date): { readonly since: string; readonly until: string } {
  return { since: dayOf(new Date(now.getTime() - (FIGURE_DAYS - 1) * DAY_MS)), until: dayOf(now) };
}

/** To be called for each page: gives what is there, and sees to it that it is soon not older than a minute. */
export function openFleetFigures(world: FiguresWorld): (domains: readonly string[]) => FleetFigures {
  let known: FleetFigures = { of: new Map(), asOf: null };
  let isOn = false;
  let triedAt: Date | null = null;
  const refresh = async (domains: readonly string[]): Promise<void> => {
    const next = new Map<string, Figures>();
    // The first time the page shows how far it is.
    if (known.asOf === null) known = { of: next, asOf: null };
    const asOf = world.now();
    for (let first = 0; first < domains.length; first += SLICE) {
      await world.pause();
      ask(world, domains.slice(first, first + SLICE), next);
    }
    known = { of: next, asOf };
  };
  return (domains) => {
    const now = world.now();
    if (domains.length <= AT_ONCE) {
      const of = new Map<string, Figures>();
      ask(world, domains, of);
      known = { of, asOf: now };
      return known;
    }
    const isFresh = triedAt !== null && now.getTime() - triedAt.getTime() < FRESH_MS;
    if (!isOn && !isFresh) {
      isOn = true;
      void refresh(domains)
        .catch(world.onTrouble)
        .finally(() => {
          [isOn, triedAt] = [false, world.now()];
        });
    }
    return known;
  };
}

function ask({ look, now }: FiguresWorld, domains: readonly string[], into: Map<string, Figures>): void {
  const days = figureDays(now());
  look(({ dashboard }) => {
    for (const domain of domains) {
      const { succeeded, failed } = dashboard.sessions(domain, days);
      const endsAt = dashboard.certificateEnd(policyHostOf(domain));
      if (succeeded + failed > 0 || endsAt !== null) into.set(domain, { succeeded, failed, endsAt });
    }
  });
}
