/** The provider `cloudflare` passes the suite: the official SDK over real HTTP on the fake, which is held to Cloudflare's own description. */
import { open } from '../../providers/cloudflare/provider.ts';
import { Secret } from '../../src/core/secret.ts';
import { FAKE_TOKEN, startCloudflare } from '../fakes/cloudflare.ts';
import { testContext } from '../providers/context.ts';
import { describeProvider } from './suite.ts';

describeProvider('cloudflare', async (records) => {
  const fake = await startCloudflare();
  const zone = fake.addZone('zone.test', records('zone.test'));
  return {
    provider: await open({ apiToken: new Secret(FAKE_TOKEN), baseUrl: fake.baseUrl }, testContext()),
    zone: 'zone.test',
    nameOutside: '_mta-sts.elsewhere.test',
    put: async (key, set) => {
      zone.drop(key);
      if (set !== null) zone.put([set]);
    },
    snapshot: async () => zone.snapshot(),
    close: () => fake.stop(),
  };
});
