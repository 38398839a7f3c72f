/** Floor 2. A resolver for what runs for months: a {@link RunResolver} remembers each zone that it found, so it is opened anew again and again. */
import type { WorldConfig } from '../../core/config/model.ts';
import type { Clock } from '../clock.ts';
import type { RunResolver } from './resolver.ts';

/** No delegation is held for longer. */
const LONGEST_MS = 3_600_000;
/** Strangers choose the names that are asked for. */
const MOST_USES = 10_000;
/** What is under way with the one before has ended by then. */
const LINGER_MS = 60_000;

export interface RenewedResolver {
  /** For one piece of work. Opened anew also when `world` is another one than the last time. */
  readonly current: (world: WorldConfig) => RunResolver;
  readonly close: () => Promise<void>;
}

export function renewedResolver(open: (world: WorldConfig) => RunResolver, clock: Clock): RenewedResolver {
  let now: { readonly world: WorldConfig; readonly resolver: RunResolver; readonly sinceMs: number } | null = null;
  let uses = 0;
  /** Those before, each with what takes back its end. */
  const leaving = new Map<RunResolver, () => void>();
  const leave = (resolver: RunResolver): void => {
    const end = (): void => {
      leaving.delete(resolver);
      void resolver.close();
    };
    leaving.set(resolver, clock.after(LINGER_MS, end));
  };
  return {
    current: (world) => {
      const atMs = clock.now().getTime();
      const isGood =
        now !== null && now.world === world && uses < MOST_USES && Math.abs(atMs - now.sinceMs) < LONGEST_MS;
      if (now === null || !isGood) {
        if (now !== null) leave(now.resolver);
        now = { world, resolver: open(world), sinceMs: atMs };
        uses = 0;
      }
      uses += 1;
      return now.resolver;
    },
    close: async () => {
      for (const cancel of leaving.values()) cancel();
      await Promise.all([...leaving.keys(), ...(now === null ? [] : [now.resolver])].map((one) => one.close()));
    },
  };
}
