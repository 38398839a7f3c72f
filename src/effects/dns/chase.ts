/** Floor 2. CNAMEs from zone to zone (RFC 1034 §3.6.2), each step asked of the servers of the zone that holds it, to the end of every chain. */
import type { AskZone, ZoneReply } from './ask-zone.ts';
import { dnsFailure } from './exchange.ts';
import type { FindZone } from './find-zone.ts';
import type { Lookup, LookupSet, LookupType, ServerAnswer, ServerOutcome } from './lookup.ts';
import { walk } from './read-reply.ts';

/** A name to ask, and how it was reached. */
interface Lead {
  readonly name: string;
  readonly chain: readonly LookupSet[];
}

/** What came of one reply: the end of its chain, or where it goes on. */
type Followed = { readonly end: ServerAnswer } | { readonly lead: Lead; readonly from: ZoneReply };

/** Names asked in one lookup, over all branches. Resolvers stop between 8 and 16. */
const MAX_NAMES = 16;

export function chaser(askZone: AskZone, findZone: FindZone): (name: string, type: LookupType) => Promise<Lookup> {
  async function follow(from: ZoneReply, lead: Lead, type: LookupType, apex: string | null): Promise<Followed> {
    const { reply, isAuthoritative } = from;
    if (reply.kind === 'failed') return ended(from, reply);
    const walked = await walk(reply.message, lead.name, type, async (target) => {
      // What a server says of a name in another zone is not authoritative, AA or not. A resolver is believed to the end.
      const zone = isAuthoritative ? await findZone(target) : null;
      return !isAuthoritative || (zone?.kind === 'zone' && zone.apex === apex);
    });
    const chain = [...lead.chain, ...walked.chain];
    if (walked.kind === 'end') {
      const rcode = walked.set === null ? reply.rcode : 'NOERROR';
      return ended(from, { kind: 'answer', rcode, set: walked.set, chain, isAuthoritative });
    }
    const isLoop = walked.kind === 'loop' || chain.some(({ name }) => name === walked.name);
    if (isLoop)
      return ended(from, dnsFailure('DNS_MALFORMED', `the CNAMEs of ${lead.name} lead back to ${walked.name}`));
    return isAuthoritative
      ? { lead: { name: walked.name, chain }, from }
      : ended(from, dnsFailure('DNS_MALFORMED', `the resolver does not follow the CNAME to ${walked.name}`));
  }

  return async (name, type) => {
    // A name is asked once, whichever server led there: every loop ends, and servers that agree cost no more than one.
    const seen = new Set([name]);
    const servers: ServerAnswer[] = [];
    let [zone, isWhollyAuthoritative]: [string | null, boolean] = [null, true];
    for (let leads: readonly Lead[] = [{ name, chain: [] }]; leads.length > 0;) {
      const waves = await Promise.all(
        leads.map(async (lead) => {
          const { apex, replies } = await askZone(lead.name, type);
          if (lead.name === name) zone = apex;
          isWhollyAuthoritative &&= replies.every(({ isAuthoritative }) => isAuthoritative);
          return Promise.all(replies.map((from) => follow(from, lead, type, apex)));
        }),
      );
      const fresh: Lead[] = [];
      for (const one of waves.flat()) {
        if ('end' in one) servers.push(one.end);
        else if (seen.has(one.lead.name)) continue;
        else if (seen.size >= MAX_NAMES) servers.push(ended(one.from, tooLong(name)).end);
        else {
          seen.add(one.lead.name);
          fresh.push(one.lead);
        }
      }
      leads = fresh;
    }
    return { name, type, zone, servers, isAuthoritative: isWhollyAuthoritative };
  };
}

function ended({ server, address }: ZoneReply, outcome: ServerOutcome): { readonly end: ServerAnswer } {
  return { end: { server, address, outcome } };
}

function tooLong(name: string): ServerOutcome {
  return dnsFailure('DNS_MALFORMED', `the CNAMEs of ${name} have no end within ${MAX_NAMES} names`);
}
