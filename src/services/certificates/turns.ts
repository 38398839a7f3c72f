/** Floor 3. When the order of each waiting host can begin, from the state alone: for a run, which tells the owners of domains. */
import { atDirectory } from '../../core/certificates/change.ts';
import { decideNext } from '../../core/certificates/decide.ts';
import { fullQueue, turnsOf } from '../../core/certificates/order-queue.ts';
import type { AcmeConfig } from '../../core/config/model.ts';
import type { StoreReader } from '../../effects/store.ts';

/** Null: it waits for none, or nobody has asked for it yet. */
export type TurnOf = (host: string, acme: AcmeConfig, now: Date) => Date | null;

/** All turns at a CA are worked out with the first question about it, and stay for the run. `store` null: there is no state. */
export function openTurns(store: Pick<StoreReader, 'certificates' | 'orderQueue'> | null): TurnOf {
  const byCa = new Map<string, ReadonlyMap<string, Date>>();
  return (host, acme, now) => {
    if (store === null) return null;
    const key = JSON.stringify([acme.directoryUrl, acme.orders]);
    const turns = byCa.get(key) ?? turnsAt(acme, store, now);
    byCa.set(key, turns);
    return turns.get(host) ?? null;
  };
}

function turnsAt(
  { directoryUrl, orders }: AcmeConfig,
  store: Pick<StoreReader, 'certificates' | 'orderQueue'>,
  now: Date,
): ReadonlyMap<string, Date> {
  const waiting = store.certificates().flatMap((facts) => {
    const next = decideNext(atDirectory(facts, directoryUrl), directoryUrl, now);
    return next.kind === 'order' ? [next] : [];
  });
  return turnsOf(waiting, store.orderQueue(directoryUrl) ?? fullQueue(orders, now), orders, now);
}
