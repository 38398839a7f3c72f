/** What becomes of each mail, also where the connection breaks, mails vanish, and the folder is another one. */
import { describe, expect, it } from 'vitest';

import { FakeServer, gone, no, watched } from './fake-mailbox.ts';

const MINUTE = 60_000;
const stating = 'TLS-Report-Domain: example.com\r\n\r\n';

function serverWith(...mails: readonly string[]): FakeServer {
  const server = new FakeServer();
  mails.forEach((text, index) => server.deliver(index + 1, text));
  return server;
}

describe('what becomes of a mail', () => {
  it('is left alone where it is no TLS report, and looked into once', async () => {
    const server = serverWith('letter', 'report a', 'dmarc');
    const { clock, taken } = await watched(server);
    await clock.pass(60 * MINUTE);
    expect([...server.mails.values()]).toEqual(['letter', 'dmarc']);
    expect([...server.marked]).toEqual([1, 3]);
    expect(taken.map(({ source }) => source)).toEqual([1, 2, 3].map((uid) => `imap reports INBOX 1/${uid}`));
    expect(taken.every(({ way }) => way === 'mail')).toBe(true);
  });

  it('is remembered where the server takes no marks, over connections', async () => {
    const server = serverWith('letter');
    server.canMark = false;
    const { clock, taken } = await watched(server);
    server.drop();
    await clock.pass(60 * MINUTE);
    expect(server.count('connect')).toBe(2);
    expect(taken).toHaveLength(1);
  });

  it('is kept as rejected where it says to be a TLS report, and left alone where it does not', async () => {
    const server = serverWith(`${stating}rubbish`, 'rubbish');
    const { taken } = await watched(server);
    expect(taken.map(({ isAmongOthers }) => isAmongOthers)).toEqual([false, true]);
    expect(server.done).toEqual([`${stating}rubbish`]);
  });

  it('is not fetched where it is too large: its header says whether it is told of', async () => {
    const server = serverWith(`${stating}huge`, 'huge letter', 'report');
    server.sizes
      .set(1, 25 * 1024 * 1024 + 1)
      .set(2, 60_000_000)
      .set(3, 25 * 1024 * 1024);
    const { taken } = await watched(server);
    expect(taken.map(({ bytes }) => bytes?.length ?? null)).toEqual([null, null, 6]);
    expect(server.calls.filter((call) => call.startsWith('fetch'))).toEqual(['fetch 3']);
    expect([...server.mails.values()]).toEqual(['huge letter']);
  });

  it('stays where DNS does not tell the key, and comes again later and later', async () => {
    const server = serverWith('later a', 'report b');
    const rig = await watched(server);
    expect(server.done).toEqual(['report b']);
    await rig.clock.pass(9 * MINUTE);
    server.deliver(3, 'letter');
    await rig.clock.pass(0);
    expect(server.count('fetch 1')).toBe(1);
    await rig.clock.pass(60 * MINUTE);
    expect(server.count('fetch 1')).toBe(3);
    rig.isDnsWell = true;
    await rig.clock.pass(60 * MINUTE);
    expect(server.done).toEqual(['report b', 'later a']);
  });

  it('does not stand before the others when stsync itself fails at it', async () => {
    const server = serverWith('crash', 'report b');
    const { lines } = await watched(server);
    expect(server.done).toEqual(['report b']);
    expect(lines).toContain('error INTERNAL a mail could not be taken in: a fault of stsync');
    expect(server.mails.has(1)).toBe(true);
  });
});

describe('a connection that breaks', () => {
  it('between the store and the move: the mail is moved later, and not read a second time', async () => {
    const server = serverWith('report a');
    server.fail('move', gone());
    const { clock, taken } = await watched(server);
    expect([taken.length, server.done]).toEqual([1, []]);
    await clock.pass(1000);
    expect([taken.length, server.done]).toEqual([1, ['report a']]);
    expect(server.count('connect')).toBe(2);
  });

  it('in the middle of a folder: what is stored is moved by the next connection, and the rest taken in', async () => {
    const server = serverWith('report a');
    const { clock, taken } = await watched(server);
    server.fail('fetch', gone());
    server.mails.set(2, 'report b').set(3, 'report c');
    await clock.pass(10 * MINUTE);
    expect(taken).toHaveLength(1);
    await clock.pass(1000);
    expect(server.done).toEqual(['report a', 'report b', 'report c']);
    server.fail('head', gone());
    server.sizes.set(5, 26_214_401);
    server.mails.set(4, 'report d').set(5, `${stating}huge`);
    await clock.pass(10 * MINUTE + 1000);
    expect([server.count('fetch 4'), server.done.length, taken.length]).toEqual([1, 5, 5]);
  });

  it('never moves what the store does not have', async () => {
    const server = serverWith('report a', 'letter', 'later');
    server.fail('move', gone(), gone());
    const { clock } = await watched(server);
    await clock.pass(10_000);
    expect(server.calls.filter((call) => call.startsWith('move'))).toEqual(['move 1', 'move 1', 'move 1']);
  });
});

describe('a folder that is not as it was', () => {
  it('forgets what it knew of UIDs when these mean other mails', async () => {
    const server = serverWith('letter', 'letter');
    server.canMark = false;
    const { clock, taken } = await watched(server);
    server.uidValidity = '2';
    server.deliver(1, 'report a');
    await clock.pass(0);
    expect(taken).toHaveLength(4);
    expect(server.done).toEqual(['report a']);
  });

  it('moves no other mail in the place of one that was stored', async () => {
    const server = serverWith('report a');
    server.fail('move', gone());
    const { clock } = await watched(server);
    server.uidValidity = '2';
    server.mails.set(1, 'letter');
    await clock.pass(60 * MINUTE);
    expect([server.done, [...server.mails.values()]]).toEqual([[], ['letter']]);
  });

  it('goes on where a mail vanishes', async () => {
    const server = serverWith('report a', 'report b', `${stating}huge`);
    server.sizes.set(3, 26_214_401);
    server.vanished.add(1).add(3);
    const { taken } = await watched(server);
    expect([server.done, taken.length]).toEqual([['report b'], 1]);
  });

  it('takes all mails in where none can be moved, each once, and moves them when that is possible', async () => {
    const server = serverWith(...Array.from({ length: 120 }, (_, index) => `report ${index}`));
    server.fail('move', ...Array.from({ length: 6 }, no));
    const { clock, taken, lines } = await watched(server);
    expect([taken.length, server.done.length]).toEqual([120, 0]);
    expect(lines).toContain('warn IMAP_REFUSED the server says no');
    await clock.pass(MINUTE);
    expect([taken.length, server.done.length]).toEqual([120, 120]);
  });
});
