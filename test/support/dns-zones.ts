/** The zones of a scripted DNS server: set records, and get what a correct server would say (RFC 1034 §4.3.2, RFC 2308, RFC 4592). */
import type { Answer, RecordType } from 'dns-packet';

import { isWithin, parentOf } from '../../src/core/names.ts';
import { dnsPacketAnswer } from './dns-answer.ts';

/** What a server says, before it becomes a message. */
export interface Said {
  readonly rcode: 'NOERROR' | 'NXDOMAIN' | 'REFUSED';
  readonly isAuthoritative: boolean;
  readonly answers: readonly Answer[];
  readonly authorities: readonly Answer[];
  readonly additionals: readonly Answer[];
}

export interface Zones {
  /** A zone with its SOA (negative TTL 60) and, unless `nameServers` is empty, its NS. Names without the final dot. */
  addZone(apex: string, nameServers?: readonly string[]): void;
  /**
   * Makes `rdata` (presentation form, as in a RecordSet) the set of this name and type; none: takes it away. NS below an apex is a
   * delegation, its glue are the A and AAAA sets of the servers. `*.` is a wildcard.
   */
  setRecords(name: string, type: RecordType, rdata: readonly string[], ttlSeconds?: number): void;
  /** What an authoritative server of these zones answers; `isResolver`: a resolver to which these zones are the whole Internet. */
  say(name: string, type: RecordType, isResolver: boolean): Said;
}

interface RecordsAt {
  readonly ttlSeconds: number;
  readonly rdata: readonly string[];
}

const NOTHING = { answers: [], authorities: [], additionals: [] } as const;

export function newZones(): Zones {
  const apexes = new Set<string>();
  const sets = new Map<string, RecordsAt>();
  /** How many sets stand at a name or below it: an empty non-terminal exists (RFC 8020). */
  const names = new Map<string, number>();

  const records = (name: string, type: RecordType, owner = name): readonly Answer[] => {
    const set = sets.get(`${name} ${type}`);
    return (set?.rdata ?? []).map((rdata) =>
      dnsPacketAnswer({ name: owner, type, ttlSeconds: set?.ttlSeconds ?? 0, rdata }),
    );
  };
  const apexOf = (name: string): string | null => ancestors(name).find((one) => apexes.has(one)) ?? null;
  const exists = (name: string): boolean => names.has(name);

  function setRecords(name: string, type: RecordType, rdata: readonly string[], ttlSeconds = 300): void {
    const key = `${name} ${type}`;
    const change = (rdata.length > 0 ? 1 : 0) - (sets.has(key) ? 1 : 0);
    for (const one of ancestors(name)) {
      const count = (names.get(one) ?? 0) + change;
      if (count > 0) names.set(one, count);
      else names.delete(one);
    }
    if (rdata.length > 0) sets.set(key, { ttlSeconds, rdata });
    else sets.delete(key);
  }

  function addZone(apex: string, nameServers: readonly string[] = []): void {
    apexes.add(apex);
    setRecords(apex, 'SOA', [`ns.${apex}. hostmaster.${apex}. 1 3600 600 604800 60`]);
    setRecords(
      apex,
      'NS',
      nameServers.map((one) => `${one}.`),
    );
  }

  /** The delegation at or above `name` inside the zone, if it has been given away. */
  function cutOf(name: string, apex: string): string | null {
    const below = ancestors(name).filter((one) => one !== apex && isWithin(one, apex));
    return below.find((one) => !apexes.has(one) && sets.has(`${one} NS`)) ?? null;
  }

  function referral(cut: string): Said {
    return {
      ...NOTHING,
      rcode: 'NOERROR',
      isAuthoritative: false,
      authorities: records(cut, 'NS'),
      additionals: glueOf(cut),
    };
  }

  function glueOf(cut: string): readonly Answer[] {
    const servers = (sets.get(`${cut} NS`)?.rdata ?? []).map((one) => one.replace(/\.$/, ''));
    return servers.flatMap((server) => [...records(server, 'A'), ...records(server, 'AAAA')]);
  }

  /** The name whose records answer: itself, or the wildcard of the closest encloser. */
  function source(name: string, apex: string): string | null {
    if (exists(name)) return name;
    for (let up = parentOf(name); up !== null && isWithin(up, apex); up = parentOf(up)) {
      if (names.has(`*.${up}`)) return `*.${up}`;
      if (exists(up)) return null;
    }
    return null;
  }

  function say(name: string, type: RecordType, isResolver: boolean): Said {
    const answers: Answer[] = [];
    const walked = new Set<string>();
    for (let at = name; ;) {
      const apex = apexOf(type === 'DS' ? (parentOf(at) ?? at) : at);
      // The target of a CNAME that leads out of these zones: somebody else's business.
      if (apex === null || walked.has(at))
        return said(answers.length > 0 || isResolver ? 'NOERROR' : 'REFUSED', answers, []);
      walked.add(at);
      const cut = isResolver || type === 'DS' ? null : cutOf(at, apex);
      if (cut !== null) return answers.length > 0 ? said('NOERROR', answers, []) : referral(cut);
      const from = source(at, apex);
      const found = from === null ? [] : records(from, type, at);
      if (found.length > 0) {
        const additionals = type === 'NS' ? glueOf(at) : [];
        return { ...said('NOERROR', [...answers, ...found], []), additionals };
      }
      const cname = from === null ? undefined : sets.get(`${from} CNAME`);
      if (from === null || cname === undefined) {
        return said(from === null ? 'NXDOMAIN' : 'NOERROR', answers, records(apex, 'SOA'));
      }
      answers.push(...records(from, 'CNAME', at));
      at = (cname.rdata[0] ?? '').replace(/\.$/, '');
    }

    function said(rcode: Said['rcode'], all: readonly Answer[], authorities: readonly Answer[]): Said {
      return { ...NOTHING, rcode, isAuthoritative: !isResolver && rcode !== 'REFUSED', answers: all, authorities };
    }
  }

  return { addZone, setRecords, say };
}

function ancestors(name: string): readonly string[] {
  const parent = parentOf(name);
  return [name, ...(parent === null ? [] : ancestors(parent))];
}
