/** A login that works without Google: workload identity federation, whose file names its own token server (PROVIDERS 3.3). */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes the two files of it and gives the path for `keyFile`. `subject`: the workload's own token; the fake takes `workload`. */
export function writeWorkloadFile(directory: string, origin: string, subject = 'workload'): string {
  const file = join(directory, 'workload.json');
  writeFileSync(join(directory, 'subject'), subject);
  writeFileSync(
    file,
    JSON.stringify({
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/stsync',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${origin}/token`,
      credential_source: { file: join(directory, 'subject') },
    }),
  );
  return file;
}
