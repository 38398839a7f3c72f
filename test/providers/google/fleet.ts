/** A fleet at Google Cloud DNS: `apiEndpoint` leads to the fake, `keyFile` to a workload's login whose token server is the fake's own. */
import { tempDirectory } from '../../effects/temp-directory.ts';
import { FAKE_ACCESS_TOKEN, startGoogle, type GoogleFake } from '../../fakes/google.ts';
import { Fleet, type FleetOptions } from '../fleet.ts';
import { writeWorkloadFile } from './workload.ts';

/** `subject`: the workload's own token; the fake takes `workload`. */
export async function startFleet(options: FleetOptions = {}, subject = 'workload'): Promise<Fleet<GoogleFake>> {
  const fake = await startGoogle();
  const keyFile = writeWorkloadFile(tempDirectory(), fake.origin, subject);
  const yaml = `{ type: google, project: ${fake.project}, keyFile: "${keyFile}", apiEndpoint: "${fake.origin}" }`;
  return Fleet.start({ fake, yaml, env: {}, secret: FAKE_ACCESS_TOKEN }, options);
}
