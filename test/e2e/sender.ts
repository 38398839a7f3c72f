/** Debian's postfix-mta-sts-resolver in the small internet, asked as Postfix asks it: over its socketmap. Recipe: STACK-servers section 6. */
import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Internet } from './internet.ts';

/** `default` takes a testing policy for none; `strict` takes it for enforce, and so shows that it is seen. */
export type Zone = 'default' | 'strict';

export interface Sender {
  /** The MX patterns that mail to this domain is held to, sorted; null: any MX is fine. */
  ask(zone: Zone, domain: string): Promise<readonly string[] | null>;
}

/** A sender with an empty cache whose resolver is `nameServer`. It asks for the id each time. */
export async function startSender(internet: Internet, name: string, nameServer: string): Promise<Sender> {
  const path = (suffix: string): string => join(internet.dir, `${name}.${suffix}`);
  writeFileSync(path('resolv.conf'), `nameserver ${nameServer}\noptions timeout:1 attempts:2\n`);
  writeFileSync(
    path('yml'),
    `path: ${path('sock')}
cache_grace: 0
shutdown_timeout: 1
cache: { type: internal }
default_zone: { timeout: 4 }
zones: { strict: { timeout: 4, strict_testing: true } }
`,
  );
  const daemon = `SSL_CERT_FILE=${internet.ca.file} exec mta-sts-daemon -c ${path('yml')}`;
  const script = `mount --bind ${path('resolv.conf')} /etc/resolv.conf && ${daemon}`;
  // A resolv.conf of its own takes a mount namespace of its own.
  await internet.serve(name, ['unshare', '-m', 'sh', '-c', script], async () => {
    return existsSync(path('sock')) && (await question(path('sock'), 'default 127.0.0.1')) === 'NOTFOUND ';
  });
  return {
    ask: async (zone, domain) => {
      const answer = await question(path('sock'), `${zone} ${domain}`);
      if (answer === 'NOTFOUND ') return null;
      const [, hosts] = /^OK secure match=(\S+) servername=hostname$/.exec(answer) ?? [];
      if (hosts === undefined) throw new Error(`the sender answers ${answer}`);
      return hosts.split(':').toSorted();
    },
  };
}

/** A netstring there, a netstring back. */
function question(path: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let answer = '';
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer')));
    socket.on('error', reject);
    socket.setEncoding('utf8').on('data', (part: string) => {
      answer += part;
      const [, length = '0', rest = ''] = /^(\d+):([\s\S]*)$/.exec(answer) ?? [];
      if (rest.length <= Number(length)) return;
      socket.end();
      resolve(rest.slice(0, Number(length)));
    });
    socket.write(`${text.length}:${text},`);
  });
}
