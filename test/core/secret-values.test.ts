import { expect, test } from 'vitest';
import { secretValues } from '../../src/core/secret-values.ts';
import { Secret } from '../../src/core/secret.ts';

test('every secret of a value, at any depth, in maps, sets, lists and objects', () => {
  const value = {
    providers: new Map([['main', { options: { apiToken: new Secret('one'), tsig: { secret: new Secret('two') } } }]]),
    notifications: [{ url: new Secret('three') }, { to: ['four'] }],
    more: new Set([new Secret('five')]),
    nothing: null,
  };
  expect([...secretValues(value)].toSorted()).toEqual(['five', 'one', 'three', 'two']);
});

test('a value that holds itself ends', () => {
  const value: { self?: unknown; secret: Secret } = { secret: new Secret('one') };
  value.self = value;
  expect([...secretValues(value)]).toEqual(['one']);
});
