/** Floor 2. One question to one server with all that it takes: places, tries, TCP after truncation (RFC 7766 §5), no EDNS for old servers. */
import { canBeAsked, type Query } from './encode-query.ts';
import type { Endpoint } from './endpoint.ts';
import { dnsFailure, type Exchanged } from './exchange.ts';
import { openGate, type Gate } from './gate.ts';
import { authorityPatience, newServerHealth, resolverPatience, type ServerHealth } from './server-health.ts';
import { openTcp } from './tcp.ts';
import { openUdp } from './udp.ts';

export interface AskOptions {
  /** Questions under way at once, over all servers; one server gets half of them. */
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly tries: number;
}

/** Asks servers. A message may hold any rcode; what it means is for the caller. */
export interface Asker {
  ask(endpoint: Endpoint, question: Omit<Query, 'hasEdns'>): Promise<Exchanged>;
  close(): void;
}

interface Server {
  readonly health: ServerHealth;
  readonly gate: Gate;
}

/** A resolver has others to ask first. */
const RESOLVER_TIME = 2;

/** FORMERR, NOTIMP, BADVERS: what a server says that does not know EDNS (RFC 6891 §7). */
const NO_EDNS: readonly number[] = [1, 4, 16];

export function openAsker({ concurrency, timeoutMs, tries }: AskOptions): Asker {
  const timeFor = ({ isRecursive }: Query): number => timeoutMs * (isRecursive ? RESOLVER_TIME : 1);
  const [udp, tcp] = [openUdp(), openTcp()];
  const total = openGate(() => concurrency);
  const servers = new Map<string, Server>();

  function serverAt({ text }: Endpoint, isRecursive: boolean): Server {
    const key = isRecursive ? `${text} as resolver` : text;
    const known = servers.get(key);
    if (known !== undefined) return known;
    const patience = isRecursive ? resolverPatience : authorityPatience;
    const health = newServerHealth(Math.ceil(concurrency / 2), tries, patience);
    const server = { health, gate: openGate(() => health.places()) };
    servers.set(key, server);
    return server;
  }

  async function withTries(endpoint: Endpoint, query: Query, health: ServerHealth): Promise<Exchanged> {
    if (health.isResting(Date.now())) {
      return dnsFailure('DNS_TIMEOUT', `${endpoint.text} answered none of the last questions and was not asked`);
    }
    for (let left = health.tries(); ; left--) {
      const result = await udp.exchange(endpoint, query, timeFor(query));
      if (result.kind === 'message' || result.code === 'DNS_MALFORMED') {
        health.answered();
        return result;
      }
      if (result.code === 'DNS_TIMEOUT') health.timedOut();
      // A closed port says so at once and says it again.
      if (left > 1 && result.code === 'DNS_TIMEOUT') continue;
      health.failed(Date.now());
      return result;
    }
  }

  async function exchange(endpoint: Endpoint, query: Query, health: ServerHealth): Promise<Exchanged> {
    const result = await withTries(endpoint, query, health);
    if (result.kind === 'failed') return result;
    if (query.hasEdns && NO_EDNS.includes(result.message.rcode)) {
      return exchange(endpoint, { ...query, hasEdns: false }, health);
    }
    return result.message.isTruncated ? wholeOf(await tcp.exchange(endpoint, query, timeFor(query)), endpoint) : result;
  }

  return {
    async ask(endpoint, question) {
      if (!canBeAsked(question.name)) {
        return dnsFailure('DNS_MALFORMED', `"${question.name.slice(0, 300)}" is not a name that can be looked up`);
      }
      const { gate, health } = serverAt(endpoint, question.isRecursive);
      const query = { ...question, hasEdns: true };
      // The server's own place first: who waits for a slow server holds none of the others.
      return gate.run(() => total.run(() => exchange(endpoint, query, health)));
    },
    close: () => {
      udp.close();
      tcp.close();
    },
  };
}

function wholeOf(result: Exchanged, { text }: Endpoint): Exchanged {
  const isCut = result.kind === 'message' && result.message.isTruncated;
  return isCut ? dnsFailure('DNS_MALFORMED', `${text} cut its answer off over TCP too`) : result;
}
