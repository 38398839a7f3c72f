/** A fleet at Cloudflare: `baseUrl` leads to the fake, the token comes from the environment. */
import { FAKE_TOKEN, startCloudflare, type CloudflareFake } from '../../fakes/cloudflare.ts';
import { Fleet, type FleetOptions } from '../fleet.ts';

export async function startFleet(options: FleetOptions = {}): Promise<Fleet<CloudflareFake>> {
  const fake = await startCloudflare();
  const yaml = `{ type: cloudflare, apiToken: "\${env:CLOUDFLARE_API_TOKEN}", baseUrl: "${fake.baseUrl}" }`;
  return Fleet.start({ fake, yaml, env: { CLOUDFLARE_API_TOKEN: FAKE_TOKEN }, secret: FAKE_TOKEN }, options);
}
