import { describe, expect, it } from 'vitest';

import { statusChanges } from '../../../src/core/notify/changes.ts';
import { damp, type Damped, MAX_TOLD, type Told } from '../../../src/core/notify/damper.ts';
import type { DomainPlan, Finding, Status } from '../../../src/core/plan/model.ts';

const known = (statuses: Readonly<Record<string, Status>>): ReadonlyMap<string, { readonly status: Status }> =>
  new Map(Object.entries(statuses).map(([domain, status]) => [domain, { status }]));

const noPlans = new Map<string, DomainPlan>();

/** `event` of `a.example` between two statuses; null: nothing is told. */
function eventOf(from: Status | null, to: Status): string | null {
  const before = from === null ? known({}) : known({ 'a.example': from });
  return statusChanges(before, known({ 'a.example': to }), noPlans)[0]?.event ?? null;
}

function finding(severity: Finding['severity']): Finding {
  return { code: 'INTERNAL', severity, message: severity, hint: null };
}

describe('a change of status', () => {
  it.each<[Status | null, Status, string | null]>([
    ['in sync', 'drift', 'drift'],
    ['in sync', 'held', 'held'],
    ['changed', 'failed', 'failed'],
    ['waiting', 'failed', 'failed'],
    // From one trouble into another: the new one is news.
    ['failed', 'held', 'held'],
    ['held', 'failed', 'failed'],
    ['failed', 'in sync', 'recovered'],
    ['held', 'changed', 'recovered'],
    ['drift', 'waiting', 'recovered'],
    // What goes on by itself is no news.
    ['in sync', 'changed', null],
    ['changed', 'waiting', null],
    ['waiting', 'in sync', null],
    // Told once.
    ['failed', 'failed', null],
    ['drift', 'drift', null],
    // Never seen before.
    [null, 'failed', 'failed'],
    [null, 'in sync', null],
  ])('from %s to %s: %s', (from, to, event) => {
    expect(eventOf(from, to)).toBe(event);
  });

  it('carries what a person should know, and nothing merely informational', () => {
    const plans = new Map([['a.example', { findings: [finding('error'), finding('info'), finding('warning')] }]]);
    const [change] = statusChanges(known({}), known({ 'a.example': 'failed' }), plans);
    expect(change?.findings.map(({ severity }) => severity)).toEqual(['error', 'warning']);
  });

  it('of a domain that left the YAML is not told', () => {
    expect(statusChanges(known({ 'gone.example': 'failed' }), known({}), noPlans)).toEqual([]);
  });
});

function minute(at: number): Date {
  return new Date(Date.UTC(2026, 10, 24, 0, at));
}

function flap(told: Told, at: number, domain = 'a.example'): Damped {
  const [from, to] = at % 2 === 0 ? (['in sync', 'failed'] as const) : (['failed', 'in sync'] as const);
  return damp(told, statusChanges(known({ [domain]: from }), known({ [domain]: to }), noPlans), minute(at));
}

describe('a domain that flaps', () => {
  it('is told about a few times a day, the last time with the word that it goes on', () => {
    let memory: Told = new Map();
    const flags: boolean[] = [];
    for (let at = 0; at < 40; at++) {
      const damped = flap(memory, at);
      memory = damped.told;
      flags.push(...damped.changes.map(({ isLast }) => isLast));
    }
    expect(flags).toEqual([...Array.from({ length: MAX_TOLD - 1 }, () => false), true]);
  });

  it('does not silence another one', () => {
    let memory: Told = new Map();
    for (let at = 0; at < 10; at++) memory = flap(memory, at).told;
    expect(flap(memory, 10, 'b.example').changes).toHaveLength(1);
  });

  it('is told about again after a quiet day, and the memory does not grow', () => {
    let memory: Told = new Map();
    for (let at = 0; at < 10; at++) memory = flap(memory, at).told;
    const damped = flap(memory, 10 + 1440 + 1);
    expect(damped.changes).toHaveLength(1);
    expect([...damped.told.values()].flat()).toHaveLength(1);
  });
});
