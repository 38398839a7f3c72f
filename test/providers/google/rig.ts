/** The provider on a fake of its own, for one test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';

import { readIdentity } from '../../../providers/google/credentials.ts';
import { openProject } from '../../../providers/google/provider.ts';
import type { StsyncError } from '../../../src/core/error.ts';
import type { RecordSet } from '../../../src/core/record-set.ts';
import type { Provider } from '../../../src/provider.ts';
import { FAKE_ACCESS_TOKEN, startGoogle, type GoogleFake } from '../../fakes/google.ts';
import type { ModelZone } from '../../fakes/zone-model.ts';
import { testContext } from '../context.ts';
import { errorWithout, ZONE } from '../id-record.ts';
import { writeWorkloadFile } from './workload.ts';

export interface Rig {
  readonly fake: GoogleFake;
  readonly zone: ModelZone;
  readonly provider: Provider;
}

export async function startRig(records: readonly RecordSet[] = [], timeoutMs?: number): Promise<Rig> {
  const fake = await startGoogle();
  onTestFinished(() => fake.stop());
  const zone = fake.addZone(ZONE, records);
  return { fake, zone, provider: await providerOn(fake, { timeoutMs }) };
}

/** Logged in at the fake's own token server. */
export async function providerOn(
  { project, origin }: Pick<GoogleFake, 'project' | 'origin'>,
  { keyFile, timeoutMs }: { readonly keyFile?: string; readonly timeoutMs?: number | undefined } = {},
): Promise<Provider> {
  const context = testContext();
  const identity = await readIdentity(
    { project, keyFile: keyFile ?? writeWorkloadFile(temporaryDirectory(), origin) },
    context.files,
  );
  return openProject(origin, project, identity, context, timeoutMs);
}

/** Goes with the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'stsync-google-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** What the work fails with. Whatever it is, no token is in it. */
export async function errorOf(work: Promise<unknown>): Promise<StsyncError> {
  const error = await errorWithout(FAKE_ACCESS_TOKEN, work);
  if (error.cause !== undefined) throw new Error('an error with a cause, which may hold a request and its token');
  return error;
}

/** `GET /managedZones/zone-test/rrsets?name=..`: what was asked, but for the login. */
export function calls({ requests }: Pick<GoogleFake, 'requests'>): readonly string[] {
  return requests
    .filter(({ path }) => path !== '/token')
    .map(({ method, path, query }) => {
      const text = Object.entries(query).map(([name, value]) => `${name}=${value}`);
      return `${method} ${path.replace(/^\/dns\/v1\/projects\/[^/]+/, '')}${text.length === 0 ? '' : `?${text.join('&')}`}`;
    });
}
