/**
 * Who we are to Google: the official library of Google, with what it hides brought to light. Without credentials it would send requests
 * unauthenticated; here that is an error before the first call. Its own error texts may hold parts of a key file or a token and are not shown.
 */
import { DNS } from '@google-cloud/dns';
import { JWT, type AuthClient } from 'google-auth-library';

import type { OptionValue } from '../../src/core/config/model.ts';
import { StsyncError } from '../../src/core/error.ts';
import { Secret } from '../../src/core/secret.ts';
import type { FileAccess } from '../../src/provider.ts';

export interface Identity {
  readonly auth: AuthClient;
  /** What tells these credentials from others, for the budget of requests. */
  readonly credential: Secret;
}

type Options = { readonly [name: string]: OptionValue };

const HINT =
  'name a key file in `keyFile`, set GOOGLE_APPLICATION_CREDENTIALS, run `gcloud auth application-default login`, or run on Google Cloud';

/** Reads the key file, or looks for application default credentials. Throws `PROVIDER_CREDENTIALS`. */
export async function readIdentity({ project, keyFile }: Options, files: Pick<FileAccess, 'read'>): Promise<Identity> {
  const projectId = typeof project === 'string' ? project : '';
  const path = typeof keyFile === 'string' ? keyFile : null;
  const text = path === null ? null : await readKeyFile(path, files);
  const credentials = path === null || text === null ? {} : { credentials: parseKeyFile(text, path) };
  const auth = await clientOf(new DNS({ projectId, ...credentials }), path);
  // Signs its own tokens: no call to a token server before the first real one, and none that could fail.
  if (auth instanceof JWT) auth.useJWTAccessWithScope = true;
  return { auth, credential: new Secret(text ?? `application default credentials of ${projectId}`) };
}

async function clientOf(dns: DNS, keyFile: string | null): Promise<AuthClient> {
  try {
    return await dns.authClient.getClient();
  } catch {
    throw keyFile === null
      ? new StsyncError('PROVIDER_CREDENTIALS', 'there are no credentials for Google Cloud', {
          hint: HINT,
          where: 'google',
        })
      : unusable(keyFile, 'is no credentials file that Google knows');
  }
}

async function readKeyFile(path: string, files: Pick<FileAccess, 'read'>): Promise<string> {
  const file = await files.read(path).catch((error: unknown) => {
    throw unusable(
      path,
      `cannot be read: ${error instanceof Error && 'code' in error ? String(error.code) : 'no reason given'}`,
    );
  });
  if (file === null) throw unusable(path, 'does not exist');
  return Buffer.from(file.bytes).toString('utf8');
}

/** Only objects with a `type` that Google's own files have. */
function parseKeyFile(text: string, path: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unusable(path, 'is no JSON');
  }
  if (typeof value !== 'object' || value === null || !('type' in value)) throw unusable(path, 'has no `type`');
  return value;
}

function unusable(path: string, what: string): StsyncError {
  return new StsyncError('PROVIDER_CREDENTIALS', `the credentials file ${path} ${what}`, {
    hint: 'make one under IAM, Service accounts, Keys; or a configuration of workload identity federation',
    where: path,
  });
}
