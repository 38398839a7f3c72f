/** Floor 3. What the address of the fleet page asks for. */
import { type Status, statuses } from '../../core/plan/model.ts';
import type { PolicyMode } from '../../core/policy.ts';

export const sortKeys = [
  'domain',
  'status',
  'mode',
  'findings',
  'certificate',
  'sessions',
  'failures',
  'rate',
] as const;
export type SortKey = (typeof sortKeys)[number];
export const modes = ['enforce', 'testing', 'none'] as const satisfies readonly PolicyMode[];

export interface FleetQuery {
  readonly status: Status | null;
  readonly mode: PolicyMode | null;
  /** In the name of the domain, lower case; empty: any. */
  readonly text: string;
  readonly hasFailures: boolean;
  readonly sort: SortKey;
  readonly isDescending: boolean;
  /** From 1. */
  readonly page: number;
}

export type Asked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string };

/** How a column is sorted at the first click: by numbers that mean trouble the largest first. */
export function isDescendingFirst(sort: SortKey): boolean {
  return ['findings', 'sessions', 'failures', 'rate', 'mode'].includes(sort);
}

/** Empty values are as if they were not there: a form sends them. */
export function parseFleetQuery(query: Readonly<Record<string, string>>): Asked<FleetQuery> {
  const [status, mode] = [wordOf(query['status'], statuses), wordOf(query['mode'], modes)];
  const [sort, order] = [wordOf(query['sort'], sortKeys), wordOf(query['order'], ['asc', 'desc'] as const)];
  const failures = wordOf(query['failures'], ['1'] as const);
  const page = query['page'] ?? '1';
  const faults = [
    ...(status === undefined ? [`status is one of: ${statuses.join(', ')}`] : []),
    ...(mode === undefined ? [`mode is one of: ${modes.join(', ')}`] : []),
    ...(sort === undefined ? [`sort is one of: ${sortKeys.join(', ')}`] : []),
    ...(order === undefined ? ['order is asc or desc'] : []),
    ...(failures === undefined ? ['failures is 1 or left out'] : []),
    ...(/^[1-9]\d{0,5}$/.test(page) ? [] : ['page is a number from 1 on']),
    ...((query['q'] ?? '').length > 253 ? ['q is longer than a domain can be'] : []),
  ];
  if (faults.length > 0 || status === undefined || mode === undefined || sort === undefined)
    return { ok: false, message: faults.join('; ') };
  const by = sort ?? 'status';
  return {
    ok: true,
    value: {
      status,
      mode,
      text: (query['q'] ?? '').trim().toLowerCase(),
      hasFailures: failures === '1',
      sort: by,
      isDescending: order === null || order === undefined ? isDescendingFirst(by) : order === 'desc',
      page: Number(page),
    },
  };
}

/** The address of the same page with other wishes; what is usual is left out. */
export function fleetSearch(query: FleetQuery, changed: Partial<FleetQuery> = {}): Record<string, string | null> {
  const { status, mode, text, hasFailures, sort, isDescending, page } = { ...query, ...changed };
  return {
    status,
    mode,
    q: text,
    failures: hasFailures ? '1' : null,
    sort: sort === 'status' ? null : sort,
    order: isDescending === isDescendingFirst(sort) ? null : isDescending ? 'desc' : 'asc',
    page: page === 1 ? null : String(page),
  };
}

/** Null: not said. Undefined: none of the words. */
function wordOf<T extends string>(text: string | undefined, words: readonly T[]): T | null | undefined {
  return text === undefined || text === '' ? null : words.find((word) => word === text);
}
