/**
 * MX hosts at port 25 of several addresses. `node smtp-hosts.ts GOOD EXPIRED`: PEM files with key and certificate in one; STARTTLS is good at
 * 127.0.0.2, missing at 127.0.0.3, has an expired certificate at 127.0.0.4.
 */
import { readFileSync } from 'node:fs';
import { SMTPServer } from 'smtp-server';

const [good = '', expired = ''] = process.argv.slice(2).map((file) => readFileSync(file, 'utf8'));
const hosts = [
  ['127.0.0.2', { key: good, cert: good, disabledCommands: ['AUTH'] }],
  ['127.0.0.3', { disabledCommands: ['AUTH', 'STARTTLS'] }],
  ['127.0.0.4', { key: expired, cert: expired, disabledCommands: ['AUTH'] }],
] as const;
for (const [address, options] of hosts) {
  const server = new SMTPServer({
    ...options,
    disabledCommands: [...options.disabledCommands],
    authOptional: true,
    logger: false,
  });
  // Who looks hangs up where it has seen enough.
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(25, address, resolve));
}
console.log('up');
