/** What the metrics say of certificates by ACME. */
import { expect, test } from 'vitest';

import { type CertificateFacts, glanceOf } from '../../../src/core/certificates/model.ts';
import { openCertificateCounter } from '../../../src/services/certificates/count-certificates.ts';

const now = new Date('2026-11-24T12:00:00Z');
const failure = { code: 'ACME_REFUSED', message: 'no', hint: null, at: now } as const;

function facts(host: string, days: number | null, rest: Partial<CertificateFacts> = {}): CertificateFacts {
  const notAfter = new Date(now.getTime() + (days ?? 0) * 86_400_000);
  return {
    host,
    directoryUrl: 'https://ca.test/dir',
    wantedSince: now,
    certificate:
      days === null
        ? null
        : { notBefore: now, notAfter, issuedAt: now, directoryUrl: 'https://ca.test/dir', stamp: host },
    order: null,
    failures: 0,
    nextAttemptAt: null,
    lastFailure: null,
    renewal: null,
    ...rest,
  };
}

test('counts the hosts wanted by what they have, and tells of the certificate in use that ends first', () => {
  const counter = openCertificateCounter();
  expect(counter.counts()).toBeNull();
  const known = [
    facts('a', 60),
    facts('b', 3, { lastFailure: failure }),
    facts('ended', -1, { lastFailure: failure }),
    facts('new', null),
    facts('refused', null, { lastFailure: failure }),
    facts('not wanted', 1),
  ];
  counter.look(
    ['a', 'b', 'ended', 'new', 'refused', 'unheard'].map((host) => ({ host })),
    known.map(glanceOf),
    now,
  );
  counter.issued();
  const endsFirstAt = new Date('2026-11-27T12:00:00Z');
  expect(counter.counts()).toEqual({ held: 2, missing: 4, failing: 2, endsFirstAt, issued: 1, failed: 0 });
});
