/** The reader of plan files: what `--out` wrote is read back, anything else is told with its place, and nothing throws. */
import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parsePlanFile } from '../../../src/core/plan/plan-file.ts';

const golden = join(import.meta.dirname, '..', '..', 'golden');
const good = readFileSync(join(golden, 'first-publication', 'plan.json'), 'utf8');

/** Codes and messages of a file that is none. */
function issuesOf(text: string): readonly string[] {
  const file = parsePlanFile(text);
  return file.ok ? [] : file.issues.map((issue) => `${issue.code} ${issue.message}`);
}

/** The good file with one text replaced, which has to be there. */
function edited(from: string | RegExp, to: string): string {
  const text = good.replace(from, to);
  expect(text).not.toBe(good);
  return text;
}

describe('parsePlanFile', () => {
  it('reads every golden plan', () => {
    const folders = readdirSync(golden, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    for (const { name } of folders)
      expect([name, issuesOf(readFileSync(join(golden, name, 'plan.json'), 'utf8'))]).toEqual([name, []]);
  });

  it('reads what it needs and ignores fields that a newer release may have added', () => {
    const file = parsePlanFile(edited('"domains": [', '"news": 1, "domains": ['));
    expect(file).toMatchObject({
      ok: true,
      value: {
        generatedAt: new Date('2026-11-24T12:00:00Z'),
        domains: [{ domain: 'example.com', id: { live: null } }],
      },
    });
  });

  it.each([
    ['', 'PLAN_SYNTAX it is not JSON', 'empty'],
    [good.slice(0, 400), 'PLAN_SYNTAX it is not JSON', 'cut'],
    ['[]', 'PLAN_FIELD the file is not an object', 'no object'],
    ['null', 'PLAN_FIELD the file is not an object', 'no object'],
    ['{}', 'PLAN_FIELD version is missing', 'another JSON file'],
    [edited('"version": 1', '"version": 2'), 'PLAN_VERSION version is 2, and this release reads 1', 'newer'],
    [edited('"dryRun": true', '"dryRun": false'), 'PLAN_CARRIED_OUT this is the result of a run that', 'a result'],
    [edited('"dryRun": true,', ''), 'PLAN_FIELD dryRun is missing', 'missing'],
    [edited(/"wantedHash": ".*?",/, ''), 'PLAN_FIELD domains[0].wantedHash is missing', 'missing in a domain'],
    [edited('"kind": "upsert"', '"kind": "drop"'), 'PLAN_FIELD domains[0].steps[0].kind is not one of', 'no such kind'],
    [
      edited('"before": null', '"before": ["a", 1]'),
      'PLAN_FIELD domains[0].steps[0].before[1] is not a text',
      'number',
    ],
    [
      edited('"guard": null', '"guard": "toString"'),
      'PLAN_FIELD domains[0].steps[0].guard is not the name',
      'no guard',
    ],
    [edited('"example.com"', '"Example.com"'), 'PLAN_FIELD domains[0].domain is not a domain', 'not canonical'],
    [
      edited('"generatedAt": "2026-11-24', '"generatedAt": "2026-13-24'),
      'PLAN_FIELD generatedAt is not a date',
      'date',
    ],
  ])('refuses %#', (text, first) => {
    expect(issuesOf(text)[0]).toContain(first);
  });

  it('tells the place in a text that is not JSON', () => {
    expect(parsePlanFile(good.slice(0, 400))).toMatchObject({ ok: false, issues: [{ offset: 400 }] });
  });

  it('tells all faults at once, each once, and no more than ten', () => {
    expect(issuesOf(edited(/"mode": \{[^}]*\}/, '"mode": 1').replace('"outcome": "pending"', '"outcome": 1'))).toEqual([
      'PLAN_FIELD domains[0].mode is not an object',
      'PLAN_FIELD domains[0].steps[0].outcome is not one of pending, done, held, skipped, failed, unknown',
    ]);
    expect(issuesOf(good.replaceAll('"kind"', '"sort"').replaceAll('"outcome"', '"end"'))).toHaveLength(10);
  });

  it.each([
    ['mx1.example.com', 'mx2.example.com', 'another MX'],
    ['"wanted": "testing"', '"wanted": "enforce"', 'another mode'],
    ['policies.example.net', 'policies.example.org', 'another target'],
    ['"kind": "upsert"', '"kind": "delete"', 'another kind'],
    [/"wantedHash": "./, '"wantedHash": "x', 'another policy'],
    [/"digest": "./, '"digest": "x', 'another digest'],
    ['7807395c432c;', '7807395c432d;', 'another body under the id'],
  ])('refuses a file that was edited by hand: %s', (from: string | RegExp, to: string, _what: string) => {
    expect(issuesOf(edited(from, to))).toEqual([
      'PLAN_EDITED the content is not what its digest says: it was edited, or cut',
    ]);
  });

  it('gives a value or issues for any text and any JSON', () => {
    const version = fc.constant(1);
    const step = fc.dictionary(fc.constantFrom('kind', 'name', 'type', 'before', 'after', 'guard'), fc.jsonValue());
    const domain = fc.dictionary(fc.constantFrom('domain', 'mode', 'mx', 'id'), fc.jsonValue());
    const nearly = fc.record(
      {
        version,
        dryRun: fc.boolean(),
        digest: fc.string(),
        generatedAt: fc.oneof(fc.string(), fc.constant('2026-11-24T12:00:00Z')),
        domains: fc.array(fc.tuple(domain, fc.array(step)).map(([one, steps]) => ({ ...one, steps }))),
      },
      { requiredKeys: [] },
    );
    const texts = fc.oneof(
      fc.string(),
      fc.json(),
      nearly.map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const file = parsePlanFile(text);
        if (!file.ok) expect(file.issues.length).toBeGreaterThan(0);
      }),
      { numRuns: process.env['SLOW'] === '1' ? 5000 : 500 },
    );
  });
});
