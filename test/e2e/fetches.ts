/**
 * What a poller saw of a policy, and whether any sender could have been led wrong by it (RFC 8461 §8.1; rule 5).
 *
 * stsync serves a body first and announces its id after, so the two never change at once, and which difference is allowed has a direction. A
 * sender acts on an id that it saw BEFORE it fetched, and keeps what it got under that id until it sees another one:
 *  - a body newer than the id is no fault: the sender stores the new policy under the old id and fetches it once more when the new id comes;
 *  - a body older than the id, or one that no id announces, is what must never be: the sender would keep it under the new id for max_age.
 *
 * So a fetch must give a body of an id from a window. It begins at the newest id that ANY name server showed before the fetch: a sender may
 * have the id from one server and the address from another. It ends one behind the newest id seen after it: the policy that is served and
 * proved and whose id comes next. The end matters where a policy comes back: its hash is then the same as that of an older one.
 */

/** One round of the poller for one domain. The ids are those of the name servers, in the order of `SERVERS`. */
export interface Look {
  readonly domain: string;
  readonly before: readonly (string | null)[];
  /** One for each address that any of the name servers gives for the policy host. */
  readonly fetched: readonly Fetched[];
  readonly after: readonly (string | null)[];
}

/** `hash`: the first 16 hex digits of the SHA-256 of the body; null: there was none, and `why`. */
export interface Fetched {
  readonly address: string;
  readonly hash: string | null;
  readonly why?: string;
}

/** All ids that a domain announced, oldest first: an id begins with the time of its writing. */
export function announcedIds(looks: readonly Look[]): readonly string[] {
  const ids = looks.flatMap(({ before, after }) => [...before, ...after]).filter((id) => id !== null);
  return [...new Set(ids)].toSorted();
}

/** The fetches of one domain that no sender may ever make, in words, each said once. `looks`: all of that domain. */
export function wrongFetches(looks: readonly Look[]): readonly string[] {
  const ids = announcedIds(looks);
  const wrong = looks.flatMap((look) => {
    const from = newest(look.before, ids);
    // Where no id was announced, nobody asks for a policy.
    if (from === -1) return [];
    const window = ids.slice(from, newest(look.after, ids) + 2).map(hashOf);
    const isGone = from === ids.length - 1 && look.after.includes(null);
    const fetched = look.fetched.length > 0 ? look.fetched : [{ address: 'no address', hash: null }];
    return fetched
      .filter(({ hash }) => (hash === null ? !isGone : !window.includes(hash)))
      .map(({ address, hash, why }) => {
        const known = ids.findLast((id) => hashOf(id) === hash) ?? 'no id at all';
        const got = hash === null ? `nothing (${why ?? 'no host record'})` : `the body of ${known}`;
        return `${look.domain}: after id ${ids[from]} was seen, ${address} gave ${got}`;
      });
  });
  return [...new Set(wrong)];
}

function newest(seen: readonly (string | null)[], ids: readonly string[]): number {
  return Math.max(...seen.map((id) => (id === null ? -1 : ids.indexOf(id))));
}

function hashOf(id: string): string {
  return id.slice(14);
}
