/**
 * All that senders could do, tried out second by second: the oracle for `whenSafe`. Two name servers learn of each id one after the other;
 * resolvers keep a record for its TTL; addresses serve old and new bodies side by side for a while.
 *
 * - A watching sender looks at the id before each use, stretches its copy while the id is the same, and fetches when it is another one.
 * - Any other sender uses its copy without a look until it has run out, looks when it likes, stretches, and may fail to fetch.
 */
import type { StsPolicy } from '../../src/core/policy.ts';
import type { Served } from '../../src/core/when-safe.ts';

/** Seconds since 1970 as a date. */
function date(second: number | null): Date | null {
  return second === null ? null : new Date(second * 1000);
}

/** One policy in its true times, in seconds. */
export interface Truth {
  readonly policy: StsPolicy;
  readonly id: string;
  readonly from: number;
  /** Last second in which an address served it; null: for ever. */
  readonly to: number | null;
  /** When each of the two name servers began to show the id; null: it never did. */
  readonly shownAt: readonly [number | null, number | null];
  readonly ttl: number;
}

/** What stsync knows of it. */
export function servedOf(truths: readonly Truth[]): readonly Served[] {
  return truths.map(({ policy, id, from, to, shownAt: [first, last], ttl }) => ({
    policy,
    id,
    from: new Date(from * 1000),
    to: date(to),
    rotatedAt: first === null || last === null ? null : date(Math.max(first, last)),
    txtTtlSeconds: ttl,
  }));
}

/** The last second up to `end` in which some sender of each kind could act on a policy that `holds`; -1: never. */
export function lastUse(
  truths: readonly Truth[],
  holds: (policy: StsPolicy) => boolean,
  end: number,
): { readonly watching: number; readonly any: number } {
  return {
    watching: lastUseOf(truths, holds, end, true),
    any: lastUseOf(truths, holds, end, false),
  };
}

/** A cached body, the id it was fetched under, and the first second in which it is too old. */
interface Copy {
  readonly body: number;
  readonly id: string;
  readonly until: number;
}

function lastUseOf(
  truths: readonly Truth[],
  holds: (policy: StsPolicy) => boolean,
  end: number,
  isWatching: boolean,
): number {
  const visible = Array.from({ length: end + 1 }, (_, second) => visibleAt(truths, second));
  const held = truths.map(({ policy }) => holds(policy));
  const maxAge = truths.map(({ policy }) => policy.maxAgeSeconds);
  let copies = new Map<string, Copy>();
  let last = -1;
  for (let now = 0; now <= end; now++) {
    const shown = idsAt(truths, visible, now);
    const next = new Map<string, Copy>();
    const keep = (copy: Copy): void => {
      next.set(`${copy.body} ${copy.id} ${copy.until}`, copy);
    };
    for (const copy of copies.values()) {
      if (copy.until <= now) continue;
      keep(copy);
      const isSame = shown.has(copy.id);
      if (held[copy.body] === true && (isSame || !isWatching)) last = now;
      if (isSame) keep({ ...copy, until: now + (maxAge[copy.body] ?? 0) });
    }
    for (const id of shown) {
      for (const [body, { from, to }] of truths.entries()) {
        if (from > now || (to !== null && to < now)) continue;
        keep({ body, id, until: now + (maxAge[body] ?? 0) });
        if (held[body] === true) last = now;
      }
    }
    copies = next;
  }
  return last;
}

/** Entries whose record a name server answers with in this second. */
function visibleAt(truths: readonly Truth[], second: number): ReadonlySet<number> {
  const seen = [0, 1].map((server) =>
    truths.findLastIndex(({ shownAt }) => {
      const since = shownAt[server];
      return since !== null && since !== undefined && since <= second;
    }),
  );
  return new Set(seen.filter((entry) => entry !== -1));
}

/** Ids that some resolver can answer with now: asked now, or asked within the TTL. */
function idsAt(truths: readonly Truth[], visible: readonly ReadonlySet<number>[], now: number): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const [entry, { id, ttl }] of truths.entries()) {
    for (let asked = now; asked >= 0 && (asked === now || now < asked + ttl); asked--) {
      if (visible[asked]?.has(entry) === true) ids.add(id);
    }
  }
  return ids;
}
