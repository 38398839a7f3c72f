/**
 * A CA over real HTTPS for what pebble does not do: renewal information, profiles, rate limits, slow orders, and answers that are none. It keeps
 * accounts and orders, judges every signature and nonce, and looks at no challenge: what it finds is for the test to say.
 */
import type { Ca } from '../support/ca.ts';
import { type Fault, isFault, type Judged, judgeJws, type Jwk, Nonces, thumbprintOf } from './acme-jws.ts';
import { type FakeServer, type Reply, type SeenRequest, type Skin, startFakeServer } from './fake-server.ts';

export interface FakeOrder {
  readonly host: string;
  readonly profile: string | null;
  readonly replaces: string | null;
  status: 'pending' | 'ready' | 'processing' | 'valid' | 'invalid';
  authorization: 'pending' | 'valid' | 'invalid';
  challenge: 'pending' | 'processing' | 'valid' | 'invalid';
}

export interface FakeAcme extends AsyncDisposable {
  readonly directoryUrl: string;
  /** Requests, and faults on order. */
  readonly server: FakeServer;
  readonly orders: readonly FakeOrder[];
  readonly accounts: readonly { readonly contact: readonly string[] }[];
  /** Signed requests that were refused for their signature, URL or key. */
  readonly refused: readonly Fault[];
  /** Looks at an order or authorization until it is done. */
  looks: number;
  /** What orders and authorizations under way say about the next look. */
  retryAfter: string | null;
  /** The problem that challenges (or orders, after they were finalized) end with. */
  challengeProblem: object | null;
  orderProblem: object | null;
  /** Answered for every certificate; null: 404. */
  window: object | null;
  /** Identifiers of certificates that were replaced. */
  readonly replaced: Set<string>;
  forgetNonces(): void;
}

export interface FakeAcmeOptions {
  /** Signs the request of an order, DER, in place of a certificate with a key of its own; gives a chain. */
  readonly sign?: (csr: Uint8Array, host: string) => string;
  readonly profiles?: Readonly<Record<string, string>>;
  readonly hasRenewalInfo?: boolean;
}

