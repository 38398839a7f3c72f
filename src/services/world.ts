/** Floor 3. The outside world as the services need it, handed in: for a look (nothing in it can write, rule 11) and for a run. */
import type { DomainConfig } from '../core/config/model.ts';
import type { Resolver } from '../effects/dns/resolver.ts';
import type { PolicyFetcher } from '../effects/fetch-policy.ts';
import type { MxProbe } from '../effects/probe-mx.ts';
import type { PolicyReader } from '../effects/publisher.ts';
import type { RecordReader } from '../provider.ts';

/** What senders see, through the network. */
export interface Network {
  /** Remembers its answers for one run. */
  readonly resolver: Resolver;
  /** One that remembers no answer yet: to see what just changed. It ends with `resolver`. */
  readonly freshResolver: () => Resolver;
  readonly fetcher: PolicyFetcher;
  /** Null: `smtpProbe: off`. */
  readonly probe: MxProbe | null;
  /** How long a change is waited for before a later run goes on (DESIGN section 3: at most 30 s). */
  readonly patienceMs: number;
}

export interface ReadingWorld {
  /** By the name in `providers:`. */
  readonly readers: ReadonlyMap<string, RecordReader>;
  readonly policies: (wanted: DomainConfig) => PolicyReader;
  readonly network: Network;
  readonly signal: AbortSignal;
}
