/** The built command against Cloudflare's fake: what every provider does, and what only users of Cloudflare come to see. */
import { txtSet } from '../../../src/core/record-set.ts';
import { FAKE_TOKEN } from '../../fakes/cloudflare.ts';
import { D, describeCommand } from '../command-suite.ts';
import { startFleet } from './fleet.ts';

describeCommand({
  start: startFleet,
  isWrite: ({ path }) => path.endsWith('/batch'),
  withoutCredentials: ({ account }) => (account.env = { CLOUDFLARE_API_TOKEN: '' }),
  missing: ['CLOUDFLARE_API_TOKEN'],
  sentences: [
    [
      'that the token is wrong',
      ({ account }) => (account.env = { CLOUDFLARE_API_TOKEN: 'another-token-of-the-right-form-0123456789' }),
      ['Cloudflare does not accept the API token', 'mistyped, expired, deleted'],
    ],
    [
      'which zone the token does not see',
      ({ fake }) => fake.tokens.set(FAKE_TOKEN, { zones: [], canEdit: true }),
      [`no zone for _mta-sts.${D}: the API token sees no zone at all`, 'give the token Zone:Zone:Read'],
    ],
    [
      'which permission is missing',
      ({ fake }) => fake.tokens.set(FAKE_TOKEN, { zones: null, canEdit: false }),
      [`the API token may not change the records of ${D}`, 'give it the permission Zone:DNS:Edit for this zone'],
    ],
    [
      'that the zone is full',
      ({ fake }) => fake.model.zone(D).put(Array.from({ length: 198 }, (_, at) => txtSet(`t${at}.${D}`, 300, ['x']))),
      ['the zone is full', 'delete records that nobody needs, or take a larger plan'],
    ],
    [
      'that the zone is not served by Cloudflare',
      ({ fake }) => (fake.model.zone(D).facts = { ...fake.model.zone(D).facts, type: 'partial' }),
      [`${D} is a zone of type partial at Cloudflare`, 'choose the provider that holds the zone'],
    ],
    [
      'that something else answers',
      ({ fake }) => fake.fail({ kind: 'html', status: 404, isDone: false }, () => true, 100),
      ["which is not Cloudflare's API", 'correct `baseUrl`'],
    ],
  ],
});
