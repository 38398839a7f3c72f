/** Dovecot 2.3 (`dovecot`) for tests: IMAP over TLS at 127.0.0.1, one Maildir a user. It wants root. Recipe: STACK-mail section 4. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';

import type { Certificate } from '../support/ca.ts';
import { findProgram } from './programs.ts';
import { removeDirectory, type RunningServer, serverDirectory, spawnServer, withFreshPorts } from './run.ts';

/** Debian's owner of mail of nobody else; any system user would do. */
const OWNER = 'mail';

export interface Dovecot extends AsyncDisposable {
  /** Of IMAPS. */
  readonly port: number;
  /** Of IMAP with STARTTLS. */
  readonly plainPort: number;
  readonly dir: string;
  log(): string;
  /** Ends it, connections too, at once. */
  kill(): Promise<void>;
  /** It answers nobody any more, until {@link Dovecot.kill}. */
  freeze(): void;
  /** After {@link Dovecot.kill}: the same ports, the same mail. */
  restart(): Promise<void>;
  /** As an MTA does: into `tmp`, then by rename. Gives the file name. */
  deliver(user: string, mail: Uint8Array): string;
  /** Names in `new` and `cur` of a folder (`INBOX`, or another). */
  mails(user: string, folder?: string): readonly string[];
  /** The folder is gone with its mails and its UIDs, and there again: new UIDVALIDITY. */
  renew(user: string): void;
}

export interface DovecotOptions {
  readonly certificate: Certificate;
  /** By user. */
  readonly passwords: Readonly<Record<string, string>>;
  /** Where tokens are introspected (RFC 7662); none: no OAuth. */
  readonly introspectionUrl?: string;
  /** In place of all that it can. */
  readonly capability?: string;
}

/** Why it cannot run here; null: it can. */
export function whyNoDovecot(): string | null {
  if (findProgram('dovecot') === null || findProgram('openssl') === null) return 'not installed: dovecot, openssl';
  return process.getuid?.() === 0 ? null : 'dovecot wants root';
}

export async function startDovecot(options: DovecotOptions): Promise<Dovecot> {
  return withFreshPorts(2, async ([port = 0, plainPort = 0]) => {
    const dir = serverDirectory();
    execFileSync('chmod', ['755', dir]);
    writeFileSync(join(dir, 'imap.pem'), options.certificate.cert);
    writeFileSync(join(dir, 'imap.key'), options.certificate.key);
    const users = Object.entries(options.passwords).map(([user, password]) => `${user}:{PLAIN}${password}\n`);
    writeFileSync(join(dir, 'users'), users.join(''));
    writeFileSync(join(dir, 'dovecot.conf'), configText(options, dir, port, plainPort));
    mkdirSync(join(dir, 'mail'));
    owned(join(dir, 'mail'));
    const start = (): Promise<RunningServer> =>
      spawnServer({
        command: 'dovecot',
        args: ['-c', join(dir, 'dovecot.conf'), '-F'],
        dir,
        name: 'dovecot',
        ready: () => greets(port),
      });
    let server = await start();
    let count = 0;
    const home = (user: string, folder: string): string =>
      join(dir, 'mail', user, folder === 'INBOX' ? '' : `.${folder}`);
    const children = (): readonly number[] =>
      readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8').trim().split(' ').map(Number);
    // The children would serve the connections they have to their end, and the server would start others in their place.
    const kill = async (): Promise<void> => {
      const pids = children();
      server.signal('SIGKILL');
      await server.stop();
      for (const pid of pids) signalQuietly(pid, 'SIGKILL');
    };
    const stop = async (): Promise<void> => {
      await kill().catch(() => undefined);
      removeDirectory(dir);
    };
    return {
      port,
      plainPort,
      dir,
      log: () => readFileSync(join(dir, 'dovecot.log'), 'utf8'),
      kill,
      freeze: () => children().forEach((pid) => signalQuietly(pid, 'SIGSTOP')),
      restart: async () => void (server = await start()),
      deliver: (user, mail) => {
        const name = `${Date.now()}.M${++count}.test`;
        for (const part of ['tmp', 'new', 'cur']) mkdirSync(join(home(user, 'INBOX'), part), { recursive: true });
        writeFileSync(join(home(user, 'INBOX'), 'tmp', name), mail);
        owned(home(user, 'INBOX'));
        renameSync(join(home(user, 'INBOX'), 'tmp', name), join(home(user, 'INBOX'), 'new', name));
        return name;
      },
      mails: (user, folder = 'INBOX') =>
        ['new', 'cur'].flatMap((part) => {
          const place = join(home(user, folder), part);
          return existsSync(place) ? readdirSync(place) : [];
        }),
      renew: (user) => rmSync(home(user, 'INBOX'), { recursive: true, force: true }),
      [Symbol.asyncDispose]: stop,
    };
  });
}

function signalQuietly(pid: number, name: NodeJS.Signals): void {
  try {
    if (pid > 1) process.kill(pid, name);
  } catch {
    // It has ended.
  }
}

function owned(path: string): void {
  execFileSync('chown', ['-R', `${OWNER}:`, path]);
}

function configText(
  { introspectionUrl, capability }: DovecotOptions,
  dir: string,
  port: number,
  plainPort: number,
): string {
  const oauth =
    introspectionUrl === undefined
      ? ''
      : `passdb {\n driver = oauth2\n mechanisms = xoauth2 oauthbearer\n args = ${dir}/oauth2.conf\n}\n`;
  if (introspectionUrl !== undefined)
    writeFileSync(
      join(dir, 'oauth2.conf'),
      `introspection_mode = post\nintrospection_url = ${introspectionUrl}\nusername_attribute = username\nactive_attribute = active\nactive_value = true\n`,
    );
  return `protocols = imap
base_dir = ${dir}/run
state_dir = ${dir}/state
log_path = /dev/stderr
first_valid_uid = 1
auth_mechanisms = plain login ${introspectionUrl === undefined ? '' : 'xoauth2 oauthbearer'}
auth_failure_delay = 0
ssl = required
ssl_cert = <${dir}/imap.pem
ssl_key = <${dir}/imap.key
${capability === undefined ? '' : `imap_capability = ${capability}`}
mail_location = maildir:${dir}/mail/%u
${oauth}passdb {
 driver = passwd-file
 mechanisms = plain login
 args = scheme=PLAIN username_format=%u ${dir}/users
}
userdb {
 driver = static
 args = uid=${OWNER} gid=${OWNER} home=${dir}/mail/%u
}
service anvil {
 chroot =
 unix_listener anvil-auth-penalty {
  mode = 0
 }
}
service imap-login {
 chroot =
 inet_listener imap {
  address = 127.0.0.1
  port = ${plainPort}
 }
 inet_listener imaps {
  address = 127.0.0.1
  port = ${port}
  ssl = yes
 }
}
`;
}

function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
    const end = (isReady: boolean) => (): void => {
      socket.destroy();
      resolve(isReady);
    };
    socket.once('data', end(true)).once('error', end(false)).once('close', end(false));
    socket.setTimeout(1000, end(false));
  });
}
