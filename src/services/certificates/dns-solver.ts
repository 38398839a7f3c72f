/**
 * Floor 3. DNS-01 (RFC 8555 §8.4): a TXT record at `_acme-challenge.HOST`, or where a CNAME there leads to a name that we can write. What others have
 * at the name stays, before and after.
 */
import { StsyncError } from '../../core/error.ts';
import { rdataText, type RecordSet, sameRdata, txtSet } from '../../core/record-set.ts';
import { dnsValue } from '../../effects/acme/client.ts';
import { type Clock, sleep } from '../../effects/clock.ts';
import { agreedSet } from '../../effects/dns/agree.ts';
import type { Resolver } from '../../effects/dns/resolver.ts';
import type { Provider } from '../../provider.ts';
import { applyChanges } from '../apply-records.ts';
import type { ChallengeSolver } from './challenge-solver.ts';

export interface DnsSolverWorld {
  /** Who holds the zone of a name (`_acme-challenge.mta-sts.example.com`) and may write there; null: nobody of ours. */
  readonly providerOf: (name: string) => Provider | null;
  /** One that remembers nothing; it is closed after each look. */
  readonly openResolver: () => Resolver;
  readonly clock: Clock;
  /** How long the name servers may take to show the record; 2 minutes. */
  readonly patienceMs?: number;
}

const TTL_SECONDS = 60;
const PATIENCE_MS = 120_000;
const POLL_MS = 1_000;
/** Several orders may write at one name, where several customers' CNAMEs lead there. */
const TRIES = 10;
const RACE_MS = 100;
const HIDE_MS = 30_000;

/** `PROVIDER_*` and `ZONE_NOT_FOUND` come out of `present` as they are; `ZONE_NOT_FOUND` also where no provider of ours holds the name. */
export function dnsSolver(world: DnsSolverWorld): ChallengeSolver {
  return {
    type: 'dns-01',
    present: async (host, { keyAuthorization }, signal) => {
      const value = dnsValue(keyAuthorization);
      const name = await endOf(`_acme-challenge.${host}`, world, signal);
      const provider = world.providerOf(name);
      if (provider === null) throw notOurs(host, name);
      await change(
        provider,
        name,
        (others) => [...others, ...txtSet(name, TTL_SECONDS, [value]).rdata],
        value,
        world,
        signal,
      );
      // Without the signal: it is taken away also when the daemon ends, within the time that this has then.
      const hide = (): Promise<void> =>
        change(provider, name, (others) => others, value, world, AbortSignal.timeout(HIDE_MS));
      try {
        await shown(name, value, world, signal);
      } catch (error) {
        await hide();
        throw error;
      }
      return hide;
    },
  };
}

/** Where CNAMEs lead, as the CA follows them. */
async function endOf(name: string, { openResolver }: DnsSolverWorld, signal: AbortSignal): Promise<string> {
  const resolver = openResolver();
  try {
    const { servers } = await resolver.lookup(name, 'TXT', signal);
    const chains = servers.flatMap(({ outcome }) => (outcome.kind === 'answer' ? [outcome.chain] : []));
    const last = chains.find((chain) => chain.length > 0)?.at(-1);
    return last === undefined ? name : rdataText('CNAME', last.rdata[0] ?? name);
  } finally {
    await resolver.close();
  }
}

/** To what `edit` makes of the records of others, which stay as they are; again when somebody else wrote in between. */
async function change(
  provider: Provider,
  name: string,
  edit: (others: readonly string[]) => readonly string[],
  value: string,
  { clock }: DnsSolverWorld,
  signal: AbortSignal,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    const [before = null] = await provider.read([{ name, type: 'TXT' }], signal);
    const rdata = edit((before?.rdata ?? []).filter((one) => rdataText('TXT', one) !== value));
    const ttlSeconds = before?.ttlSeconds ?? TTL_SECONDS;
    const after: RecordSet | null = rdata.length === 0 ? null : { name, type: 'TXT', ttlSeconds, rdata };
    if (sameRdata(before, after)) return;
    try {
      await applyChanges(provider, [{ name, type: 'TXT', before, after }], signal);
      return;
    } catch (error) {
      const isOther = error instanceof StsyncError && error.code === 'CHANGED_SINCE_READ';
      if (!isOther || tries === TRIES) throw error;
      await sleep(clock, RACE_MS * tries, signal);
    }
  }
}

/** Until every authoritative server that answers shows it: a CA asks any of them. */
async function shown(name: string, value: string, world: DnsSolverWorld, signal: AbortSignal): Promise<void> {
  const { clock, openResolver, patienceMs = PATIENCE_MS } = world;
  const until = clock.now().getTime() + patienceMs;
  for (;;) {
    const resolver = openResolver();
    try {
      const agreed = agreedSet(await resolver.lookup(name, 'TXT', signal));
      const texts = agreed.kind === 'set' ? (agreed.set?.rdata ?? []) : [];
      if (texts.some((rdata) => rdataText('TXT', rdata) === value)) return;
    } finally {
      await resolver.close();
    }
    if (clock.now().getTime() >= until) throw notShown(name, patienceMs);
    await sleep(clock, POLL_MS, signal);
  }
}

function notOurs(host: string, name: string): StsyncError {
  return new StsyncError('ZONE_NOT_FOUND', `no provider holds ${name}, where the challenge for ${host} belongs`, {
    hint: `let _acme-challenge.${host} be a CNAME to a name in a zone of yours, or order by \`challenge: http-01\``,
    where: name,
  });
}

function notShown(name: string, patienceMs: number): StsyncError {
  return new StsyncError(
    'DNS_DIFFERS',
    `not every name server shows the challenge at ${name} within ${patienceMs / 1000} s`,
    {
      hint: 'look at the name servers of the zone: one may be behind',
      where: name,
      retryable: true,
    },
  );
}
