/** A client at the fake CA whose waits take no time, and what it says when it fails. */
import type { Clock } from '../../../src/effects/clock.ts';
import {
  type Acme,
  type AcmeOptions,
  AcmeProblem,
  makeKey,
  openAcme,
  type Order,
} from '../../../src/effects/acme/client.ts';
import { loadTrust } from '../../../src/effects/trust.ts';

export const START = new Date('2026-11-25T12:00:00Z');
export const HOST = 'mta-sts.example.test';

/** Rings at once, has gone on by so much, and knows what it was asked for. */
export class QuickClock implements Clock {
  readonly waits: number[] = [];
  #nowMs = START.getTime();

  readonly now = (): Date => new Date(this.#nowMs);

  readonly after = (ms: number, ring: () => void): (() => void) => {
    this.waits.push(ms);
    const soon = setImmediate(() => {
      this.#nowMs += ms;
      ring();
    });
    return () => clearImmediate(soon);
  };
}

export function openAt(
  place: { readonly directoryUrl: string; readonly caFile: string },
  more: Partial<AcmeOptions> = {},
): Acme {
  return openAcme({
    directoryUrl: place.directoryUrl,
    ca: loadTrust(place.caFile),
    accountKeyPem: makeKey(),
    contact: ['mailto:ops@example.test'],
    externalAccount: null,
    clock: new QuickClock(),
    signal: new AbortController().signal,
    ...more,
  });
}

/** An order of the fake CA that is `ready`. */
export async function readyOrder(acme: Acme): Promise<Order> {
  const order = await acme.newOrder(HOST);
  for (const challenge of await acme.challenges(order)) await acme.answer(challenge);
  return acme.readOrder(order.url);
}

/** What `work` fails with. */
export async function problemOf(work: Promise<unknown>): Promise<AcmeProblem> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AcmeProblem)) throw new Error('it did not fail as it should', { cause: error });
  return error;
}

/** An answer of the CA that says no. */
export function problem(
  status: number,
  type: string,
  headers: Readonly<Record<string, string>> = {},
  more: object = {},
): {
  status: number;
  body: object;
  headers: Readonly<Record<string, string>>;
} {
  const body = { type: `urn:ietf:params:acme:error:${type}`, detail: 'no', ...more };
  return { status, body, headers: { 'content-type': 'application/problem+json', ...headers } };
}

export function badNonce(): ReturnType<typeof problem> {
  return problem(400, 'badNonce');
}
