import { describe, expect, it } from 'vitest';

import { weeklyMail } from '../../../src/core/owners/weekly-mail.ts';
import type { OwnedDomain } from '../../../src/core/owners/model.ts';
import { owned, reportFinding } from './owned.ts';

const days = { since: '2026-11-23', until: '2026-11-29' };
const mailOf = (...domains: readonly OwnedDomain[]): ReturnType<typeof weeklyMail> => weeklyMail(domains, days);
const ZERO = '\u200b';

describe('the weekly mail', () => {
  it('says what failed, whose matter it is and what to do', () => {
    const { subject, text } = mailOf(
      owned('example.com', {
        week: { succeeded: 1000, failed: 82, reports: 9 },
        reportFindings: [
          reportFinding(),
          reportFinding({
            code: 'REPORT_POLICY_FETCH',
            severity: 'warning',
            message: 'Google could not fetch the policy on 24 November (1 session)',
          }),
          reportFinding({ code: 'REPORTER_SILENT', severity: 'info', message: 'Yahoo has sent no report for 9 days' }),
        ],
        link: 'https://dash.example.net/shared/token',
      }),
    );
    expect(`${subject}\n\n${text}`).toBe(`Mail TLS of example.com: one thing to do

TLS of incoming mail, 23 November to 29 November 2026: one thing to do.

example.com
-----------
Policy:       enforce: senders deliver over proved TLS only
Status:       policy and records are as they should be
This week:    1,082 sessions, 82 failed (7.6 %)
Week before:  1,100 sessions, none failed
! mx2.example.com showed an expired certificate to Google from 24 to 26 November (82 sessions).
  Yours to fix. Look at the certificate of that mail server: from a public CA, for the name of the host, not expired, with its whole chain, and loaded by the server.
! Google could not fetch the policy on 24 November (1 session).
  Ours to fix. Nothing for you: we look at the host that serves the policy. Senders with a copy go on with that.
- Yahoo has sent no report for 9 days.
  Up to the sender. Nothing, unless others fall silent too.
Its page:     https://dash.example.net/shared/token

A session is one connection over which a mail server of the reporting side sent, or tried to send, mail to you (RFC 8460).
You get this once a week because your address stands as a contact of what is listed here; to change that, answer this mail.
Who has the link to a page may read it, for 35 days; it shows that one domain.
`);
  });

  it('says that there is nothing to do, and that no report came', () => {
    const { subject, text } = mailOf(owned('example.com', { week: { succeeded: 0, failed: 0, reports: 0 } }));
    expect(subject).toBe('Mail TLS of example.com: nothing to do');
    expect(text).toContain(
      'This week:    no reports came\nWeek before:  1,100 sessions, none failed\nNothing to do.\n',
    );
  });

  it('takes what is over as no task', () => {
    const { subject, text } = mailOf(
      owned('example.com', {
        reportFindings: [
          reportFinding({ isOver: true, severity: 'info', message: 'it was bad; none since 27 November' }),
        ],
      }),
    );
    expect(subject).toContain('nothing to do');
    expect(text).toContain('(over) it was bad; none since 27 November.\nNothing to do.');
  });

  it('asks for nothing where nothing proves who reports', () => {
    const { subject, text } = mailOf(owned('example.com', { reportFindings: [reportFinding({ confidence: 'low' })] }));
    expect(subject).toContain('nothing to do');
    expect(text).toContain('(82 sessions); nothing proves who reports this.');
  });

  it('knows who serves the policy', () => {
    const finding = reportFinding({ code: 'REPORT_POLICY_CERTIFICATE', severity: 'warning' });
    const ours = mailOf(owned('example.com', { reportFindings: [finding] }));
    const theirs = mailOf(owned('example.com', { reportFindings: [finding], isServedByUs: false }));
    expect(ours.text).toContain('Ours to fix.');
    expect(ours.subject).toContain('nothing to do for you, something to know');
    expect(theirs.text).toContain(
      'Yours to fix. The policy is not served by us: let who runs https://mta-sts.example.com/',
    );
  });

  it('tells of a run only what owners can change', () => {
    const { text } = mailOf(
      owned('example.com', {
        status: 'failed',
        planFindings: [
          { code: 'MX_STARTTLS', severity: 'error', message: 'mx1.example.com offers no STARTTLS', hint: null },
          { code: 'STEP_FAILED', severity: 'error', message: 'https://api.provider.example said 500', hint: null },
        ],
      }),
    );
    expect(text).toContain('! mx1.example.com offers no STARTTLS.');
    expect(text).toContain('could not be looked at or changed; we work on it');
    expect(text).not.toContain('provider');
  });

  it('shows trouble first, the worst before the rest, then by name', () => {
    const { text, html } = mailOf(
      owned('a.example'),
      owned('b.example', { week: { succeeded: 1, failed: 1, reports: 1 } }),
      owned('c.example', { reportFindings: [reportFinding({ severity: 'warning' })] }),
      owned('d.example', { reportFindings: [reportFinding()] }),
      owned('e.example', { status: 'held' }),
    );
    for (const shown of [text, html]) {
      const places = ['d.example', 'c.example', 'b.example', 'e.example', 'a.example'].map((name) =>
        shown.indexOf(name),
      );
      expect(places).not.toContain(-1);
      expect(places).toEqual(places.toSorted((x, y) => x - y));
    }
  });

  it('shows 50 domains and counts the rest', () => {
    const many = Array.from({ length: 53 }, (_, n) =>
      owned(`d${String(n).padStart(2, '0')}.example`, n < 51 ? { status: 'held' } : {}),
    );
    const { subject, text, html } = mailOf(...many);
    expect(subject).toBe('Mail TLS of 53 domains: nothing to do for you, 51 of 53 domains to know of');
    expect(text.match(/^Policy: /gm)).toHaveLength(50);
    for (const shown of [text, html]) expect(shown).toContain('And 3 more domains, 1 of them with something to know.');
  });

  it('makes no link and no markup of the words of strangers', () => {
    const message =
      '"\'><script>x</script>\n\u202ewww.evil.example http://evil.example/ a@evil.example mx1.example.com 0.3 %';
    const { text, html } = mailOf(owned('example.com', { reportFindings: [reportFinding({ message })] }));
    expect(html).toContain('&quot;&#39;&gt;&lt;script&gt;x&lt;/script&gt;');
    for (const shown of [text, html]) {
      expect(shown).toContain(
        `www${ZERO}.evil${ZERO}.example http:${ZERO}//evil${ZERO}.example/ a@${ZERO}evil${ZERO}.example mx1.example.com 0.3 %`,
      );
      expect(shown).not.toContain('\u202e');
    }
    expect([...html.matchAll(/<script|(?:href|src|style)=/g)]).toEqual([]);
  });

  it('has no address in its HTML but the links to the pages', () => {
    const { html } = mailOf(
      owned('example.com', { link: 'https://dash.example.net/shared/t.o-k' }),
      owned('example.org'),
    );
    expect([...html.matchAll(/https?:[^"<]*/g)].map(([url]) => url)).toEqual(['https://dash.example.net/shared/t.o-k']);
  });
});
