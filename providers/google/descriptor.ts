/** What the provider `google` is, as data. `calls` is counted on the fake by test/providers/google/calls.test.ts. */
import type { ProviderDescriptor } from '../../src/provider.ts';

export const descriptor: ProviderDescriptor = {
  type: 'google',
  title: 'Google Cloud DNS',
  options: [
    {
      name: 'project',
      kind: 'text',
      isRequired: true,
      description: 'ID of the project',
      environment: 'GOOGLE_CLOUD_PROJECT',
    },
    {
      name: 'keyFile',
      kind: 'path',
      isRequired: false,
      description: 'Credentials file (service account or workload identity); otherwise application default credentials',
      environment: 'GOOGLE_APPLICATION_CREDENTIALS',
    },
    { name: 'apiEndpoint', kind: 'url', isRequired: false, description: 'Another address of the API, for tests' },
  ],
  exactlyOneOf: [],
  leastPrivilege:
    'A custom role with dns.managedZones.list, dns.resourceRecordSets.list, create, update and delete, dns.changes.create and get, granted on the project (the list of zones needs it there); roles/dns.reader is enough for dry runs.',
  role: {
    language: 'sh',
    text: `gcloud iam roles create stsync --project=PROJECT --title=stsync --permissions=\\
dns.managedZones.list,dns.changes.create,dns.changes.get,\\
dns.resourceRecordSets.list,dns.resourceRecordSets.create,dns.resourceRecordSets.update,dns.resourceRecordSets.delete
gcloud projects add-iam-policy-binding PROJECT --member=serviceAccount:ACCOUNT --role=projects/PROJECT/roles/stsync`,
  },
  limits: [
    '1,000 additions and 1,000 deletions in one change, 100 records in a set (2026).',
    'Calls are counted by minute and user; the figure stands in the console only (2026).',
    'Private, forwarding and peering zones are passed over; two public zones of one name are refused.',
    'Record sets with a routing policy are read and never changed.',
  ],
  calls: {
    steadyState: 0,
    firstPublication: 15,
    rotation: 7,
    perRun:
      'one for each page of the zones of the project, at most ten to find a zone by name, and one for a token at its own server.',
  },
  documentation: 'https://cloud.google.com/dns/docs/reference/rest/v1',
  isBuilt: true,
};
