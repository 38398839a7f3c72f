/** `contacts` and `reports.weekly`: what they become. The texts of the faults stand in test/bad-config. */
import { describe, expect, it } from 'vitest';

import { codes, good, HEAD } from './load.ts';

const WEEKLY = 'reports: { weekly: { from: stsync@example.net } }\n';
const domains = (keys = ''): string => `domains: { example.com: { mx: [mx1.example.com]${keys} } }\n`;

describe('contacts', () => {
  it.each([
    ['', []],
    [', contacts: []', []],
    [
      ', contacts: ["mailto:a@example.com", "MAILTO:b@Bücher.example", "mailto:a@EXAMPLE.com"]',
      ['a@example.com', 'b@xn--bcher-kva.example'],
    ],
  ])('%j are the addresses %j, each once', (keys, contacts) => {
    expect(good(HEAD + WEEKLY + domains(keys)).domains[0]?.contacts).toEqual(contacts);
  });

  it('stand in the nearest level, whole', () => {
    const levels = `defaults: { contacts: ["mailto:all@example.net"] }
profiles: { own: { contacts: ["mailto:own@example.net"] } }
domains:
  a.example: { mx: [mx1.a.example] }
  b.example: { mx: [mx1.b.example], profile: own }
  c.example: { mx: [mx1.c.example], profile: own, contacts: ["mailto:c@c.example"] }
`;
    expect(good(HEAD + WEEKLY + levels).domains.map(({ contacts }) => contacts)).toEqual([
      ['all@example.net'],
      ['own@example.net'],
      ['c@c.example'],
    ]);
  });

  it.each([
    'owner@example.com',
    'https://example.com',
    'mailto:',
    'mailto:a@example.com,b@example.com',
    'mailto:a@example.com?subject=x',
  ])('are not %j', (text) =>
    expect(codes(`${HEAD}${WEEKLY}${domains(`, contacts: ["${text}"]`)}`)).toEqual(['BAD_VALUE']),
  );

  it('need somebody who writes to them', () => {
    const asked = domains(', contacts: ["mailto:a@example.com"]');
    expect(codes(HEAD + asked)).toEqual(['MISSING_KEY']);
    expect(codes(`${HEAD}reports: {}\n${asked}`)).toEqual(['MISSING_KEY']);
    expect(codes(`${HEAD}defaults: { contacts: ["mailto:a@example.com"] }\n${domains()}`)).toEqual(['MISSING_KEY']);
    expect(codes(`${HEAD}${domains(', contacts: []')}`)).toEqual([]);
    // One cause, one fault.
    expect(codes(`${HEAD}reports: { weekly: { from: nobody } }\n${asked}`)).toEqual(['BAD_VALUE']);
  });
});

function weekly(keys: string): unknown {
  return good(`${HEAD}reports: { weekly: { from: a@example.net${keys} } }\n${domains()}`).reports.weekly;
}

describe('reports.weekly', () => {
  it('goes on Monday at eight, by sendmail, without links', () => {
    expect(good(HEAD + domains()).reports.weekly).toBeNull();
    expect(weekly('')).toEqual({ from: 'a@example.net', server: null, on: 'monday', at: '08:00', link: null });
  });

  it('takes another day, time and server, and a link without what is left out of links', () => {
    expect(
      weekly(', server: "mail.example.net:587", on: friday, at: "23:59", link: "https://Dash.example.net/stsync/"'),
    ).toEqual({
      from: 'a@example.net',
      server: 'mail.example.net:587',
      on: 'friday',
      at: '23:59',
      link: 'https://dash.example.net/stsync',
    });
  });

  it.each([
    'at: "8:00"',
    'at: "24:00"',
    'on: Monday',
    'link: dash.example.net',
    'link: "ftp://a.example"',
    'link: "https://a.example/?b"',
    'link: "https://u@a.example"',
  ])('refuses %s', (key) =>
    expect(codes(`${HEAD}reports: { weekly: { from: a@example.net, ${key} } }\n${domains()}`)).toHaveLength(1),
  );

  it('has a sender', () => {
    expect(codes(`${HEAD}reports: { weekly: {} }\n${domains()}`)).toEqual(['MISSING_KEY']);
  });
});
