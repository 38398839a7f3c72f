/** Floor 2. Authorizations of an order and their challenges (RFC 8555 §7.5, §8; RFC 8737). */
import type { Account } from './account.ts';
import type { AcmeAnswer } from './answer.ts';
import { type JsonObject, listOf, objectOf, parseObject, textOf, urlOf } from './json.ts';
import { keyAuthorizationOf } from './jws.ts';
import type { Order } from './order.ts';
import { poll, type Polled, type PollWorld } from './poll.ts';
import { AcmeProblem, badAnswer, ownProblem, problemOfDocument } from './problem.ts';

const CHALLENGE_TYPES = ['http-01', 'dns-01', 'tls-alpn-01'] as const;
export type ChallengeType = (typeof CHALLENGE_TYPES)[number];

/** One way to prove that a name is ours. One of each authorization is enough. */
export interface Challenge {
  readonly host: string;
  readonly type: ChallengeType;
  readonly url: string;
  /** base64url, so it is safe as the last part of a path. */
  readonly token: string;
  /** What http-01 serves at `/.well-known/acme-challenge/TOKEN`; `dnsValue` and `tlsAlpnCertificate` make the other two of it. */
  readonly keyAuthorization: string;
  readonly authorizationUrl: string;
  /** The CA was told to look already: before a crash. */
  readonly isAsked: boolean;
}

/** Of what the CA shows, what counts here. */
interface Authorization {
  readonly status: string;
  readonly host: string;
  readonly challenges: readonly JsonObject[];
}

/** Of all authorizations that are not valid yet. Throws the CA's problem when one has failed: then the order is lost. */
export async function openChallenges(account: Account, order: Order): Promise<readonly Challenge[]> {
  const lists = await Promise.all(
    order.authorizationUrls.map(async (url) => {
      const { value } = await read(account, url);
      if (value.status === 'valid') return [];
      if (value.status !== 'pending') throw failureOf(value, url);
      return value.challenges.map((one) => challengeOf(one, value.host, url, account)).filter((one) => one !== null);
    }),
  );
  return lists.flat();
}

/** Tells the CA to look, and waits for what it finds. */
export async function answerChallenge(account: Account, world: PollWorld, challenge: Challenge): Promise<void> {
  const { url, authorizationUrl } = challenge;
  const authorization = await poll(
    world,
    challenge.isAsked ? await read(account, authorizationUrl) : await ask(account, challenge),
    () => read(account, authorizationUrl),
    ({ status }) => status !== 'pending',
    (retryAfterMs) => ownProblem('stillPending', 'domain', 'it has not looked at the challenge yet', url, retryAfterMs),
  );
  if (authorization.status !== 'valid') throw failureOf(authorization, authorizationUrl);
}

/** §7.5.1. What comes back is the challenge; the authorization is pending as long as nothing else is known. */
async function ask(account: Account, { host, url, authorizationUrl }: Challenge): Promise<Polled<Authorization>> {
  try {
    const { retryAfterMs } = await account.post(url, {}, { subject: 'order' });
    return { value: { status: 'pending', host, challenges: [] }, retryAfterMs };
  } catch (error) {
    if (!(error instanceof AcmeProblem) || error.type !== 'malformed') throw error;
    // So CAs answer for a challenge that is under way or done: the answer to an earlier call was lost.
    const found = await read(account, authorizationUrl);
    const isUnderWay = found.value.challenges.some((one) => one['url'] === url && one['status'] !== 'pending');
    if (!isUnderWay && found.value.status === 'pending') throw error;
    return found;
  }
}

async function read(account: Account, url: string): Promise<Polled<Authorization>> {
  const answer = await account.post(url, null, { subject: 'order' });
  return { value: authorizationOf(answer), retryAfterMs: answer.retryAfterMs };
}

function authorizationOf(answer: AcmeAnswer): Authorization {
  const found = parseObject(answer.body);
  const status = textOf(found?.['status']);
  const host = textOf(objectOf(found?.['identifier'])?.['value']);
  if (found === null || status === null || host === null) throw badAnswer(answer, 'no authorization');
  return { status, host, challenges: listOf(found['challenges'], objectOf) };
}

/** Null: of a type that nobody here can answer, or not well-formed. */
function challengeOf(found: JsonObject, host: string, authorizationUrl: string, account: Account): Challenge | null {
  const type = CHALLENGE_TYPES.find((one) => one === found['type']);
  const url = urlOf(found['url']);
  const token = textOf(found['token']);
  // §8.3: base64url. It becomes a path and a record, so nothing else is taken.
  if (type === undefined || url === null || token === null || !/^[\w-]+$/.test(token)) return null;
  const keyAuthorization = keyAuthorizationOf(token, account.key);
  return { host, type, url, token, keyAuthorization, authorizationUrl, isAsked: found['status'] === 'processing' };
}

/** §7.1.6: `invalid`, `expired`, `deactivated` or `revoked`. The first challenge that says why is the reason. */
function failureOf({ status, challenges }: Authorization, url: string): AcmeProblem {
  const [error] = challenges.map((one) => objectOf(one['error'])).filter((one) => one !== null);
  if (error !== undefined) return problemOfDocument(error, { status: 0, url, retryAfterMs: null }, 'order');
  return ownProblem(status, 'domain', `the authorization is ${status}, no reason given`, url);
}
