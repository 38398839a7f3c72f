/** Floor 4. TLS reports as a part of the daemon: every way in that the config opens, over one intake. */
import type { Config, ReportsConfig } from '../core/config/model.ts';
import { StsyncError } from '../core/error.ts';
import { systemClock } from '../effects/clock.ts';
import { renewedResolver } from '../effects/dns/renewed-resolver.ts';
import { openResolver } from '../effects/dns/resolver.ts';
import { keyLookup } from '../effects/reports/look-up-key.ts';
import { openReportStore } from '../effects/store-sqlite-reports.ts';
import type { IntakeWorld } from '../services/reports/read-intake.ts';
import { ownDomains } from '../services/reports/own-domains.ts';
import { openTakeIn, type TakeIn } from '../services/reports/take-in.ts';
import type { DaemonPart, DaemonView } from './daemon-parts.ts';
import { statePathOf } from './wiring.ts';

/** Nothing else is served meanwhile; what cannot be written comes again. */
const BUSY_MS = 250;

/** What a way in is opened with. */
export interface IntakeView {
  /** `config`: in force when the way is opened. */
  readonly daemon: DaemonView;
  readonly takeIn: TakeIn;
}

interface WayIn {
  readonly isAsked: (reports: ReportsConfig) => boolean;
  readonly open: (view: IntakeView) => Promise<DaemonPart>;
}

/** Each is loaded when a config that comes into force asks for it, and stays to the end of the daemon. */
const ways: readonly WayIn[] = [
  {
    isAsked: ({ https }) => https !== null,
    open: async (view) => (await import('./reports-https.ts')).reportsHttps(view),
  },
  {
    isAsked: ({ lmtp }) => lmtp !== null,
    open: async (view) => (await import('./reports-lmtp.ts')).reportsLmtp(view),
  },
  {
    isAsked: ({ imap }) => imap.length > 0,
    open: async (view) => (await import('./reports-imap.ts')).imapWay(view),
  },
];

export async function reportsPart(daemon: DaemonView): Promise<DaemonPart> {
  // `unbuilt` refuses a database URL for each domain.
  if (daemon.config.state.kind !== 'file') return { close: async () => undefined };
  const part = new ReportsPart(daemon);
  await part.follow();
  return {
    onNews: (before, after) => part.news(before, after),
    close: () => part.close(),
  };
}

type News = Parameters<NonNullable<DaemonPart['onNews']>>;

class ReportsPart {
  readonly #daemon: DaemonView;
  readonly #stopping = new AbortController();
  readonly #resolver = renewedResolver(openResolver, systemClock);
  readonly #open = new Map<WayIn, DaemonPart>();
  #intake: Intake | null = null;
  /** One after the other. */
  #following = Promise.resolve();

  constructor(daemon: DaemonView) {
    this.#daemon = daemon;
  }

  /** What cannot be opened is tried again with the next news. */
  follow(): Promise<void> {
    this.#following = this.#following.then(() => this.#openAsked());
    return this.#following;
  }

  news(...news: News): void {
    for (const part of this.#open.values()) part.onNews?.(...news);
    void this.follow();
  }

  async close(): Promise<void> {
    this.#stopping.abort(new StsyncError('INTERRUPTED', 'the daemon stops'));
    await this.#following;
    await Promise.all([...this.#open.values()].map((part) => part.close()));
    await this.#resolver.close();
    this.#intake?.close();
  }

  async #openAsked(): Promise<void> {
    const config = this.#inForce();
    for (const way of ways) {
      if (this.#open.has(way) || !way.isAsked(config.reports) || this.#stopping.signal.aborted) continue;
      try {
        this.#intake ??= openIntake(this.#daemon, () => this.#world());
        this.#open.set(way, await way.open({ daemon: { ...this.#daemon, config }, takeIn: this.#intake.takeIn }));
      } catch (error) {
        const known = error instanceof StsyncError ? error : new StsyncError('INTERNAL', String(error));
        this.#daemon.log.warn({ hint: known.hint }, `${known.code} TLS reports are not taken in: ${known.message}`);
      }
    }
  }

  #inForce(): Config {
    return this.#daemon.state().inForce?.config ?? this.#daemon.config;
  }

  #world(): Pick<IntakeWorld, 'lookUpKey'> & { readonly config: Config } {
    const config = this.#inForce();
    // A resolver remembers what it asked for: a mail that comes tomorrow asks again.
    return { config, lookUpKey: keyLookup(this.#resolver.current(config.world).fresh(), this.#stopping.signal) };
  }
}

interface Intake {
  readonly takeIn: TakeIn;
  readonly close: () => void;
}

/** The writer of the state, opened with the first way in. Throws what {@link openReportStore} throws. */
function openIntake(
  { config: first }: DaemonView,
  worldNow: () => Pick<IntakeWorld, 'lookUpKey'> & { readonly config: Config },
): Intake {
  const store = openReportStore(statePathOf(first), BUSY_MS);
  let [seen, isOurs] = [first, ownDomains(first.domains)];
  const world = (): IntakeWorld => {
    const { config, lookUpKey } = worldNow();
    // To gather 100,000 names for each mail would take longer than the mail.
    if (config !== seen) [seen, isOurs] = [config, ownDomains(config.domains)];
    const { acceptUnsigned, strict: isStrict } = config.reports;
    return { rules: { acceptUnsigned, isStrict }, lookUpKey, isOurs, now: systemClock.now };
  };
  return { takeIn: openTakeIn(world, store, () => undefined), close: () => store.close() };
}