/** `https://localhost:PORT/dir`, certified by `ca`, from which it issues too. */
export async function startFakeAcme(ca: Pick<Ca, 'issue' | 'chain'>, options: FakeAcmeOptions = {}): Promise<FakeAcme> {
  const { profiles = {}, hasRenewalInfo = true, sign } = options;
  const nonces = new Nonces();
  const accounts: { jwk: Jwk; contact: readonly string[] }[] = [];
  const orders: (FakeOrder & { looks: number })[] = [];
  const requests = new Map<number, Uint8Array>();
  const refused: Fault[] = [];
  let origin = '';

  const reply = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Reply => ({
    status,
    body,
    headers: { 'replay-nonce': nonces.issue(), ...headers },
  });
  const problem = (status: number, type: string, detail: string, headers = {}): Reply => {
    const body = { type: `urn:ietf:params:acme:error:${type}`, detail, status };
    return reply(status, body, { 'content-type': 'application/problem+json', ...headers });
  };

  const directory = (): object => ({
    newNonce: `${origin}/nonce`,
    newAccount: `${origin}/accounts`,
    newOrder: `${origin}/orders`,
    keyChange: `${origin}/key-change`,
    ...(hasRenewalInfo ? { renewalInfo: `${origin}/renewal` } : {}),
    meta: { profiles, caaIdentities: ['ca.test'], termsOfService: `${origin}/terms` },
  });

  const showOrder = (at: number, order: FakeOrder): Reply => {
    const isDone = order.status === 'valid';
    const headers = fake.retryAfter === null || order.status !== 'processing' ? {} : { 'retry-after': fake.retryAfter };
    const body = {
      status: order.status,
      expires: '2026-12-01T00:00:00Z',
      identifiers: [{ type: 'dns', value: order.host }],
      authorizations: [`${origin}/authorizations/${at}`],
      finalize: `${origin}/finalize/${at}`,
      ...(isDone ? { certificate: `${origin}/certificates/${at}` } : {}),
      ...(order.status === 'invalid' && fake.orderProblem !== null ? { error: fake.orderProblem } : {}),
    };
    return reply(200, body, { location: `${origin}/orders/${at}`, ...headers });
  };
  const showChallenge = (at: number, order: FakeOrder): object => ({
    type: 'http-01',
    url: `${origin}/challenges/${at}`,
    token: `token-${at}`,
    status: order.challenge,
    ...(order.challenge === 'invalid' ? { error: fake.challengeProblem } : {}),
  });
  /** One more look: the last one sees it done. */
  const look = (order: FakeOrder & { looks: number }): boolean => ++order.looks >= fake.looks;

  function post({ path }: SeenRequest, { payload, jwk, kid }: Judged): Reply {
    const [, kind = '', index] = path.split('/');
    const at = Number(index);
    if (kind === 'accounts' && index === undefined) return newAccount(payload ?? {}, jwk);
    if (kid === null) return problem(400, 'malformed', 'not by an account');
    if (kind === 'accounts') {
      const account = accounts[at];
      if (account !== undefined) account.contact = listAt(payload, 'contact');
      return reply(200, { status: 'valid', contact: account?.contact });
    }
    if (kind === 'key-change') return changeKey(payload, kid);
    if (kind === 'orders' && index === undefined) return newOrder(payload ?? {});
    const order = orders[at];
    if (order === undefined) return problem(404, 'malformed', 'no such order');
    if (kind === 'finalize') requests.set(at, Buffer.from(String(payload?.['csr']), 'base64url'));
    return aboutOrder(kind, at, order);
  }

  function aboutOrder(kind: string, at: number, order: FakeOrder & { looks: number }): Reply {
    switch (kind) {
      case 'orders':
        if (order.status === 'processing' && look(order))
          order.status = fake.orderProblem === null ? 'valid' : 'invalid';
        return showOrder(at, order);
      case 'authorizations': {
        if (order.challenge === 'processing' && look(order)) {
          order.authorization = fake.challengeProblem === null ? 'valid' : 'invalid';
          order.challenge = order.authorization;
          order.status = order.authorization === 'valid' ? 'ready' : 'invalid';
        }
        const unknown = { type: 'dns-account-01', url: `${origin}/challenges/x`, token: 'x', status: 'pending' };
        const odd = { type: 'dns-01', url: `${origin}/challenges/x`, token: '../../etc/passwd', status: 'pending' };
        const identifier = { type: 'dns', value: order.host };
        const headers = fake.retryAfter === null ? {} : { 'retry-after': fake.retryAfter };
        return reply(
          200,
          { status: order.authorization, identifier, challenges: [unknown, odd, showChallenge(at, order)] },
          headers,
        );
      }
      case 'challenges':
        order.challenge = 'processing';
        order.looks = 0;
        return reply(200, showChallenge(at, order));
      case 'finalize':
        if (order.status !== 'ready') return problem(403, 'orderNotReady', 'challenges are open');
        order.status = 'processing';
        order.looks = 0;
        return showOrder(at, order);
      case 'certificates': {
        const csr = requests.get(at);
        const chain =
          sign === undefined || csr === undefined
            ? `${ca.issue({ names: [order.host] }).cert}${ca.chain}`
            : sign(csr, order.host);
        const headers = {
          'content-type': 'application/pem-certificate-chain',
          link: `<${origin}/other>;rel="alternate"`,
        };
        return { ...reply(200, null, headers), text: chain };
      }
      default:
        return problem(404, 'malformed', 'no such thing');
    }
  }

  function newAccount(payload: Readonly<Record<string, unknown>>, jwk: Jwk): Reply {
    const found = accounts.findIndex((one) => thumbprintOf(one.jwk) === thumbprintOf(jwk));
    if (found >= 0)
      return reply(
        200,
        { status: 'valid', contact: accounts[found]?.contact },
        { location: `${origin}/accounts/${found}` },
      );
    if (payload['onlyReturnExisting'] === true) return problem(400, 'accountDoesNotExist', 'no account of this key');
    if (payload['termsOfServiceAgreed'] !== true) return problem(403, 'userActionRequired', 'agree to the terms first');
    accounts.push({ jwk, contact: listAt(payload, 'contact') });
    return reply(201, { status: 'valid' }, { location: `${origin}/accounts/${accounts.length - 1}` });
  }

  function changeKey(payload: Judged['payload'], kid: string): Reply {
    const inner = judgeJws(payload, `${origin}/key-change`, null, () => null);
    const account = accounts[Number(kid.split('/').at(-1))];
    if (isFault(inner) || account === undefined) return problem(400, 'malformed', 'wrong inner JWS');
    const isRight =
      inner.payload?.['account'] === kid && JSON.stringify(inner.payload['oldKey']) === JSON.stringify(account.jwk);
    if (!isRight) return problem(400, 'malformed', 'another account or old key');
    account.jwk = inner.jwk;
    return reply(200, { status: 'valid' });
  }

  function newOrder(payload: Readonly<Record<string, unknown>>): Reply {
    const { identifiers, profile = null, replaces = null } = payload;
    const host = Array.isArray(identifiers) ? String(Reflect.get(Object(identifiers[0]), 'value')) : '';
    if (typeof replaces === 'string' && fake.replaced.has(replaces))
      return problem(409, 'alreadyReplaced', 'another order has it');
    if (typeof replaces === 'string') fake.replaced.add(replaces);
    const texts = {
      profile: typeof profile === 'string' ? profile : null,
      replaces: typeof replaces === 'string' ? replaces : null,
    };
    orders.push({ host, ...texts, status: 'pending', authorization: 'pending', challenge: 'pending', looks: 0 });
    const [at, order] = [orders.length - 1, orders.at(-1)];
    return order === undefined ? problem(500, 'serverInternal', 'lost') : { ...showOrder(at, order), status: 201 };
  }

  const skin: Skin = {
    answer: (request) => {
      const { method, path, body } = request;
      // CAs may give a nonce with these two as well; this one does not.
      if (method === 'GET' && path === '/dir') return { status: 200, body: directory() };
      if (method === 'HEAD' && path === '/nonce') return reply(200, null);
      if (method === 'GET' && path.startsWith('/renewal/'))
        return fake.window === null
          ? problem(404, 'malformed', 'no such certificate')
          : { status: 200, body: fake.window, headers: { 'retry-after': '21600' } };
      if (method !== 'POST') return problem(405, 'malformed', method);
      const judged = judgeJws(
        body,
        `${origin}${path}`,
        nonces,
        (kid) => accounts[Number(kid.split('/').at(-1))]?.jwk ?? null,
      );
      if (!isFault(judged)) return post(request, judged);
      if (judged.type !== 'badNonce') refused.push(judged);
      return problem(400, judged.type, judged.detail);
    },
    busy: (seconds) =>
      problem(429, 'rateLimited', 'too many new orders', seconds === null ? {} : { 'retry-after': String(seconds) }),
    broken: (status) => problem(status, 'serverInternal', 'it is broken'),
    unsuccessful: () => problem(400, 'malformed', 'no'),
  };
  const server = await startFakeServer(skin, ca.issue({ names: ['localhost'] }));
  origin = server.origin.replace('127.0.0.1', 'localhost');

  const fake: FakeAcme = {
    directoryUrl: `${origin}/dir`,
    server,
    orders,
    accounts,
    refused,
    looks: 1,
    retryAfter: null,
    challengeProblem: null,
    orderProblem: null,
    window: null,
    replaced: new Set(),
    forgetNonces: () => nonces.forget(),
    [Symbol.asyncDispose]: () => server.stop(),
  };
  return fake;
}

function listAt(payload: Judged['payload'], name: string): readonly string[] {
  const found = payload?.[name];
  return Array.isArray(found) ? found.map(String) : [];
}
