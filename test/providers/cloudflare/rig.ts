/** The provider on a fake of its own, for one test. */
import { onTestFinished } from 'vitest';

import { openCloudflare } from '../../../providers/cloudflare/provider.ts';
import type { StsyncError } from '../../../src/core/error.ts';
import type { RecordSet } from '../../../src/core/record-set.ts';
import { Secret } from '../../../src/core/secret.ts';
import type { Provider } from '../../../src/provider.ts';
import { FAKE_TOKEN, startCloudflare, type CloudflareFake } from '../../fakes/cloudflare.ts';
import type { ModelZone } from '../../fakes/zone-model.ts';
import { testContext } from '../context.ts';
import { errorWithout, ZONE } from '../id-record.ts';

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

/** What the work fails with. Whatever it is, the token is not in it. */
export const errorOf = (work: Promise<unknown>): Promise<StsyncError> => errorWithout(FAKE_TOKEN, work);

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
