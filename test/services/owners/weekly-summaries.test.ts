import { describe, expect, it } from 'vitest';

import { StsyncError } from '../../../src/core/error.ts';
import { DAY, fleetOf, HOUR, MINUTE, openRig, storeReports } from './weekly-rig.ts';

const owners = {
  'a.example': ['ann@owner.example'],
  'b.example': ['bob@owner.example', 'ann@owner.example'],
  'c.example': ['cid@owner.example'],
  'd.example': [],
};
const refusal = (retryable: boolean): StsyncError => new StsyncError('NOTIFY_FAILED', 'no such user', { retryable });
const to = ({ to: [address] }: { readonly to: readonly string[] }): string | undefined => address;

describe('weekly summaries', () => {
  it('go to each contact in one mail with all its domains and no other', async () => {
    const rig = openRig(fleetOf(owners));
    for (const domain of Object.keys(owners)) storeReports(rig.path, domain, '2026-11-26');
    await rig.clock.pass(MINUTE);
    const named = Object.fromEntries(
      rig.mails.map((mail) => {
        const all = `${mail.subject} ${mail.text} ${mail.html}`;
        return [to(mail), [...new Set([...all.matchAll(/\b[abcd]\.example\b/g)].map(([name]) => name))].toSorted()];
      }),
    );
    expect(named).toEqual({
      'ann@owner.example': ['a.example', 'b.example'],
      'bob@owner.example': ['b.example'],
      'cid@owner.example': ['c.example'],
    });
    expect(
      rig.mails.every(
        ({ to: all, from, listId }) =>
          all.length === 1 && from === 'stsync@example.net' && listId === 'stsync-weekly.example.net',
      ),
    ).toBe(true);
    expect(rig.mails[0]?.text).toContain('7 sessions, 2 failed (28.6 %)\nWeek before:  no reports came');
    expect(rig.mails[0]?.text).toContain(
      'mx1.a.example showed an expired certificate to sender\u200b.example on 26 November',
    );
    await rig.close();
  });

  it('are about the seven days before, and the seven before those', async () => {
    const rig = openRig(fleetOf({ 'a.example': ['ann@owner.example'] }));
    for (const day of ['15', '16', '22', '23', '29', '30']) storeReports(rig.path, 'a.example', `2026-11-${day}`);
    await rig.clock.pass(MINUTE);
    expect(rig.mails[0]?.text).toContain('23 November to 29 November 2026');
    expect(rig.mails[0]?.text).toMatch(/This week: +14 sessions.*\nWeek before: +14 sessions/);
    await rig.close();
  });

  it('go once a week, whatever restarts', async () => {
    const rig = openRig(fleetOf(owners));
    await rig.clock.pass(HOUR);
    expect(rig.mails).toHaveLength(3);
    await rig.restart();
    await rig.clock.pass(6 * DAY);
    expect(rig.mails).toHaveLength(3);
    await rig.restart();
    await rig.clock.pass(DAY);
    expect(rig.mails).toHaveLength(6);
    await rig.close();
  });

  it('make no second mail in a week where the day of the week is another one now', async () => {
    const rig = openRig(fleetOf(owners));
    await rig.clock.pass(HOUR);
    rig.setState(fleetOf(owners, { on: 'tuesday' }));
    await rig.clock.pass(2 * DAY);
    expect(rig.mails).toHaveLength(3);
    await rig.clock.pass(6 * DAY);
    expect(rig.mails).toHaveLength(6);
    await rig.close();
  });

  it.each([
    ['later on the same day', '2026-11-30T23:30:00Z', 3],
    ['not on the next day', '2026-12-01T00:00:00Z', 0],
  ])('of a daemon that was down go %s', async (_title, at, count) => {
    const rig = openRig(fleetOf(owners), at);
    await rig.clock.pass(2 * MINUTE);
    expect(rig.mails).toHaveLength(count);
    await rig.close();
  });

  it('go by the clock of daemon.timezone', async () => {
    const rig = openRig(fleetOf(owners, {}, 'America/New_York'));
    await rig.clock.pass(4.9 * HOUR);
    expect(rig.mails).toHaveLength(0);
    await rig.clock.pass(0.2 * HOUR);
    expect(rig.mails).toHaveLength(3);
    await rig.close();
  });

  it.each([
    ['a stand-by', { role: 'standby' as const }],
    ['a daemon before its first run', { lastRun: null }],
  ])('are not for %s', async (_title, rest) => {
    const rig = openRig({ ...fleetOf(owners), ...rest });
    await rig.clock.pass(HOUR);
    expect(rig.mails).toHaveLength(0);
    rig.setState(fleetOf(owners));
    await rig.clock.pass(MINUTE);
    expect(rig.mails).toHaveLength(3);
    await rig.close();
  });

  it('are sent five at a time', async () => {
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`d${n}.example`, [`o${n}@owner.example`]]));
    const rig = openRig(fleetOf(many));
    await rig.pass(2 * MINUTE);
    expect(rig.mails).toHaveLength(40);
    expect(rig.most()).toBe(5);
    await rig.close();
  });

  it('that are refused are logged once, and the others go on', async () => {
    const rig = openRig(fleetOf(owners));
    rig.failures.set('ann@owner.example', [refusal(false), refusal(false)]);
    await rig.clock.pass(5 * HOUR);
    expect(rig.mails.map(to)).toEqual(['bob@owner.example', 'cid@owner.example']);
    expect(rig.lines.filter(({ message }) => message.startsWith('NOTIFY_FAILED'))).toMatchObject([
      { fields: { contact: 'ann@owner.example' }, message: 'NOTIFY_FAILED no weekly summary: no such user' },
    ]);
    await rig.close();
  });

  it('are tried three times, and again an hour later', async () => {
    const rig = openRig(fleetOf(owners));
    rig.failures.set(
      'ann@owner.example',
      Array.from({ length: 4 }, () => refusal(true)),
    );
    await rig.pass(30 * MINUTE);
    expect(rig.mails.map(to)).toEqual(['bob@owner.example', 'cid@owner.example']);
    expect(rig.failures.get('ann@owner.example')).toHaveLength(1);
    await rig.pass(40 * MINUTE);
    expect(rig.mails.map(to)).toEqual(['bob@owner.example', 'cid@owner.example', 'ann@owner.example']);
    await rig.close();
  });

  it('that wait end with the daemon, and go after the restart', async () => {
    const rig = openRig(fleetOf({ 'a.example': ['ann@owner.example'] }));
    rig.failures.set('ann@owner.example', [refusal(true)]);
    await rig.clock.pass(MINUTE + 1000);
    await rig.restart();
    expect(rig.mails).toHaveLength(0);
    await rig.clock.pass(2 * MINUTE);
    expect(rig.mails).toHaveLength(1);
    await rig.close();
  });

  it('have links only where `link` says whereto, each to its own page', async () => {
    const without = openRig(fleetOf(owners));
    await without.clock.pass(MINUTE);
    expect(without.mails.some(({ text }) => text.includes('/shared/'))).toBe(false);
    await without.close();
    const rig = openRig(fleetOf(owners, { link: 'https://dash.example.net' }));
    await rig.clock.pass(MINUTE);
    const links = rig.mails.flatMap(({ text }) => text.match(/https:\/\/dash\.example\.net\/shared\/[\w.-]+$/gm) ?? []);
    expect(links).toHaveLength(4);
    expect(new Set(links).size).toBe(4);
    await rig.close();
  });
});
