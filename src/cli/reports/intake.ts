/** Floor 4. What a command takes reports in with: the state, DNS for keys, and the rules of the config. */
import type { Config } from '../../core/config/model.ts';
import { systemClock } from '../../effects/clock.ts';
import { openResolver } from '../../effects/dns/resolver.ts';
import { keyLookup } from '../../effects/reports/look-up-key.ts';
import type { ReportStore } from '../../effects/report-store.ts';
import { openReportStore } from '../../effects/store-sqlite-reports.ts';
import { ownDomains } from '../../services/reports/own-domains.ts';
import { pruneReports } from '../../services/reports/prune-reports.ts';
import type { IntakeWorld } from '../../services/reports/read-intake.ts';
import { interruptSignal, statePathOf } from '../wiring.ts';

export interface IntakeOptions {
  readonly acceptUnsigned?: true;
  readonly strict?: true;
}

/** Closes what it opened; what is over its time has left the state by then. Throws what `work` and the state throw. */
export async function withIntake<T>(
  { world: look, reports, state, domains }: Config,
  options: IntakeOptions,
  work: (store: ReportStore, world: IntakeWorld) => Promise<T>,
): Promise<T> {
  const resolver = openResolver(look);
  const signal = interruptSignal();
  try {
    const store = openReportStore(statePathOf({ state }));
    try {
      const rules = {
        acceptUnsigned: options.acceptUnsigned ?? reports.acceptUnsigned,
        isStrict: options.strict ?? reports.strict,
      };
      const lookUpKey = keyLookup(resolver, signal);
      const { now } = systemClock;
      const result = await work(store, { rules, lookUpKey, isOurs: ownDomains(domains), now });
      await pruneReports(store, reports.keep, { now: now(), pause: async () => undefined, signal });
      return result;
    } finally {
      store.close();
    }
  } finally {
    await resolver.close();
  }
}
