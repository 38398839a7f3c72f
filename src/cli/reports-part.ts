/** Floor 4. TLS reports as a part of the daemon: every way in that the config opens, over one intake. */
import type { Config } from '../core/config/model.ts';
import { systemClock } from '../effects/clock.ts';
import { openResolver } from '../effects/dns/resolver.ts';
import { keyLookup } from '../effects/reports/look-up-key.ts';
import { openReportStore } from '../effects/store-sqlite-reports.ts';
import type { IntakeWorld } from '../services/reports/read-intake.ts';
import { ownDomains } from '../services/reports/own-domains.ts';
import { openTakeIn, type TakeIn } from '../services/reports/take-in.ts';
import type { DaemonPart, DaemonView } from './daemon-parts.ts';
import { statePathOf } from './wiring.ts';

/** What a way in is opened with. */
export interface IntakeView {
  readonly daemon: DaemonView;
  readonly takeIn: TakeIn;
}

/** Ways in, each started once with the daemon: nothing is opened where `reports:` at the start says nothing. */
const ways: readonly ((view: IntakeView) => Promise<DaemonPart>)[] = [];

export async function reportsPart(daemon: DaemonView): Promise<DaemonPart> {
  const { config, state } = daemon;
  if (ways.length === 0) return { close: async () => undefined };
  const stopping = new AbortController();
  const store = openReportStore(statePathOf(config));
  const inForce = (): Config => state().inForce?.config ?? config;
  const resolver = openResolver(config.world);
  let [seen, isOurs] = [config, ownDomains(config.domains)];
  const world = (): IntakeWorld => {
    const now = inForce();
    // To gather 100,000 names for each mail would take longer than the mail.
    if (now !== seen) [seen, isOurs] = [now, ownDomains(now.domains)];
    const { acceptUnsigned, strict: isStrict } = now.reports;
    // A resolver remembers what it asked for: a mail that comes tomorrow asks again.
    const lookUpKey = keyLookup(resolver.fresh(), stopping.signal);
    return { rules: { acceptUnsigned, isStrict }, lookUpKey, isOurs, now: systemClock.now };
  };
  const takeIn = openTakeIn(world, store, () => undefined);
  const parts = await Promise.all(ways.map((open) => open({ daemon, takeIn })));
  return {
    onNews: (before, after) => parts.forEach((part) => part.onNews?.(before, after)),
    close: async () => {
      stopping.abort();
      await Promise.all(parts.map((part) => part.close()));
      await resolver.close();
      store.close();
    },
  };
}
