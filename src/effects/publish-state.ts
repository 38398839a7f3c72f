/** Floor 2. The publisher `server`: policies lie in the state, from where our own policy host serves them (`store-sqlite-served.ts`). */
import { StsyncError } from '../core/error.ts';
import type { PolicyReader, Publisher } from './publisher.ts';
import type { Store, StoreReader } from './store.ts';

/** Where there is no state yet, nothing is published. Throws `PUBLISHER_UNREADABLE`. */
export function stateReader(store: StoreReader | null): PolicyReader {
  return {
    read: async (policyHost) =>
      guarded('PUBLISHER_UNREADABLE', () => {
        const body = store?.policyBody(policyHost) ?? null;
        return body === null ? null : new TextEncoder().encode(body);
      }),
  };
}

/** Every listener of the host serves the new body when `publish` returns. Throws `PUBLISHER_UNREADABLE` and `PUBLISHER_UNWRITABLE`. */
export function statePublisher(store: Store): Publisher {
  return {
    ...stateReader(store),
    publish: async (policyHost, body) => guarded('PUBLISHER_UNWRITABLE', () => store.savePolicyBody(policyHost, body)),
    remove: async (policyHost) => guarded('PUBLISHER_UNWRITABLE', () => store.savePolicyBody(policyHost, null)),
  };
}

function guarded<T>(code: 'PUBLISHER_UNREADABLE' | 'PUBLISHER_UNWRITABLE', work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof StsyncError) || error.code === 'LOCKED') throw error;
    const { message, hint, where } = error;
    throw new StsyncError(code, message, {
      ...(hint === undefined ? {} : { hint }),
      ...(where === undefined ? {} : { where }),
      cause: error,
    });
  }
}
