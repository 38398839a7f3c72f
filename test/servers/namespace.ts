/**
 * A network namespace of the tests' own: ports 53 and 443 of its loopback and its own resolv.conf, nothing else. Recipe: STACK-servers
 * section 6. Unix sockets cross its border, so a test stays outside.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnServer } from './run.ts';

export interface Namespace {
  /** The same command, inside. Absolute paths only: the working directory becomes `/`. */
  command(command: readonly string[]): readonly string[];
  stop(): Promise<void>;
}

/** Root needs no user namespace; everybody else does. */
const isRoot = process.getuid?.() === 0;
const FLAGS = isRoot ? '-nm' : '-rnm';

/** Why there can be none here; null: there can. */
export function namespaceFault(): string | null {
  const { status } = spawnSync('unshare', [FLAGS, 'ip', 'link', 'set', 'lo', 'up'], { stdio: 'ignore' });
  return status === 0 ? null : 'network namespaces are not allowed here, or iproute2 is missing';
}

export async function openNamespace(dir: string): Promise<Namespace> {
  const resolv = join(dir, 'resolv.conf');
  writeFileSync(resolv, 'nameserver 127.0.0.1\noptions timeout:1 attempts:2\n');
  const script = `ip link set lo up && mount --bind ${resolv} /etc/resolv.conf && echo up && exec sleep 3600`;
  const holder = await spawnServer({
    command: 'unshare',
    args: [FLAGS, 'sh', '-c', script],
    dir,
    name: 'namespace',
    ready: () => Promise.resolve(readFileSync(join(dir, 'namespace.log'), 'utf8').includes('up')),
  });
  const enter = ['nsenter', '-t', String(holder.pid), ...(isRoot ? [] : ['-U', '--preserve-credentials']), '-n', '-m'];
  return { command: (command) => [...enter, ...command], stop: () => holder.stop() };
}
