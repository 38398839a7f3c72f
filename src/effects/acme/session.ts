/** Floor 2. A CA as its directory describes it (RFC 8555 §7.1.1), and signed requests to it with a nonce each (§6.5). */
import type { Clock } from '../clock.ts';
import type { AcmeAnswer } from './answer.ts';
import type { Transport } from './http.ts';
import { listOf, objectOf, parseObject, textOf, urlOf } from './json.ts';
import { type AccountKey, type Signer, signJws } from './jws.ts';
import { badAnswer, problemOfAnswer } from './problem.ts';
import type { AcmeSubject } from './scope.ts';

/** Pebble rejects up to 60 of 100 on purpose; 60 in a row then come once in 10^13. */
const MAX_BAD_NONCES = 60;
const MAX_NONCES = 64;
const DIRECTORY_AGE_MS = 3_600_000;

/** Null: the CA does not have it. */
export interface Directory {
  readonly newNonce: string;
  readonly newAccount: string;
  readonly newOrder: string;
  readonly keyChange: string | null;
  readonly renewalInfo: string | null;
  readonly termsOfService: string | null;
  readonly caaIdentities: readonly string[];
  readonly isExternalAccountRequired: boolean;
  /** By name, with what the CA says about it. */
  readonly profiles: ReadonlyMap<string, string>;
}

export interface Session {
  /** Read again when it is an hour old. */
  directory(): Promise<Directory>;
  /** GET without a signature. Throws an `AcmeProblem` unless the status is 200. */
  get(url: string, subject: AcmeSubject): Promise<AcmeAnswer>;
  /**
   * A signed POST; `payload` null reads (POST-as-GET, §6.3). `badNonce` alone is asked again, signed anew. Throws an `AcmeProblem` unless the status
   * is of success.
   */
  post(key: AccountKey, signer: Signer, url: string, payload: object | null, options: PostOptions): Promise<AcmeAnswer>;
}

export interface PostOptions {
  readonly subject: AcmeSubject;
  /** JSON unless said. */
  readonly accept?: string;
}

export function openSession(directoryUrl: string, send: Transport, clock: Clock): Session {
  const nonces: string[] = [];
  let known: { readonly read: Promise<Directory>; readonly at: number } | null = null;

  async function exchange(request: Parameters<Transport>[0]): Promise<AcmeAnswer> {
    const answer = await send(request);
    if (answer.nonce !== null) nonces.push(answer.nonce);
    if (nonces.length > MAX_NONCES) nonces.shift();
    return answer;
  }

  async function get(url: string, subject: AcmeSubject): Promise<AcmeAnswer> {
    const answer = await exchange({ method: 'GET', url, accept: 'application/json' });
    // Redirects are not followed: a directory that moved is for a person to change.
    if (answer.status !== 200) throw problemOfAnswer(answer, subject);
    return answer;
  }

  async function takeNonce(): Promise<string> {
    // The newest: CAs forget the old ones.
    const nonce = nonces.pop();
    if (nonce !== undefined) return nonce;
    const { newNonce } = await directory();
    // Not into the pool: another request could take it before this one does.
    const answer = await send({ method: 'HEAD', url: newNonce, accept: '*/*' });
    if (answer.nonce === null && answer.status >= 400) throw problemOfAnswer(answer, 'order');
    if (answer.nonce === null) throw badAnswer(answer, 'no Replay-Nonce');
    return answer.nonce;
  }

  function directory(): Promise<Directory> {
    const now = clock.now().getTime();
    // Also when the clock was set back.
    if (known !== null && Math.abs(now - known.at) < DIRECTORY_AGE_MS) return known.read;
    const read = get(directoryUrl, 'order').then(directoryOf);
    const fresh = { read, at: now };
    known = fresh;
    read.catch(() => {
      if (known === fresh) known = null;
    });
    return read;
  }

  return {
    directory,
    get,
    post: async (key, signer, url, payload, { subject, accept = 'application/json' }) => {
      for (let rejected = 0; ; rejected++) {
        const body = JSON.stringify(signJws(key, signer, url, await takeNonce(), payload));
        const answer = await exchange({ method: 'POST', url, accept, body });
        if (answer.status >= 200 && answer.status < 300) return answer;
        const problem = problemOfAnswer(answer, subject);
        // §6.5: nothing was done, and the answer brought a new one.
        if (problem.type !== 'badNonce' || rejected === MAX_BAD_NONCES) throw problem;
      }
    },
  };
}

function directoryOf(answer: AcmeAnswer): Directory {
  const found = parseObject(answer.body);
  const [newNonce, newAccount, newOrder] = ['newNonce', 'newAccount', 'newOrder'].map((name) => urlOf(found?.[name]));
  if (found === null || !newNonce || !newAccount || !newOrder) throw badAnswer(answer, 'no ACME directory');
  const meta = objectOf(found['meta']) ?? {};
  return {
    newNonce,
    newAccount,
    newOrder,
    keyChange: urlOf(found['keyChange']),
    renewalInfo: urlOf(found['renewalInfo']),
    // Pebble has a data: URL, and all that counts here is whether there are terms.
    termsOfService: textOf(meta['termsOfService']),
    caaIdentities: listOf(meta['caaIdentities'], textOf),
    isExternalAccountRequired: meta['externalAccountRequired'] === true,
    profiles: new Map(
      Object.entries(objectOf(meta['profiles']) ?? {}).map(([name, about]) => [name, textOf(about) ?? '']),
    ),
  };
}
