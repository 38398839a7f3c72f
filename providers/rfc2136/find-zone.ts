/** The zone that holds a name, as the server itself has it: the owner of the SOA (RFC 1034 §4.2.1). */
import { isWithin, parentOf } from '../../src/core/names.ts';
import { zoneNotFound } from './faults.ts';
import { requireAuthority, type Source } from './look-up.ts';
import { TYPES, type Message } from './message.ts';

/** Zone by name, for each of `names`. Throws `ZONE_NOT_FOUND` and what `Session.ask` throws. */
export async function findZones(
  { server, session }: Source,
  names: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const zones = new Map<string, string>();
  /** Name to where its zone is looked for now: the name, then its parents. At most 127 labels, so this ends. */
  let open = new Map([...new Set(names)].map((name) => [name, name]));
  while (open.size > 0) {
    const places = [...new Set(open.values())];
    const answers = await session.ask(
      places.map((name) => ({ name, type: TYPES.SOA })),
      signal,
    );
    const answerAt = new Map(places.map((place, at) => [place, answers[at]]));
    const next = new Map<string, string>();
    for (const [name, place] of open) {
      const answer = answerAt.get(place);
      if (answer !== undefined) requireAuthority(server, name, answer);
      const zone = answer === undefined ? null : zoneIn(answer, place);
      const parent = parentOf(place);
      if (zone !== null) zones.set(name, zone);
      else if (parent !== null) next.set(name, parent);
      else {
        throw zoneNotFound(
          { name },
          `${server.text} shows no SOA for ${name}`,
          'name the primary server of the zone in `server`, or choose another provider for the domain',
        );
      }
    }
    open = next;
  }
  return zones;
}

/** The zone that an answer to "SOA of `name`" shows; null: it has to be asked further up. */
function zoneIn({ answers, authority }: Message, name: string): string | null {
  // Behind a CNAME or DNAME the authority section speaks of the target; but an alias is no apex, so the zone of its parent is its own.
  if (answers.some(({ type }) => type === TYPES.CNAME || type === TYPES.DNAME)) return null;
  return (
    [...answers, ...authority].find((record) => record.type === TYPES.SOA && isWithin(name, record.name))?.name ?? null
  );
}
