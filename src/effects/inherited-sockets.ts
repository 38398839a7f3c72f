/** Floor 2. Sockets that systemd has opened and hands over (sd_listen_fds(3)), and the addresses of the YAML that mean them: `systemd:NAME`. */

/** Descriptors by FileDescriptorName=, in the order of the unit: one name may have several. */
export type InheritedSockets = ReadonlyMap<string, readonly number[]>;

export interface ListenPlace {
  readonly listen: string;
  /** Null: `listen` is an address to open, or systemd has handed over no socket of that name. */
  readonly fd: number | null;
}

const FIRST_FD = 3;
const MOST = 1_000;
/** What systemd calls a socket that came without a name. */
const UNKNOWN = 'unknown';

/** Of the environment of the process with this pid; empty where it was meant for another process, or nothing was handed over. */
export function parseInheritedSockets(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): InheritedSockets {
  const { LISTEN_PID: forWhom, LISTEN_FDS: count = '', LISTEN_FDNAMES: names = '' } = env;
  if (forWhom !== String(pid) || !/^\d{1,4}$/.test(count) || Number(count) > MOST) return new Map();
  const found = new Map<string, number[]>();
  const given = names === '' ? [] : names.split(':');
  for (let index = 0; index < Number(count); index++) {
    const name = given[index] ?? UNKNOWN;
    found.set(name, [...(found.get(name) ?? []), FIRST_FD + index]);
  }
  return found;
}

/** One place for each socket to listen at. */
export function listenPlaces(listen: string, inherited: InheritedSockets): readonly ListenPlace[] {
  const fds = listen.startsWith('systemd:') ? inherited.get(listen.slice('systemd:'.length)) : undefined;
  return fds === undefined ? [{ listen, fd: null }] : fds.map((fd) => ({ listen, fd }));
}
