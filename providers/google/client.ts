/**
 * The calls, by the official library's own transport: it signs, finds proxies, and honours time limits. Its retries, its reading of answers
 * and its following of redirects are off. The API of @google-cloud/dns above it has no time limit and no abort, reads whole zones and ignores
 * its retry options (PROVIDERS 3.2), so the five calls are made here.
 */
import { StsyncError } from '../../src/core/error.ts';
import type { RequestBudget } from '../../src/provider.ts';
import { NotAsDescribed } from '../json-answer.ts';
import { unlessAborted } from '../unless-aborted.ts';
import {
  readChange,
  readFault,
  readJson,
  readSets,
  readZones,
  type ApiRecordSet,
  type Change,
  type ListedSet,
  type ManagedZone,
  type Page,
} from './answer.ts';
import type { Identity } from './credentials.ts';
import { badAnswer, noAnswer, notAuthenticated, noToken, refusal, timedOut, type Asked } from './faults.ts';

export const API_ENDPOINT = 'https://dns.googleapis.com';

/** One change of a zone. */
export interface ChangeRequest {
  readonly additions: readonly ApiRecordSet[];
  readonly deletions: readonly ApiRecordSet[];
}

/** One call each; nothing is repeated. All throw {@link StsyncError}, or the reason of `signal`. */
export interface Client {
  /** A page of the zones of the project, or those of one DNS name. */
  zones(
    query: { readonly dnsName?: string; readonly pageToken?: string },
    signal: AbortSignal,
  ): Promise<Page<ManagedZone>>;
  /** A page of the sets at one name, or of all names that end so. */
  sets(
    zone: ManagedZone,
    query: { readonly name: string } | { readonly suffix: string },
    pageToken: string | null,
    signal: AbortSignal,
  ): Promise<Page<ListedSet>>;
  change(zone: ManagedZone, body: ChangeRequest, signal: AbortSignal): Promise<Change>;
  changeStatus(zone: ManagedZone, id: string, signal: AbortSignal): Promise<Change>;
  /** The error for a result that is not as it should be. */
  unreadable(error: NotAsDescribed): StsyncError;
}

interface Request {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly data?: unknown;
}

export function openClient(
  endpoint: string,
  project: string,
  { auth }: Pick<Identity, 'auth'>,
  budget: RequestBudget,
  timeoutMs: number,
): Client {
  const { origin } = new URL(endpoint);
  const base = `${endpoint.replace(/\/$/, '')}/dns/v1/projects/${encodeURIComponent(project)}/managedZones`;

  async function call<T>(
    asked: Asked,
    request: Request,
    read: (body: Readonly<Record<string, unknown>>) => T,
    signal: AbortSignal,
  ): Promise<T> {
    return budget.run(signal, async () => {
      const deadline = AbortSignal.timeout(timeoutMs);
      const either = AbortSignal.any([signal, deadline]);
      try {
        const url = new URL(base + request.path);
        for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value);
        await requireToken(url, either);
        const answer = await auth.request<string>({
          url: url.href,
          method: request.method,
          ...(request.data === undefined ? {} : { data: request.data }),
          responseType: 'text',
          retry: false,
          redirect: 'error',
          signal: either,
          validateStatus: () => true,
        });
        return readAnswer(origin, asked, answer, read);
      } catch (error) {
        if (error instanceof StsyncError) throw error;
        signal.throwIfAborted();
        if (deadline.aborted) throw timedOut(origin, timeoutMs, asked);
        throw noAnswer(origin, error);
      }
    });
  }

  /** A token is made or fetched when there is none that is fresh. */
  async function requireToken(url: URL, signal: AbortSignal): Promise<void> {
    // The library's login takes no signal: it goes on behind, and nobody waits for it.
    const headers = await unlessAborted(auth.getRequestHeaders(url), signal).catch((error: unknown) => {
      if (signal.aborted) throw error;
      throw noToken(statusOf(error), error);
    });
    if (!headers.has('authorization')) throw notAuthenticated();
  }

  return {
    zones: (query, signal) =>
      call(
        { what: `the zones of project ${project}`, where: origin, permission: 'dns.managedZones.list' },
        { method: 'GET', path: '', query: { ...query } },
        readZones,
        signal,
      ),
    sets: (zone, query, pageToken, signal) =>
      call(
        about(zone, 'dns.resourceRecordSets.list'),
        {
          method: 'GET',
          path: zonePath(zone, 'rrsets'),
          query: {
            ...('name' in query ? { name: `${query.name}.` } : { filter: `name=has_suffix("${query.suffix}.")` }),
            ...(pageToken === null ? {} : { pageToken }),
          },
        },
        readSets,
        signal,
      ),
    change: (zone, data, signal) =>
      call(
        about(zone, 'dns.changes.create'),
        { method: 'POST', path: zonePath(zone, 'changes'), data },
        readChange,
        signal,
      ),
    changeStatus: (zone, id, signal) =>
      call(
        about(zone, 'dns.changes.get'),
        { method: 'GET', path: zonePath(zone, `changes/${encodeURIComponent(id)}`) },
        readChange,
        signal,
      ),
    unreadable: (error) => badAnswer(origin, 200, error.message),
  };
}

function about(zone: ManagedZone, permission: Asked['permission']): Asked {
  return { what: `the records of ${zone.dnsName}`, where: zone.dnsName, permission };
}

function zonePath(zone: ManagedZone, rest: string): string {
  return `/${encodeURIComponent(zone.resource)}/${rest}`;
}

function readAnswer<T>(
  origin: string,
  asked: Asked,
  { status, headers, data }: { readonly status: number; readonly headers: Headers; readonly data: unknown },
  read: (body: Readonly<Record<string, unknown>>) => T,
): T {
  const text = typeof data === 'string' ? data : '';
  if (status >= 400) {
    const fault = readFault(text);
    const retryAfterSeconds = secondsIn(headers.get('retry-after'));
    // A load balancer in front speaks HTML, also when it says "later".
    if (fault === null && status < 500 && status !== 429) throw badAnswer(origin, status, typeOf(headers));
    throw refusal(origin, asked, { status, fault: fault ?? { reasons: [], message: '' }, retryAfterSeconds });
  }
  if (!/^application\/json\b/i.test(headers.get('content-type') ?? ''))
    throw badAnswer(origin, status, typeOf(headers));
  try {
    return read(readJson(text));
  } catch (error) {
    if (!(error instanceof NotAsDescribed)) throw error;
    throw badAnswer(origin, status, error.message);
  }
}

function typeOf(headers: Headers): string {
  return (headers.get('content-type') ?? 'nothing').replace(/;.*/, '');
}

function secondsIn(text: string | null): number | null {
  return text !== null && /^\d{1,9}$/.test(text.trim()) ? Number(text) : null;
}

/** HTTP status of an error of the library; null: there was no answer. */
function statusOf(error: unknown): number | null {
  return error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : null;
}
