/** The provider on a fake of its own, for one test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';

import { readIdentity } from '../../../providers/google/credentials.ts';
import { openProject } from '../../../providers/google/provider.ts';
import { StsyncError } from '../../../src/core/error.ts';
import { txtSet, type RecordChange, type RecordSet } from '../../../src/core/record-set.ts';
import type { Provider } from '../../../src/provider.ts';
import { FAKE_ACCESS_TOKEN, startGoogle, type GoogleFake } from '../../fakes/google.ts';
import type { ModelZone } from '../../fakes/zone-model.ts';
import { testContext } from '../context.ts';
import { writeWorkloadFile } from './workload.ts';

export const { signal } = new AbortController();
export const ZONE = 'zone.test';
export const ID_NAME = `_mta-sts.${ZONE}`;

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

/** The id record: from `before` to `after`; null: nothing there. */
export function idChange(before: string | null, after: string | null): RecordChange {
  const set = (value: string | null): RecordSet | null => (value === null ? null : txtSet(ID_NAME, 300, [value]));
  return { name: ID_NAME, type: 'TXT', before: set(before), after: set(after) };
}

/** What the work fails with. Whatever it is, no token is in it. */
export async function errorOf(work: Promise<unknown>): Promise<StsyncError> {
  const error: unknown = await work.then(
    () => null,
    (one: unknown) => one,
  );
  if (!(error instanceof StsyncError)) throw new Error(`no error of ours: ${String(error)}`);
  const { message, hint, where, stack, cause } = error;
  if (cause !== undefined) throw new Error('an error with a cause, which may hold a request and its token');
  if (`${message} ${hint ?? ''} ${where ?? ''} ${stack ?? ''}`.includes(FAKE_ACCESS_TOKEN))
    throw new Error('the token stands in an error');
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
