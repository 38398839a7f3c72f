/** A mailbox over time: when it is looked at, and what a server that goes, comes and refuses does to that. */
import { describe, expect, it } from 'vitest';

import { StsyncError } from '../../../src/core/error.ts';
import { FakeServer, gone, no, watched } from './fake-mailbox.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const refused = new StsyncError('IMAP_AUTH', 'the server refuses the login', { hint: 'look at `password`' });
const locked = new StsyncError('LOCKED', 'another stsync works on this state', { retryable: true });

describe('when a mailbox is looked at', () => {
  it('takes what is there at the start, then what the server tells of, at once', async () => {
    const server = new FakeServer();
    server.deliver(1, 'report a');
    const { clock } = await watched(server);
    expect(server.done).toEqual(['report a']);
    server.deliver(2, 'report b');
    await clock.pass(0);
    expect(server.done).toEqual(['report a', 'report b']);
    expect(server.count('connect')).toBe(1);
  });

  it('looks each interval where the server tells nothing', async () => {
    const server = new FakeServer();
    const { clock } = await watched(server);
    server.mails.set(1, 'report a');
    await clock.pass(10 * MINUTE - 1);
    expect(server.done).toEqual([]);
    await clock.pass(1);
    expect(server.done).toEqual(['report a']);
  });

  it('looks again for what came during a look', async () => {
    const server = new FakeServer();
    server.deliver(1, 'report a');
    const rig = await watched(server);
    const { length } = server.calls;
    server.deliver(2, 'report b');
    server.deliver(3, 'report c');
    await rig.clock.pass(0);
    expect(server.done).toHaveLength(3);
    expect(server.calls.slice(length).filter((call) => call === 'open').length).toBeLessThanOrEqual(2);
  });

  it('ends when it is closed, wherever it is, and leaves no timer', async () => {
    const waiting = await watched(new FakeServer());
    await waiting.watch.close();
    const server = new FakeServer();
    server.fail('connect', gone());
    const pausing = await watched(server);
    await pausing.watch.close();
    expect([waiting.clock.timers, pausing.clock.timers]).toEqual([0, 0]);
    expect(waiting.server.sessions.map(({ isOpen }) => isOpen)).toEqual([false]);
    expect(pausing.lines.filter((line) => line.startsWith('error'))).toEqual([]);
  });
});

describe('a server that goes and comes', () => {
  it('is connected anew, after a second and then twice as long each time, five minutes at most', async () => {
    const server = new FakeServer();
    const { clock } = await watched(server);
    server.fail('connect', ...Array.from({ length: 12 }, gone));
    server.drop();
    await clock.pass(0);
    const waits: number[] = [];
    for (let at = 0, seconds = 0; at < 12; seconds++) {
      const before = server.count('connect');
      await clock.pass(1000);
      if (server.count('connect') === before) continue;
      waits.push(seconds + 1);
      [at, seconds] = [at + 1, -1];
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
  });

  it('is told of once for each kind of trouble, and when that is over', async () => {
    const server = new FakeServer();
    server.fail('connect', gone(), gone(), no());
    const { clock, lines } = await watched(server);
    await clock.pass(HOUR);
    expect(lines.filter((line) => !line.startsWith('debug'))).toEqual([
      'warn IMAP_UNREACHABLE the connection broke off',
      'warn IMAP_REFUSED the server says no',
      'info the mailbox is read again',
    ]);
  });

  it('begins with a short pause again after a look that went well', async () => {
    const server = new FakeServer();
    server.fail('connect', gone(), gone(), gone());
    const { clock } = await watched(server);
    await clock.pass(MINUTE);
    expect(server.count('connect')).toBe(4);
    server.drop();
    await clock.pass(1000);
    expect(server.count('connect')).toBe(5);
  });

  it('is not asked for an hour when it refuses the login', async () => {
    const server = new FakeServer();
    server.fail('connect', refused, refused);
    const { clock, lines } = await watched(server);
    await clock.pass(HOUR - 1);
    expect(server.count('connect')).toBe(1);
    await clock.pass(1);
    expect(server.count('connect')).toBe(2);
    await clock.pass(HOUR);
    expect(server.count('connect')).toBe(3);
    expect(lines.filter((line) => line.startsWith('warn'))).toEqual(['warn IMAP_AUTH the server refuses the login']);
  });

  it('keeps its mails while the state cannot be written', async () => {
    const server = new FakeServer();
    server.deliver(1, 'report a');
    server.deliver(2, 'report b');
    const server2 = await watchedWith(server, [locked]);
    expect(server.done).toEqual([]);
    await server2.clock.pass(1000);
    expect(server.done).toEqual(['report a', 'report b']);
  });
});

/** The first look fails by `faults` of the store: no mail is there before they are set. */
async function watchedWith(server: FakeServer, faults: readonly Error[]): ReturnType<typeof watched> {
  const mails = [...server.mails];
  server.mails.clear();
  const rig = await watched(server);
  rig.storeFaults.push(...faults);
  for (const [uid, text] of mails) server.deliver(uid, text);
  await rig.clock.pass(0);
  return rig;
}
