import { describe, expect, it } from 'vitest';

import { checkShareToken, shareToken } from '../../../src/core/owners/share-token.ts';

const secret = new Uint8Array(32).fill(7);
const now = new Date('2026-11-30T08:00:00Z');
const endsAt = new Date('2027-01-04T08:00:00Z');
const contacts: Readonly<Record<string, readonly string[]>> = {
  'a.example': ['ann@owner.example', 'bob@owner.example'],
  'b.example': ['bob@owner.example'],
};
const world = { contactsOf: (domain: string) => contacts[domain] ?? [], now };
const token = shareToken(secret, { domain: 'a.example', endsAt }, 'bob@owner.example');

describe('the token of a link', () => {
  it('shares the domain it was made for, until it ends', () => {
    expect(checkShareToken(token, secret, world)).toEqual({ domain: 'a.example', endsAt });
    expect(checkShareToken(token, secret, { ...world, now: new Date(endsAt.getTime() - 1) })).not.toBeNull();
    expect(checkShareToken(token, secret, { ...world, now: endsAt })).toBeNull();
  });

  it('is nothing where any of its characters is another one', () => {
    const others = Array.from(token).flatMap((sign, at) =>
      ['A', 'B', '.', '-', '=']
        .filter((one) => one !== sign)
        .map((one) => token.slice(0, at) + one + token.slice(at + 1)),
    );
    expect(others.length).toBeGreaterThan(200);
    expect(others.filter((one) => checkShareToken(one, secret, world) !== null)).toEqual([]);
  });

  it.each([
    '',
    '.',
    'x',
    `${token}=`,
    `${token}.`,
    ` ${token}`,
    token.toUpperCase(),
    token.split('.')[0] ?? '',
    'A'.repeat(100_000),
  ])('is nothing as %j', (text) => expect(checkShareToken(text, secret, world)).toBeNull());

  it('is nothing under another secret, with the head of another one, and for a contact who left', () => {
    const [, mac] = token.split('.');
    const other = shareToken(secret, { domain: 'b.example', endsAt }, 'bob@owner.example');
    expect(checkShareToken(token, new Uint8Array(32), world)).toBeNull();
    expect(checkShareToken(`${other.split('.')[0]}.${mac}`, secret, world)).toBeNull();
    expect(checkShareToken(token, secret, { ...world, contactsOf: () => ['ann@owner.example'] })).toBeNull();
    expect(checkShareToken(token, secret, { ...world, contactsOf: () => [] })).toBeNull();
  });

  it('stays within a URL', () => expect(token).toMatch(/^[\w-]+\.[\w-]{43}$/));
});
