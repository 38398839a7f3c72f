/** The built command against Google's fake: what every provider does, and what only users of Google Cloud DNS come to see. */
import { expect, it } from 'vitest';

import { tempDirectory } from '../../effects/temp-directory.ts';
import { FAKE_ACCESS_TOKEN, type GoogleFake } from '../../fakes/google.ts';
import { D, describeCommand } from '../command-suite.ts';
import type { Fleet } from '../fleet.ts';
import { startFleet } from './fleet.ts';
import { writeWorkloadFile } from './workload.ts';

const isWrite = ({ method, path }: { readonly method: string; readonly path: string }): boolean =>
  method === 'POST' && path.endsWith('/changes');

/** The service says this to every change. */
function refuseChanges(fake: GoogleFake, status: number, reason: string, message: string): void {
  const error = { code: status, message, errors: [{ message, domain: 'global', reason }] };
  fake.fail({ kind: 'says', reply: { status, body: { error } } }, isWrite, 100);
}

/** Nothing in the YAML, nothing in the environment, no home with a login, and no Google machine to ask. */
function withoutCredentials({ account }: Fleet<GoogleFake>): void {
  const { project, origin } = account.fake;
  account.yaml = `{ type: google, project: ${project}, apiEndpoint: "${origin}" }`;
  account.env = { HOME: tempDirectory(), METADATA_SERVER_DETECTION: 'none' };
}

describeCommand({
  start: startFleet,
  isWrite,
  withoutCredentials,
  missing: [
    'PROVIDER_CREDENTIALS',
    'there are no credentials for Google Cloud',
    'gcloud auth application-default login',
  ],
  sentences: [
    [
      'that the login is refused',
      (of) => {
        const keyFile = writeWorkloadFile(tempDirectory(), of.fake.origin, 'somebody else');
        of.account.yaml = of.account.yaml.replace(/keyFile: "[^"]+"/, `keyFile: "${keyFile}"`);
        of.write();
      },
      ['Google gives no token for these credentials (HTTP 400)', 'expired, deleted or disabled'],
    ],
    [
      'that the token is not accepted',
      ({ fake }) => fake.settings.tokens.clear(),
      ['Google does not accept the credentials', 'look at the service account in the console'],
    ],
    [
      'which permission is missing to look',
      ({ fake }) => fake.settings.tokens.set(FAKE_ACCESS_TOKEN, { canRead: false, canChange: false }),
      [`these credentials may not read the zones of project mail-project-1`, 'grant dns.managedZones.list'],
    ],
    [
      'which permission is missing to write',
      ({ fake }) => fake.settings.tokens.set(FAKE_ACCESS_TOKEN, { canRead: true, canChange: false }),
      [`these credentials may not change the records of ${D}`, 'grant dns.changes.create'],
    ],
    [
      'that the project has no such zone',
      ({ fake }) => fake.model.removeZone(D),
      [`project mail-project-1 has no zone that holds _mta-sts.${D}`, 'correct `project`'],
    ],
    [
      'that the zone is a private one',
      ({ fake }) => (fake.model.zone(D).facts = { ...fake.model.zone(D).facts, visibility: 'private' }),
      [`no public zone that holds _mta-sts.${D}: d000-test is private`],
    ],
    [
      'that two zones have the name',
      ({ fake }) => fake.addZone(D, [], { resource: 'second' }),
      ['project mail-project-1 has two public zones', 'only one of both is delegated'],
    ],
    [
      'that the API is not switched on',
      ({ fake }) => refuseChanges(fake, 403, 'accessNotConfigured', 'Cloud DNS API has not been used in project 1'),
      ['the Cloud DNS API is not switched on', 'gcloud services enable dns.googleapis.com'],
    ],
    [
      'that a quota is full',
      ({ fake }) => refuseChanges(fake, 413, 'quotaExceeded', "'entity.rrsetsPerManagedZone' is over its limit"),
      ['a quota of Google Cloud DNS is full', 'rrsetsPerManagedZone', 'delete what nobody needs, or ask for more'],
    ],
    [
      'that something else answers',
      ({ fake }) => fake.fail({ kind: 'html', status: 404, isDone: false }, ({ path }) => path !== '/token', 100),
      ["which is not Google's API", 'correct `apiEndpoint`'],
    ],
  ],
});

it('without credentials ends at once: nobody waits for a metadata server that is not there', async () => {
  await using fleet = await startFleet();
  withoutCredentials(fleet);
  fleet.write();
  const start = performance.now();
  const { ran, requests } = await fleet.counted('sync');
  expect([ran.code, requests]).toEqual([1, 0]);
  // Three seconds is the library's patience with one look for such a server.
  expect(performance.now() - start).toBeLessThan(3000);
});
