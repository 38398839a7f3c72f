import { expect, test } from 'vitest';

import { mailboxOf, reportMailboxes } from '../../../src/core/reports/report-mailboxes.ts';

test('gathers the mailboxes of all domains, decoded and without fields', () => {
  const domains = [
    { tlsReports: ['mailto:TLS@Example.com', 'https://example.com/tls-reports'] },
    { tlsReports: null },
    {
      tlsReports: [
        'mailto:a%2Bb@example.org?subject=x',
        'mailto:c@bücher.example,d@example.net',
        'mailto:%ZZ@e.example',
      ],
    },
  ];
  expect([...reportMailboxes(domains)]).toEqual([
    'tls@example.com',
    'a+b@example.org',
    'c@xn--bcher-kva.example',
    'd@example.net',
    '%zz@e.example',
  ]);
});

test.each([
  ['TLS@EXAMPLE.com', 'tls@example.com'],
  ['a@b@example.com', 'a@b@example.com'],
  ['@example.com', null],
  ['a', null],
  ['a@', null],
])('reads %s as %s', (address, mailbox) => {
  expect(mailboxOf(address)).toBe(mailbox);
});
