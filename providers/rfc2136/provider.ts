/** The provider `rfc2136`: reads and updates zones at their primary server over TCP, signed with a TSIG key (RFC 2136, RFC 8945). */
import { recordKey } from '../../src/core/record-set.ts';
import type { OpenProvider, Provider, ProviderContext } from '../../src/provider.ts';
import { readKey, type TsigKey } from './key.ts';
import { lookUp, nameExists, type Source } from './look-up.ts';
import { openPool } from './pool.ts';
import { parseServerAddress, type ServerAddress } from './server.ts';
import { openSession } from './session.ts';
import { writeChanges } from './write-zone.ts';

/** For a connection, and for each answer. */
const TIMEOUT_MS = 10_000;

/** Options: `server`, and `keyFile` or `tsig` (see descriptor.ts). Reads the key file and asks nothing yet. Throws `PROVIDER_CREDENTIALS`. */
export const open: OpenProvider = async (options, context) => {
  const { server } = options;
  const address = parseServerAddress(typeof server === 'string' ? server : '127.0.0.1');
  return openServer(address, await readKey(options, context.files), context);
};

/** The provider on one server with one key. `timeoutMs`: for tests. */
export function openServer(
  server: ServerAddress,
  key: TsigKey,
  { now }: Pick<ProviderContext, 'now'>,
  timeoutMs = TIMEOUT_MS,
): Provider {
  const pool = openPool(server, timeoutMs);
  const withSource = <T>(signal: AbortSignal, work: (source: Source) => Promise<T>): Promise<T> =>
    pool.use(signal, (line) => work({ server, session: openSession({ server, key, now }, line) }));

  return {
    capabilities: { isAtomic: true, hasCompareAndSwap: true, isReadLocal: false, canReadMx: true },

    async read(keys, signal) {
      signal.throwIfAborted();
      if (keys.length === 0) return [];
      const found = await withSource(signal, (source) => lookUp(source, keys, signal));
      return keys.flatMap((one) => found.get(recordKey(one))?.set ?? []);
    },

    exists: (name, signal) => withSource(signal, (source) => nameExists(source, name, signal)),

    async apply(changes, signal) {
      signal.throwIfAborted();
      if (changes.length === 0) return;
      await withSource(signal, (source) => writeChanges(source, changes, signal));
    },

    adjust: (set) => set,
    close: () => Promise.resolve(pool.close()),
  };
}
