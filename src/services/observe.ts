/** Floor 3. One look at one domain, through its providers and its publisher (`observe: provider`, `proof: file`). It only reads. */
import type { DomainConfig } from '../core/config/model.ts';
import { StsyncError } from '../core/error.ts';
import { byCodePoint } from '../core/names.ts';
import type { MxFact, Observation, PolicyFact, ProviderView, Unreadable } from '../core/plan/observation.ts';
import { allProviders, observedKeys, policyHostOf } from '../core/plan/record-names.ts';
import { parsePolicy } from '../core/policy.ts';
import { rdataText, txtSet } from '../core/record-set.ts';
import type { PolicyReader } from '../effects/publisher.ts';
import type { RecordReader } from '../provider.ts';

/** The world as a look needs it; all of it can only read (rule 11). */
export interface ReadingWorld {
  /** By the name in `providers:`. */
  readonly readers: ReadonlyMap<string, RecordReader>;
  readonly policies: (wanted: DomainConfig) => PolicyReader;
  readonly signal: AbortSignal;
}

/** Never throws: what cannot be read is a fact of its own. */
export async function observeDomain(wanted: DomainConfig, world: ReadingWorld): Promise<Observation> {
  const [views, mx, policy] = await Promise.all([
    Promise.all(allProviders(wanted).map((name) => observeProvider(wanted, name, world))),
    orUnreadable(() => observeMx(wanted, world)),
    orUnreadable(() => observePolicy(wanted, world)),
  ]);
  // A zone that is nowhere is one fault, not one for each name looked up in it.
  const isNowhere = mx.kind === 'unreadable' && mx.code === 'ZONE_NOT_FOUND';
  return {
    views: views.map((view) =>
      isNowhere && view.kind === 'unreadable' && view.code === mx.code ? { ...view, message: mx.message } : view,
    ),
    mx,
    policy,
  };
}

/** A body as a fact: what it says, or why it says nothing. */
export function policyFact(bytes: Uint8Array | null): Exclude<PolicyFact, Unreadable> {
  if (bytes === null) return { kind: 'absent' };
  const parsed = parsePolicy(bytes);
  const body = new TextDecoder().decode(bytes);
  return parsed.ok
    ? { kind: 'body', body, policy: parsed.value, message: null }
    : { kind: 'body', body, policy: null, message: parsed.issues.map((issue) => issue.message).join('; ') };
}

async function observeProvider(wanted: DomainConfig, provider: string, world: ReadingWorld): Promise<ProviderView> {
  const view = await orUnreadable(async () => {
    const reader = readerOf(provider, world);
    const sets = await reader.read(observedKeys(wanted, provider), world.signal);
    const { ttlSeconds } = reader.adjust(txtSet(`_mta-sts.${wanted.domain}`, wanted.ttlSeconds, ['']));
    return { kind: 'read' as const, sets, ttlSeconds };
  });
  return { ...view, provider };
}

/** The MX at the first provider of the domain that can show it. */
async function observeMx(wanted: DomainConfig, world: ReadingWorld): Promise<MxFact> {
  const { domain } = wanted;
  const reader = allProviders(wanted)
    .map((name) => readerOf(name, world))
    .find((one) => one.capabilities.canReadMx);
  if (reader === undefined)
    throw new StsyncError(
      'NOT_BUILT_YET',
      `no provider of ${domain} can show MX, so \`observe: provider\` cannot work`,
    );
  const sets = await reader.read(
    [
      { name: domain, type: 'MX' },
      { name: domain, type: 'A' },
      { name: domain, type: 'AAAA' },
    ],
    world.signal,
  );
  const mx = sets.find((set) => set.type === 'MX');
  if (mx === undefined) {
    if (sets.length > 0) return { kind: 'no-mx', hasAddress: true };
    return (await reader.exists?.(domain, world.signal)) === false
      ? { kind: 'no-domain' }
      : { kind: 'no-mx', hasAddress: false };
  }
  const hosts = mx.rdata.map((rdata) => rdataText('MX', rdata).split(' ')[1] ?? '').toSorted(byCodePoint);
  // RFC 7505 §3: a null MX stands alone. Beside others it is no host at all, and mail goes to the others.
  const named = hosts.filter((host) => host !== '');
  return named.length === 0
    ? { kind: 'null-mx' }
    : { kind: 'hosts', hosts: [...new Set(named)], ttlSeconds: mx.ttlSeconds };
}

async function observePolicy(wanted: DomainConfig, world: ReadingWorld): Promise<PolicyFact> {
  return policyFact(await world.policies(wanted).read(policyHostOf(wanted.domain)));
}

function readerOf(name: string, world: ReadingWorld): RecordReader {
  const reader = world.readers.get(name);
  if (reader === undefined) throw new StsyncError('INTERNAL', `provider ${name} was not opened`);
  return reader;
}

async function orUnreadable<T>(read: () => Promise<T>): Promise<T | Unreadable> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof StsyncError)) throw error;
    const isSaid = error.where === undefined || error.message.includes(error.where);
    const message = isSaid ? error.message : `${error.where}: ${error.message}`;
    return { kind: 'unreadable', code: error.code, message, hint: error.hint ?? null };
  }
}
