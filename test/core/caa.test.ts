/** Whom CAA lets issue, and how (RFC 8659, RFC 8657). */
import { describe, expect, test } from 'vitest';

import { caaIssuers, caaRefusal } from '../../src/core/caa.ts';

const ours = { identities: ['ca.test', 'alias.test'], method: 'http-01', accountUrl: 'https://ca.test/account/1' };

describe('the authorities of a CAA set', () => {
  test.each<readonly [why: string, texts: readonly string[], issuers: readonly string[] | null]>([
    ['those of issue', ['0 issue "ca.test"', '0 issue "Other.Test; account=7"'], ['ca.test', 'other.test']],
    ['nobody where the value is empty', ['0 issue ";"'], []],
    ['nothing is said by other properties', ['0 issuewild "ca.test"', '0 iodef "mailto:a@b.test"'], null],
    ['nothing is said by what is no CAA', ['issue ca.test'], null],
  ])('%s', (_why, texts, issuers) => {
    expect(caaIssuers(texts)).toEqual(issuers);
  });
});

describe('a CAA set keeps our CA from issuing', () => {
  test.each<readonly [why: string, texts: readonly string[], refusal: RegExp | null]>([
    ['not where it names it, by any of its names, in any case', ['0 issue "other.test"', '0 ISSUE "ALIAS.test"'], null],
    ['not where it says nothing about certificates without wildcards', ['0 issuewild ";"'], null],
    [
      'where it names others',
      ['0 issue "other.test"'],
      /lets only other\.test make certificates, and the CA is ca\.test, alias\.test/,
    ],
    ['where it names nobody', ['0 issue ";"', '0 issue ""'], /lets no authority/],
    [
      'where it has a critical property that nobody knows',
      ['0 issue "ca.test"', '128 tbs "x"'],
      /critical property "tbs"/,
    ],
    ['not where a critical property is known', ['128 issue "ca.test"'], null],
    ['not where an unknown property is not critical', ['0 issue "ca.test"', '0 tbs "x"'], null],
    ['not where the method is among those allowed', ['0 issue "ca.test; validationmethods=dns-01,HTTP-01"'], null],
    ['where the method is not', ['0 issue "ca.test; validationmethods=dns-01"'], /only with validationmethods=dns-01/],
    ['not where the account is ours', ['0 issue "ca.test;accounturi=https://ca.test/account/1"'], null],
    [
      'where the account is another one',
      ['0 issue "ca.test; accounturi=https://ca.test/account/2"'],
      /only with accounturi=/,
    ],
    [
      'not where one of two records lets it',
      ['0 issue "ca.test; validationmethods=dns-01"', '0 issue "ca.test; validationmethods=http-01"'],
      null,
    ],
  ])('%s', (_why, texts, refusal) => {
    const said = caaRefusal(texts, ours);
    if (refusal === null) expect(said).toBeNull();
    else expect(said).toMatch(refusal);
  });

  test('not where the CA does not say its name and any is named, nor where the account is not known yet', () => {
    expect(caaRefusal(['0 issue "other.test"'], { ...ours, identities: [] })).toBeNull();
    expect(caaRefusal(['0 issue ";"'], { ...ours, identities: [] })).toMatch(/no authority/);
    expect(caaRefusal(['0 issue "ca.test; accounturi=https://x.test"'], { ...ours, accountUrl: null })).toBeNull();
  });
});
