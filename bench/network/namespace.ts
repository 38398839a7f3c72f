/** A network of a bench's own: the ports 53 and 443 of a loopback that nothing else uses, so `stsync` runs with no `authorities` or `connectTo`. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const MARK = 'STSYNC_BENCH_NETWORK';

/** Runs this program again inside such a network and ends with its exit code; inside, it returns. Needs `unshare` and `ip`, no root. */
export function enterOwnNetwork(): void {
  if (process.env[MARK] === '1') return;
  const script = 'ip link set lo up && exec "$@"';
  const again = [process.execPath, ...process.argv.slice(1)];
  const { status, signal, error } = spawnSync('unshare', ['-rn', 'sh', '-c', script, 'sh', ...again], {
    stdio: 'inherit',
    env: { ...process.env, [MARK]: '1' },
  });
  if (error !== undefined) console.error(`this bench needs \`unshare\`, \`ip\` and user namespaces: ${error.message}`);
  else if (signal !== null) console.error(`ended by ${signal}`);
  process.exit(status ?? 1);
}

/** UDP datagrams that were sent in this network so far: a query and its answer are two. */
export function sentDatagrams(): number {
  const [names, values] = readFileSync('/proc/net/snmp', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('Udp:'))
    .map((line) => line.split(' '));
  return Number(values?.[names?.indexOf('OutDatagrams') ?? 0]);
}
