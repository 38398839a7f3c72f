/** Guard no-delete-without-absent, rule 8: a delete step that some other rule made comes through by these keys only. */
import { expect, it } from 'vitest';
import { guardDeletes } from '../../../src/core/plan/guard-deletes.ts';
import { recordStep } from '../../../src/core/plan/steps.ts';
import { delegated, ZONE } from '../../services/delegation-rig.ts';
import { wantedDomain } from '../../support/world.ts';

const D = 'example.com';
const [steps = [], inOurZone = []] = ['', `.${ZONE}`].map((zone) =>
  [`_mta-sts.${D}${zone}`, `_smtp._tls.${D}${zone}`].map((name) =>
    recordStep({
      kind: 'delete',
      name,
      type: 'TXT',
      before: ['x'],
      after: null,
      reason: 'a rule said so',
      changes: [],
    }),
  ),
);

it.each([
  ['no key', {}, ['held', 'held']],
  ['`absent: true`', { absent: true }, ['pending', 'pending']],
  ['`tlsReports: []`, for its own record', { tlsReports: [] }, ['held', 'pending']],
] as const)('with %s', (_key, rest, outcomes) => {
  expect(guardDeletes(steps, wantedDomain(D, rest)).map((step) => step.outcome)).toEqual(outcomes);
});

it.each([
  ['no key', {}, true, ['held', 'held']],
  ['`released: true`, while a CNAME leads here', { released: true }, false, ['held', 'held']],
  ['`released: true`, when none does', { released: true }, true, ['pending', 'pending']],
  ['`tlsReports: []`, for its own record', { tlsReports: [] }, false, ['held', 'pending']],
] as const)('of a delegated domain with %s', (_key, rest, isReleasable, outcomes) => {
  expect(guardDeletes(inOurZone, delegated(D, rest), isReleasable).map((step) => step.outcome)).toEqual(outcomes);
});
