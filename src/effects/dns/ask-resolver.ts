/** Floor 2. Questions to the resolvers (RD=1): the first that answers counts. */
import type { Asker } from './ask-server.ts';
import type { Endpoint } from './endpoint.ts';
import { dnsFailure, type DnsFailure } from './exchange.ts';
import type { LookupType } from './rdata.ts';
import { readReply, type Reply } from './read-reply.ts';

/** The answer of a resolver and which one it was; of the last one when all failed. */
export interface ResolverAnswer {
  readonly endpoint: Endpoint | null;
  readonly reply: Reply | DnsFailure;
}

export type AskResolver = (name: string, type: LookupType) => Promise<ResolverAnswer>;

/** Asks `resolvers` one after the other. */
export function resolverAsker(asker: Asker, resolvers: readonly Endpoint[]): AskResolver {
  return async (name, type) => {
    let last: ResolverAnswer = { endpoint: null, reply: dnsFailure('DNS_UNREACHABLE', 'no resolver is configured') };
    for (const endpoint of resolvers) {
      const reply = readReply(await asker.ask(endpoint, { name, type, isRecursive: true }), endpoint, true);
      last = { endpoint, reply };
      if (reply.kind === 'reply') break;
    }
    return last;
  };
}
