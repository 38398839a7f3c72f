/** Floor 2. One question to every server of the zone that holds the name, and to a resolver where none of them answers. CNAMEs are not followed. */
import { parentOf } from '../../core/names.ts';
import type { AskResolver } from './ask-resolver.ts';
import type { Asker } from './ask-server.ts';
import { dnsFailure, type DnsFailure } from './exchange.ts';
import type { FindZone, ZoneServer } from './find-zone.ts';
import type { LookupType } from './rdata.ts';
import { readReply, type Reply } from './read-reply.ts';

/** What one server said. `server`: `resolver` for the one of last resort; `address`: empty when the server has none. */
export interface ZoneReply {
  readonly server: string;
  readonly address: string;
  readonly reply: Reply | DnsFailure;
  readonly isAuthoritative: boolean;
}

/** `apex`: null when only the resolver could be asked. */
export interface ZoneReplies {
  readonly apex: string | null;
  readonly replies: readonly ZoneReply[];
}

export type AskZone = (name: string, type: LookupType) => Promise<ZoneReplies>;

export function zoneAsker(asker: Asker, findZone: FindZone, askResolver: AskResolver): AskZone {
  async function askOne({ server, endpoint }: ZoneServer, name: string, type: LookupType): Promise<ZoneReply> {
    if (endpoint === null) {
      const reply = dnsFailure('DNS_UNREACHABLE', `no address is known of the name server ${server}`);
      return { server, address: '', reply, isAuthoritative: true };
    }
    const result = await asker.ask(endpoint, { name, type, isRecursive: false });
    return { server, address: endpoint.text, reply: readReply(result, endpoint, false), isAuthoritative: true };
  }

  return async (name, type) => {
    // RFC 4035 §3.1.4.1: DS stands in the parent zone.
    const zone = await findZone(type === 'DS' ? (parentOf(name) ?? name) : name);
    const servers = zone?.kind === 'zone' ? zone.servers : [];
    const replies = await Promise.all(servers.map((server) => askOne(server, name, type)));
    const apex = zone?.kind === 'zone' ? zone.apex : null;
    if (replies.some(({ reply }) => reply.kind === 'reply')) return { apex, replies };
    const { endpoint, reply } = await askResolver(name, type);
    const last = { server: 'resolver', address: endpoint?.text ?? '', reply, isAuthoritative: false };
    return { apex, replies: [...replies, last] };
  };
}
