/** Floor 2. What a message means as an answer (RFC 2308, RFC 1034 §4.3): its rcode judged, lame servers found out, its CNAMEs walked. */
import type { Message } from './decode-message.ts';
import type { Endpoint } from './endpoint.ts';
import { dnsFailure, type DnsFailure, type Exchanged } from './exchange.ts';
import type { LookupType } from './rdata.ts';
import { findSet, targetOf, type LookupSet } from './record-sets.ts';

/** A message with an rcode that answers. */
export interface Reply {
  readonly kind: 'reply';
  readonly rcode: 'NOERROR' | 'NXDOMAIN';
  readonly message: Message;
}

/** How far the CNAMEs of one message lead. */
export type Walk =
  | { readonly kind: 'end'; readonly chain: readonly LookupSet[]; readonly set: LookupSet | null }
  | { readonly kind: 'next'; readonly chain: readonly LookupSet[]; readonly name: string }
  | { readonly kind: 'loop'; readonly chain: readonly LookupSet[]; readonly name: string };

const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

/** `isRecursive`: a resolver was asked; otherwise an answer has to be authoritative. */
export function readReply(result: Exchanged, from: Endpoint, isRecursive: boolean): Reply | DnsFailure {
  if (result.kind === 'failed') return result;
  const { message } = result;
  const rcode = RCODES[message.rcode] ?? `rcode ${message.rcode}`;
  if (rcode === 'SERVFAIL') return dnsFailure('DNS_SERVFAIL', `${from.text} answered SERVFAIL`);
  if (rcode !== 'NOERROR' && rcode !== 'NXDOMAIN') return dnsFailure('DNS_REFUSED', `${from.text} answered ${rcode}`);
  if (isRecursive) return { kind: 'reply', rcode, message };
  if (!message.isAuthoritative) {
    return dnsFailure('DNS_LAME', `${from.text} is named as a server of the zone, but has no authority for it`);
  }
  return isReferral(message)
    ? dnsFailure('DNS_LAME', `${from.text} is named as a server of the zone, but points to others`)
    : { kind: 'reply', rcode, message };
}

/** Walks from `name` as long as the message itself has the next step and `trusts` it. A message that says no more leaves `next`. */
export async function walk(
  message: Message,
  name: string,
  type: LookupType,
  trusts: (target: string) => Promise<boolean>,
): Promise<Walk> {
  const chain: LookupSet[] = [];
  for (let at = name; ;) {
    const set = findSet(message.answers, at, type);
    if (set !== null) return { kind: 'end', chain, set };
    const cname = findSet(message.answers, at, 'CNAME');
    const target = targetOf(cname);
    if (cname === null || target === null) {
      return chain.length === 0 || saysNothingThere(message) ? { kind: 'end', chain, set: null } : next(chain, at);
    }
    chain.push(cname);
    if (target === name || chain.some((step) => step.name === target)) return { kind: 'loop', chain, name: target };
    if (!(await trusts(target))) return next(chain, target);
    at = target;
  }
}

function next(chain: readonly LookupSet[], name: string): Walk {
  return { kind: 'next', chain, name };
}

/** RFC 2308 §2: of the end of the chain, where the message goes that far. */
function saysNothingThere(message: Message): boolean {
  return message.rcode === 3 || message.authorities.some(({ type }) => type === 'SOA');
}

/** RFC 2308 §2.2: NS without SOA beside an empty answer sends elsewhere, whatever the AA bit says. */
function isReferral({ rcode, answers, authorities }: Message): boolean {
  const has = (wanted: LookupType): boolean => authorities.some(({ type }) => type === wanted);
  return rcode === 0 && answers.length === 0 && has('NS') && !has('SOA');
}
