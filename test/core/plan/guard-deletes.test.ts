/** Guard no-delete-without-absent, rule 8: a delete step that some other rule made comes through by these two keys only. */
import { expect, it } from 'vitest';
import { guardDeletes } from '../../../src/core/plan/guard-deletes.ts';
import { recordStep } from '../../../src/core/plan/steps.ts';
import { wantedDomain } from '../../support/world.ts';

const D = 'example.com';
const steps = [`_mta-sts.${D}`, `_smtp._tls.${D}`].map((name) =>
  recordStep({ kind: 'delete', name, type: 'TXT', before: ['x'], after: null, reason: 'a rule said so', changes: [] }),
);

it.each([
  ['no key', {}, ['held', 'held']],
  ['`absent: true`', { absent: true }, ['pending', 'pending']],
  ['`tlsReports: []`, for its own record', { tlsReports: [] }, ['held', 'pending']],
] as const)('with %s', (_key, rest, outcomes) => {
  expect(guardDeletes(steps, wantedDomain(D, rest)).map((step) => step.outcome)).toEqual(outcomes);
});
