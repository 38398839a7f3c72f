/** Floor 0. When a certificate is renewed: in the window that the CA suggests (RFC 9773 §4.2), else by its lifetime. */
import type { CertificateValidity, Renewal } from './model.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Lives shorter than this are renewed at half. */
const SHORT_LIFE_MS = 10 * DAY_MS;
/** Without a window renewals are spread over this part of the life before that moment. */
const SPREAD = 1 / 15;
/** Whatever a CA suggests, at the end of the life so much of it is left. */
const LEAST_LEFT = 1 / 10;
/** And no renewal comes earlier, lest a CA that always says "now" gets an order a minute. CAs have a day to revoke, too. */
const [LEAST_AGE, LEAST_AGE_MS] = [1 / 6, DAY_MS];
/** RFC 9773 §4.3.2: from a minute to a day; six hours are usual. */
const USUAL_ASK_MS = 6 * HOUR_MS;
const [LEAST_ASK_MS, LONGEST_ASK_MS] = [60_000, DAY_MS];
/** Of a new certificate the CA is asked within an hour: those that came together ask apart. */
const FIRST_ASK_MS = HOUR_MS;

export interface SuggestedWindow {
  readonly startsAt: Date;
  readonly endsAt: Date;
  /** Null: the CA did not say. */
  readonly retryAfterMs: number | null;
}

type Life = Pick<CertificateValidity, 'notBefore' | 'notAfter' | 'issuedAt'>;

/** Before the CA was asked. `random`: from 0 up to 1. */
export function firstRenewal(life: Life, now: Date, random: number): Renewal {
  return {
    renewAt: byLifetime(life, random),
    askAgainAt: new Date(now.getTime() + random * FIRST_ASK_MS),
    isSuggested: false,
  };
}

/**
 * After the CA was asked; `window` null: it has none for this certificate. A moment chosen earlier stays as long as it lies in the window:
 * choosing anew with each answer would lead to the start of it.
 */
export function nextRenewal(
  life: Life,
  before: Renewal | null,
  window: SuggestedWindow | null,
  now: Date,
  random: number,
): Renewal {
  if (window === null) {
    const renewAt = before === null || before.isSuggested ? byLifetime(life, random) : before.renewAt;
    return { renewAt, askAgainAt: new Date(now.getTime() + LONGEST_ASK_MS), isSuggested: false };
  }
  const [start, end] = [window.startsAt.getTime(), window.endsAt.getTime()];
  const known = before?.isSuggested === true ? before.renewAt.getTime() : Number.NaN;
  const chosen = known >= start && known <= end ? known : start + random * (end - start);
  const earliest = life.issuedAt.getTime() + Math.min(LEAST_AGE_MS, LEAST_AGE * lifeMs(life));
  const latest = life.notAfter.getTime() - LEAST_LEFT * lifeMs(life);
  const askMs = Math.min(Math.max(window.retryAfterMs ?? USUAL_ASK_MS, LEAST_ASK_MS), LONGEST_ASK_MS);
  return {
    renewAt: new Date(Math.min(Math.max(chosen, earliest), latest)),
    askAgainAt: new Date(now.getTime() + askMs),
    isSuggested: true,
  };
}

/** The CA could not say this time: the moment stays, and it is asked again in about an hour. */
export function askedInVain(life: Life, before: Renewal | null, now: Date, random: number): Renewal {
  const { renewAt, isSuggested } = before ?? firstRenewal(life, now, random);
  return { renewAt, isSuggested, askAgainAt: new Date(now.getTime() + (1 + random) * HOUR_MS) };
}

/** At two thirds of the life, at half of a short one, or a little before: renewals of what was issued together are spread. */
function byLifetime(life: Life, random: number): Date {
  const part = (lifeMs(life) < SHORT_LIFE_MS ? 1 / 2 : 2 / 3) - random * SPREAD;
  return new Date(life.notBefore.getTime() + part * lifeMs(life));
}

function lifeMs({ notBefore, notAfter }: Life): number {
  return notAfter.getTime() - notBefore.getTime();
}
