/** Floor 2. Orders: asked for, read again, finalized, and the certificate of one (RFC 8555 §7.4, RFC 9773 §5). */
import { X509Certificate } from 'node:crypto';

import { parseHostName } from '../../core/names.ts';
import type { Account } from './account.ts';
import type { AcmeAnswer } from './answer.ts';
import { dateOf, listOf, objectOf, parseObject, textOf, urlOf } from './json.ts';
import { poll, type Polled, type PollWorld } from './poll.ts';
import { AcmeProblem, badAnswer, ownProblem, problemOfDocument } from './problem.ts';
import type { Session } from './session.ts';

export const ORDER_STATUSES = ['pending', 'ready', 'processing', 'valid', 'invalid'] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** An order as the CA showed it last (RFC 8555 §7.1.3). Its `url` is all that has to be kept: `readOrder` gives the rest. */
export interface Order {
  readonly url: string;
  /** The one name it is for. */
  readonly host: string;
  /** `pending`: answer challenges. `ready`: finalize. `processing`: wait. `valid`: the certificate is there. `invalid`: `problem` says why. */
  readonly status: OrderStatus;
  readonly expiresAt: Date | null;
  readonly authorizationUrls: readonly string[];
  readonly finalizeUrl: string;
  readonly certificateUrl: string | null;
  readonly problem: AcmeProblem | null;
}

export interface OrderOptions {
  /** A name of `directory().profiles`. */
  readonly profile?: string;
  /** The `certificateId` of the certificate that this one is to replace; left out where the CA has no renewal information. */
  readonly replaces?: string;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

export async function newOrder(
  session: Session,
  account: Account,
  name: string,
  options: OrderOptions,
): Promise<Order> {
  const { newOrder: url, profiles, renewalInfo } = await session.directory();
  const host = parseHostName(name);
  // RFC 8555 §7.1.4: A-labels, which is what the parser gives.
  if (!host.ok) throw ownProblem('rejectedIdentifier', 'domain', host.issues[0]?.message ?? 'no host name', url);
  const { profile, replaces } = options;
  if (profile !== undefined && !profiles.has(profile)) {
    const known = profiles.size === 0 ? 'none' : [...profiles.keys()].join(', ');
    throw ownProblem('invalidProfile', 'account', `it has no profile "${profile}", but ${known}`, url);
  }
  const payload = {
    identifiers: [{ type: 'dns', value: host.value }],
    ...(profile === undefined ? {} : { profile }),
  };
  const ask = (more: object): Promise<AcmeAnswer> =>
    account.post(url, { ...payload, ...more }, { subject: 'new-order' });
  const isReplacing = replaces !== undefined && renewalInfo !== null;
  const answer = await ask(isReplacing ? { replaces } : {}).catch((error: unknown) => {
    // RFC 9773 §5: another order has replaced it, such as one whose answer was lost. The certificate is wanted all the same.
    if (isReplacing && error instanceof AcmeProblem && error.type === 'alreadyReplaced') return ask({});
    throw error;
  });
  const orderUrl = urlOf(answer.location);
  if (orderUrl === null) throw badAnswer(answer, 'no URL of the order');
  return orderOf(answer, orderUrl);
}

export async function readOrder(account: Account, url: string): Promise<Order> {
  return orderOf(await account.post(url, null, { subject: 'order' }), url);
}

/** An order that is `processing` is waited for, one that is `valid` given back, so a call that was cut off is simply made again. */
export async function finalize(account: Account, world: PollWorld, order: Order, csr: Uint8Array): Promise<Order> {
  const isSent = order.status === 'processing' || order.status === 'valid';
  const known: Polled<Order> = isSent
    ? { value: order, retryAfterMs: null }
    : polled(
        await account.post(order.finalizeUrl, { csr: Buffer.from(csr).toString('base64url') }, { subject: 'order' }),
        order.url,
      );
  const done = await poll(
    world,
    known,
    async () => polled(await account.post(order.url, null, { subject: 'order' }), order.url),
    ({ status }) => status === 'valid' || status === 'invalid',
    (retryAfterMs) => ownProblem('stillProcessing', 'domain', 'the order is not done yet', order.url, retryAfterMs),
  );
  if (done.status === 'invalid')
    throw done.problem ?? ownProblem('invalid', 'domain', 'the order is invalid, no reason given', order.url);
  return done;
}

/** §7.4.2. The chain that the CA gives first; those it links to as alternates are not asked for. */
export async function downloadCertificate(account: Account, order: Order): Promise<string> {
  const { certificateUrl, url, host } = order;
  if (certificateUrl === null) throw ownProblem('orderNotReady', 'domain', 'the order has no certificate yet', url);
  const answer = await account.post(certificateUrl, null, {
    subject: 'order',
    accept: 'application/pem-certificate-chain',
  });
  const text = Buffer.from(answer.body).toString('latin1');
  const blocks = text.match(CERTIFICATE) ?? [];
  // §9.1: certificates and nothing else, lest a CA slips in a key of its own.
  const [leaf] = text.replaceAll(CERTIFICATE, '').trim() === '' ? blocks.map(readCertificate) : [];
  if (leaf === undefined || leaf === null) throw badAnswer(answer, 'no chain of certificates in PEM');
  if (leaf.checkHost(host) === undefined) throw badAnswer(answer, 'a certificate for another name');
  return blocks.map((block) => `${block}\n`).join('');
}

function readCertificate(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    return null;
  }
}

function polled(answer: AcmeAnswer, url: string): Polled<Order> {
  return { value: orderOf(answer, url), retryAfterMs: answer.retryAfterMs };
}

function orderOf(answer: AcmeAnswer, url: string): Order {
  const found = parseObject(answer.body);
  const status = ORDER_STATUSES.find((one) => one === found?.['status']);
  const finalizeUrl = urlOf(found?.['finalize']);
  const [host] = listOf(found?.['identifiers'], (one) => textOf(objectOf(one)?.['value']));
  if (found === null || status === undefined || finalizeUrl === null || host === undefined)
    throw badAnswer(answer, 'no order');
  const error = objectOf(found['error']);
  return {
    url,
    host,
    status,
    expiresAt: dateOf(found['expires']),
    authorizationUrls: listOf(found['authorizations'], urlOf),
    finalizeUrl,
    certificateUrl: urlOf(found['certificate']),
    problem: error === null ? null : problemOfDocument(error, { status: 0, url, retryAfterMs: null }, 'order'),
  };
}
