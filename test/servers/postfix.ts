/** Debian's Postfix with a configuration, a queue and ports of its own; the one of the machine is not touched. Needs root, as Postfix does. */
import { chmodSync, chownSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';

import { findProgram } from './programs.ts';
import { removeDirectory, type RunningServer, serverDirectory, spawnServer, withFreshPorts } from './run.ts';

/** Why there can be none here; null: there can. */
export function postfixFault(): string | null {
  if (findProgram('postfix') === null) return 'not installed: postfix';
  return process.getuid?.() === 0 ? null : 'Postfix needs root';
}

export interface Postfix extends AsyncDisposable {
  /** Of its SMTP, on loopback. */
  readonly port: number;
  /** A directory in which what a process makes is of the group of Postfix. */
  readonly groupDirectory: string;
  log(): string;
  /** Mails that wait to be tried again. */
  deferred(): readonly string[];
  /** Tries them now. */
  flush(): void;
}

/** `settings`: lines of main.cf, with `GROUP` for {@link Postfix.groupDirectory}. */
export async function startPostfix(settings: readonly string[]): Promise<Postfix> {
  const dir = serverDirectory();
  // Its processes run as a user of their own.
  chmodSync(dir, 0o755);
  const groupDirectory = join(dir, 'group');
  for (const name of ['etc', 'queue', 'data', 'group']) mkdirSync(join(dir, name));
  const [uid, gid] = [idOf('-u'), idOf('-g')];
  chownSync(join(dir, 'data'), uid, gid);
  chownSync(groupDirectory, 0, gid);
  chmodSync(groupDirectory, 0o2750);
  return withFreshPorts(1, async ([port = 0]) => {
    const main = [
      'compatibility_level = 3.6',
      `queue_directory = ${join(dir, 'queue')}`,
      `data_directory = ${join(dir, 'data')}`,
      'maillog_file = /dev/stdout',
      'myhostname = mail.test',
      'mydestination =',
      'inet_interfaces = 127.0.0.1',
      'inet_protocols = ipv4',
      'mynetworks = 127.0.0.0/8',
      'alias_maps =',
      'alias_database =',
      'smtpd_peername_lookup = no',
      ...settings.map((line) => line.replaceAll('GROUP', groupDirectory)),
    ];
    writeFileSync(join(dir, 'etc', 'main.cf'), `${main.join('\n')}\n`);
    writeFileSync(join(dir, 'etc', 'master.cf'), `127.0.0.1:${port} inet n - n - - smtpd\n${SERVICES}`);
    const server = await spawnServer({
      command: 'postfix',
      args: ['-c', join(dir, 'etc'), 'start-fg'],
      dir,
      name: 'postfix',
      ready: () => answersAt(port),
    });
    return running(server, dir, port, groupDirectory);
  });
}

/** Without chroot. */
const SERVICES = `pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`;

function running(server: RunningServer, dir: string, port: number, groupDirectory: string): Postfix {
  return {
    port,
    groupDirectory,
    log: () => server.log(),
    deferred: () =>
      readdirSync(join(dir, 'queue', 'deferred'), { recursive: true, encoding: 'utf8' }).filter((name) =>
        name.includes('/'),
      ),
    flush: () => void spawnSync(findProgram('postqueue') ?? '', ['-c', join(dir, 'etc'), '-f']),
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      removeDirectory(dir);
    },
  };
}

function idOf(flag: '-u' | '-g'): number {
  return Number(spawnSync('id', [flag, 'postfix'], { encoding: 'utf8' }).stdout);
}

function answersAt(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (isUp: boolean) => () => {
      socket.destroy();
      resolve(isUp);
    };
    socket.once('data', end(true)).once('error', end(false));
  });
}
