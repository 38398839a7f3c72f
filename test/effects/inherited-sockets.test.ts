/** Sockets that systemd hands over (sd_listen_fds(3)): what its environment says, and listeners at them. */
import { describe, expect, it } from 'vitest';
import { listenPlaces, parseInheritedSockets } from '../../src/effects/inherited-sockets.ts';

function read(env: Record<string, string>): Record<string, readonly number[]> {
  return Object.fromEntries(parseInheritedSockets(env, 42));
}

describe('the environment of systemd', () => {
  it('names each descriptor, from 3 on', () => {
    const names = { LISTEN_PID: '42', LISTEN_FDS: '3', LISTEN_FDNAMES: 'https:http:https' };
    expect(read(names)).toEqual({ https: [3, 5], http: [4] });
  });

  it.each([
    ['is for another process', { LISTEN_PID: '43', LISTEN_FDS: '1', LISTEN_FDNAMES: 'https' }],
    ['is for nobody', { LISTEN_FDS: '1', LISTEN_FDNAMES: 'https' }],
    ['has no descriptors', { LISTEN_PID: '42', LISTEN_FDS: '0' }],
    ['does not say how many', { LISTEN_PID: '42' }],
    ['says how many in words', { LISTEN_PID: '42', LISTEN_FDS: '1e3' }],
    ['has more than any unit', { LISTEN_PID: '42', LISTEN_FDS: '9999' }],
    ['is not there', {}],
  ])('gives nothing when it %s', (_what, env: Record<string, string>) => {
    expect(read(env)).toEqual({});
  });

  it('calls what has no name unknown', () => {
    expect(read({ LISTEN_PID: '42', LISTEN_FDS: '2' })).toEqual({ unknown: [3, 4] });
    expect(read({ LISTEN_PID: '42', LISTEN_FDS: '2', LISTEN_FDNAMES: 'http' })).toEqual({ http: [3], unknown: [4] });
  });
});

describe('places to listen at', () => {
  const inherited = new Map([['https', [3, 5]]]);

  it.each([
    [
      'systemd:https',
      [
        { listen: 'systemd:https', fd: 3 },
        { listen: 'systemd:https', fd: 5 },
      ],
    ],
    ['systemd:http', [{ listen: 'systemd:http', fd: null }]],
    ['[::]:443', [{ listen: '[::]:443', fd: null }]],
  ])('of %s', (listen, places) => {
    expect(listenPlaces(listen, inherited)).toEqual(places);
  });
});
