/** Floor 2. A DNS query for the wire, through dns-packet. */
import { encode, RECURSION_DESIRED } from 'dns-packet';

import type { LookupType } from './rdata.ts';

/** What UDP carries everywhere without fragments (DNS flag day 2020); longer answers come over TCP. */
const UDP_PAYLOAD = 1232;

/** What is asked. `isRecursive`: RD, for resolvers alone. `hasEdns`: false for servers that know none (RFC 6891 §7). */
export interface Query {
  readonly name: string;
  readonly type: LookupType;
  readonly isRecursive: boolean;
  readonly hasEdns: boolean;
}

/**
 * False for a name that cannot be asked: a label over 63, over 253 characters in all, an empty label, or an escape. Escapes come from the
 * wire (`wire-reader.ts`) in targets that no host name and no name of ours equals.
 */
export function canBeAsked(name: string): boolean {
  return name === '' || (name.length <= 253 && /^(?:[-\w*/]{1,63}\.)*[-\w*/]{1,63}$/.test(name));
}

/** The query under this id. */
export function encodeQuery(query: Query, id: number): Buffer {
  return encode({
    type: 'query',
    id,
    flags: query.isRecursive ? RECURSION_DESIRED : 0,
    questions: [{ name: query.name === '' ? '.' : query.name, type: query.type }],
    ...(query.hasEdns
      ? {
          additionals: [
            {
              type: 'OPT',
              name: '.',
              udpPayloadSize: UDP_PAYLOAD,
              extendedRcode: 0,
              ednsVersion: 0,
              flags: 0,
              flag_do: false,
              options: [],
            },
          ],
        }
      : {}),
  });
}
