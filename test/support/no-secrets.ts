/** No output of the command ever holds a credential: every run of the tests is looked through. */
import { FAKE_TOKEN } from '../fakes/cloudflare.ts';

/** Shorter values stand in other words by chance. */
const SHORTEST = 8;
const MAY_BE_SECRET = /TOKEN|KEY|SECRET|PASSWORD/;
const ALWAYS = [FAKE_TOKEN, 'PRIVATE KEY-----'];

/** Throws where `text` has a credential of the fakes, a private key, or a secret that `env` handed in. The error does not repeat it. */
export function refuseSecrets(text: string, env: Readonly<Record<string, string | undefined>>, what: string): void {
  const handedIn = Object.entries(env).flatMap(([name, value = '']) =>
    MAY_BE_SECRET.test(name) && value.length >= SHORTEST && !value.startsWith('/') ? [value] : [],
  );
  for (const secret of [...ALWAYS, ...handedIn]) {
    const at = text.indexOf(secret);
    if (at !== -1)
      throw new Error(
        `a secret (${secret.slice(0, 4)}...) is in the output of ${what}, after ${JSON.stringify(text.slice(Math.max(0, at - 80), at))}`,
      );
  }
}
