/** Floor 3. What the providers of a domain say: its records, and its MX where `observe: provider` asks no DNS. */
import type { DomainConfig } from '../core/config/model.ts';
import { StsyncError } from '../core/error.ts';
import { byCodePoint } from '../core/names.ts';
import type { MxFact, ProviderView } from '../core/plan/observation.ts';
import { allProviders, observedKeys } from '../core/plan/record-names.ts';
import { rdataText, txtSet } from '../core/record-set.ts';
import type { RecordReader } from '../provider.ts';
import { orUnreadable } from './unreadable.ts';
import type { ReadingWorld } from './world.ts';

/** One view for each provider of the domain, in the order of the YAML. */
export function observeProviders(wanted: DomainConfig, world: ReadingWorld): Promise<readonly ProviderView[]> {
  return Promise.all(allProviders(wanted).map((name) => observeProvider(wanted, name, world)));
}

async function observeProvider(wanted: DomainConfig, provider: string, world: ReadingWorld): Promise<ProviderView> {
  const view = await orUnreadable(async () => {
    const reader = readerOf(provider, world);
    const sets = await reader.read(observedKeys(wanted, provider), world.signal);
    return { kind: 'read' as const, sets, ttlSeconds: adjustedTtl(wanted, reader) };
  });
  return { ...view, provider };
}

/** What a provider makes of the wanted TTL. */
export function adjustedTtl(wanted: DomainConfig, reader: RecordReader): number {
  return reader.adjust(txtSet(`_mta-sts.${wanted.domain}`, wanted.ttlSeconds, [''])).ttlSeconds;
}

/** The MX at the first provider of the domain that can show it. */
export async function observeMxAtProvider(wanted: DomainConfig, world: ReadingWorld): Promise<MxFact> {
  const { domain } = wanted;
  const readers = allProviders(wanted).map((name) => readerOf(name, world));
  const reader = readers.find((one) => one.capabilities.canReadMx);
  if (reader === undefined) {
    throw new StsyncError(
      'NOT_BUILT_YET',
      `no provider of ${domain} can show MX, so \`observe: provider\` cannot work`,
    );
  }
  const keys = (['MX', 'A', 'AAAA'] as const).map((type) => ({ name: domain, type }));
  const sets = await reader.read(keys, world.signal);
  const mx = sets.find((set) => set.type === 'MX');
  if (mx !== undefined) return mxFactOf([mx], true);
  if (sets.length > 0) return { kind: 'no-mx', hasAddress: true, isAuthoritative: true };
  const isThere = (await reader.exists?.(domain, world.signal)) ?? true;
  return isThere
    ? { kind: 'no-mx', hasAddress: false, isAuthoritative: true }
    : { kind: 'no-domain', isAuthoritative: true };
}

/** MX sets, as one or several servers show them, as a fact: every host that any of them names, with the longest TTL. */
export function mxFactOf(
  sets: readonly { readonly ttlSeconds: number; readonly rdata: readonly string[] }[],
  isAuthoritative: boolean,
): MxFact {
  const hosts = sets.flatMap((set) => set.rdata.map((rdata) => rdataText('MX', rdata).split(' ')[1] ?? ''));
  // RFC 7505 §3: a null MX stands alone. Beside others it is no host at all, and mail goes to the others.
  const named = [...new Set(hosts.filter((host) => host !== ''))].toSorted(byCodePoint);
  const ttlSeconds = Math.max(0, ...sets.map((set) => set.ttlSeconds));
  return named.length === 0
    ? { kind: 'null-mx', isAuthoritative }
    : { kind: 'hosts', hosts: named, ttlSeconds, isAuthoritative };
}

export function readerOf(name: string, world: ReadingWorld): RecordReader {
  const reader = world.readers.get(name);
  if (reader === undefined) throw new StsyncError('INTERNAL', `provider ${name} was not opened`);
  return reader;
}
