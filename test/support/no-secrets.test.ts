import { expect, test } from 'vitest';

import { FAKE_TOKEN } from '../fakes/cloudflare.ts';
import { refuseSecrets } from './no-secrets.ts';

test('an output with a credential of a fake, a private key or a secret from the environment is refused', () => {
  const env = { TOKEN: 'hush-hush-0123', MODE: 'enforce-something', KEY_FILE: '/run/secrets/key' };
  for (const text of [`x ${FAKE_TOKEN}`, '-----BEGIN PRIVATE KEY-----', 'say hush-hush-0123'])
    expect(() => refuseSecrets(text, env, 'a test')).toThrow(/a secret \(.{4}\.\.\.\) is in the output of a test/);
  expect(() => refuseSecrets('enforce-something /run/secrets/key', env, 'a test')).not.toThrow();
});
