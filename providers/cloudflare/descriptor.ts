/** What the provider `cloudflare` is, as data. `calls` is counted on the fake by test/providers/cloudflare/calls.test.ts. */
import type { ProviderDescriptor } from '../../src/provider.ts';

export const descriptor: ProviderDescriptor = {
  type: 'cloudflare',
  title: 'Cloudflare DNS',
  options: [
    {
      name: 'apiToken',
      kind: 'secret',
      isRequired: true,
      description: 'API token',
      environment: 'CLOUDFLARE_API_TOKEN',
    },
    {
      name: 'baseUrl',
      kind: 'url',
      isRequired: false,
      description: 'Another address of the API, for tests',
      environment: 'CLOUDFLARE_BASE_URL',
    },
    {
      name: 'proxied',
      kind: 'flag',
      isRequired: false,
      description: 'Let Cloudflare stand in front of the policy host (default false)',
    },
  ],
  exactlyOneOf: [],
  leastPrivilege:
    'An API token with Zone:DNS:Edit and Zone:Zone:Read on the zones concerned; DNS:Read is enough for dry runs.',
  role: {
    language: 'text',
    text: `Create Custom Token
Permissions     Zone | DNS  | Edit
                Zone | Zone | Read
Zone Resources  Include | Specific zone | example.com`,
  },
  limits: [
    'No compare-and-swap: a record that somebody else changes at the same moment can be lost (2026).',
    'TTL 60 to 86400 seconds, 30 on Enterprise; 1 means automatic (2026).',
    '1,200 API requests in 5 minutes for each user (2026); 200 changes in one batch on the Free plan, 3,500 on others.',
    '200 records in a new zone on the Free plan; 2,048 characters in a TXT record, 8,192 in all of one name (2026).',
    'Zones of type partial and secondary are refused: Cloudflare does not serve, or does not change, what stands there.',
    'A record that is proxied already stays so while its data is right; a proxied CNAME is never seen in DNS.',
  ],
  calls: {
    steadyState: 0,
    firstPublication: 13,
    rotation: 5,
    perRun: 'one for each 50 zones that the token sees, and at most as many again to find a zone by name.',
  },
  documentation: 'https://developers.cloudflare.com/api/resources/dns/subresources/records/',
  isBuilt: true,
};
