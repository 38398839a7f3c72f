/** The provider `google` passes the suite on a fake of the official API, logged in by workload identity federation. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

import { open } from '../../providers/google/provider.ts';
import { startGoogle } from '../fakes/google.ts';
import { testContext } from '../providers/context.ts';
import { writeWorkloadFile } from '../providers/google/workload.ts';
import { describeProvider } from './suite.ts';

const directory = mkdtempSync(join(tmpdir(), 'stsync-google-'));
afterAll(() => rmSync(directory, { recursive: true }));

describeProvider('google', async (records) => {
  const fake = await startGoogle();
  const zone = fake.addZone('example.test', records('example.test'));
  const keyFile = writeWorkloadFile(directory, fake.origin);
  return {
    provider: await open({ project: fake.project, keyFile, apiEndpoint: fake.origin }, testContext()),
    zone: 'example.test',
    nameOutside: '_mta-sts.elsewhere.test',
    put: async (key, set) => (set === null ? zone.drop(key) : zone.put([set])),
    snapshot: async () => zone.snapshot(),
    close: () => fake.stop(),
  };
});
