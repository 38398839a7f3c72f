/** The provider on a fake of its own, for one test. */
import { onTestFinished } from 'vitest';

import { openCloudflare } from '../../../providers/cloudflare/provider.ts';
import { StsyncError } from '../../../src/core/error.ts';
import { txtSet, type RecordChange, type RecordSet } from '../../../src/core/record-set.ts';
import { Secret } from '../../../src/core/secret.ts';
import type { Provider } from '../../../src/provider.ts';
import { FAKE_TOKEN, startCloudflare, type CloudflareFake } from '../../fakes/cloudflare.ts';
import type { ModelZone } from '../../fakes/zone-model.ts';
import { testContext } from '../context.ts';

export const { signal } = new AbortController();
export const ZONE = 'zone.test';
export const ID_NAME = `_mta-sts.${ZONE}`;

export interface Rig {
  readonly fake: CloudflareFake;
  readonly zone: ModelZone;
  readonly provider: Provider;
}

export interface RigOptions {
  readonly records?: readonly RecordSet[];
  readonly token?: string;
  readonly isProxied?: boolean;
  readonly timeoutMs?: number;
}

export async function startRig({ records = [], token, isProxied, timeoutMs }: RigOptions = {}): Promise<Rig> {
  const fake = await startCloudflare();
  onTestFinished(() => fake.stop());
  const zone = fake.addZone(ZONE, records);
  return { fake, zone, provider: providerOn(fake.baseUrl, { token, isProxied, timeoutMs }) };
}

export function providerOn(
  baseUrl: string,
  {
    token = FAKE_TOKEN,
    isProxied = false,
    timeoutMs,
  }: { token?: string | undefined; isProxied?: boolean | undefined; timeoutMs?: number | undefined } = {},
): Provider {
  return openCloudflare({ apiToken: new Secret(token), baseUrl, proxied: isProxied }, testContext(), timeoutMs);
}

/** The id record: from `before` to `after`; null: nothing there. */
export function idChange(before: string | null, after: string | null): RecordChange {
  const set = (value: string | null): RecordSet | null => (value === null ? null : txtSet(ID_NAME, 300, [value]));
  return { name: ID_NAME, type: 'TXT', before: set(before), after: set(after) };
}

/** What the work fails with. Whatever it is, the token is not in it. */
export async function errorOf(work: Promise<unknown>): Promise<StsyncError> {
  const error: unknown = await work.then(
    () => null,
    (one: unknown) => one,
  );
  if (!(error instanceof StsyncError)) throw new Error(`no error of ours: ${String(error)}`);
  const { message, hint, where, stack } = error;
  if (`${message} ${hint ?? ''} ${where ?? ''} ${stack ?? ''} ${String(error.cause)}`.includes(FAKE_TOKEN))
    throw new Error('the token stands in an error');
  return error;
}

/** As the user reads it. */
export function said({ code, message, hint }: StsyncError): string {
  return `${code}: ${message}\n  ${hint ?? ''}`;
}

/** `GET /zones`, without ids: what was asked. */
export function calls({ requests }: CloudflareFake): readonly string[] {
  return requests.map(({ method, path, query }) => {
    const what = path.replace('/client/v4', '').replaceAll(/\/[0-9a-f]{32}/g, '/*');
    const { page: _, per_page: _size, ...filters } = query;
    const text = Object.entries(filters).map(([name, value]) => `${name}=${value}`);
    return `${method} ${what}${text.length === 0 ? '' : `?${text.join('&')}`}`;
  });
}
