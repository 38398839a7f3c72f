/** Answers of the API, read. Shapes are those of the discovery document (Cloud DNS v1). */
import { isObject, type JsonObject, listOf, NotAsDescribed, objectOf, parseJson } from '../json-answer.ts';

export interface ManagedZone {
  /** Its own name in the project: what calls name it by. */
  readonly resource: string;
  /** Lower case, without the final dot. */
  readonly dnsName: string;
  /** Served to the world from here: public, and neither forwarded nor peered. */
  readonly isPublic: boolean;
}

/** A record set byte for byte as the API has it: a deletion has to repeat it. */
export interface ApiRecordSet {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly rrdatas: readonly string[];
}

/** A set, and whether its data depends on who asks (weights, places): then `rrdatas` has all of them, and no change can name it. */
export interface ListedSet {
  readonly set: ApiRecordSet;
  readonly isRouted: boolean;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken: string | null;
}

export interface Change {
  readonly id: string;
  readonly isDone: boolean;
}

export interface ApiFault {
  /** `conditionNotMet`, `alreadyExists`: what is judged by. */
  readonly reasons: readonly string[];
  readonly message: string;
}

export function readJson(text: string): JsonObject {
  const body = objectOf(parseJson(text), 'an answer');
  if (body['error'] !== undefined) throw new NotAsDescribed('an error under a status that says yes');
  return body;
}

export function readZones({ managedZones, nextPageToken }: JsonObject): Page<ManagedZone> {
  const items = listOf(managedZones).map((one) => {
    const { name, dnsName, visibility, forwardingConfig, peeringConfig } = objectOf(one, 'a zone');
    if (typeof name !== 'string' || typeof dnsName !== 'string') throw new NotAsDescribed('a zone without a name');
    const isElsewhere = forwardingConfig !== undefined || peeringConfig !== undefined;
    const isPublic = (visibility === undefined || visibility === 'public') && !isElsewhere;
    return { resource: name, dnsName: dnsName.replace(/\.$/, '').toLowerCase(), isPublic };
  });
  return { items, nextPageToken: tokenOf(nextPageToken) };
}

export function readSets({ rrsets, nextPageToken }: JsonObject): Page<ListedSet> {
  const items = listOf(rrsets).map((one) => {
    const { name, type, ttl, rrdatas, routingPolicy } = objectOf(one, 'a record set');
    if (typeof name !== 'string' || typeof type !== 'string')
      throw new NotAsDescribed('a record set without name or type');
    const isRouted = routingPolicy !== undefined;
    const set = {
      name,
      type,
      ttl: typeof ttl === 'number' ? ttl : 0,
      rrdatas: isRouted ? [...new Set(textsBelow(routingPolicy))] : listOf(rrdatas).map(String),
    };
    return { set, isRouted };
  });
  return { items, nextPageToken: tokenOf(nextPageToken) };
}

export function readChange({ id, status }: JsonObject): Change {
  if (typeof id !== 'string') throw new NotAsDescribed('a change without an id');
  return { id, isDone: status === 'done' };
}

/** The error in a body, as far as there is one; null: this is no answer of the API. */
export function readFault(text: string): ApiFault | null {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return null;
  }
  const error = isObject(body) ? body['error'] : undefined;
  if (!isObject(error)) return null;
  const { message, errors } = error;
  const reasons = listOf(errors)
    .filter(isObject)
    .flatMap(({ reason }) => (typeof reason === 'string' ? [reason] : []));
  return { reasons, message: typeof message === 'string' ? message : '' };
}

/** Every `rrdatas` in a routing policy, wherever it stands. */
function textsBelow(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(textsBelow);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, one]) => (key === 'rrdatas' ? listOf(one).map(String) : textsBelow(one)));
}

function tokenOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
