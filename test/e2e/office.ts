/**
 * Whom the daemon in the namespace has to do with beside DNS: people who are told (a web hook and a mail server), and a door for the tests,
 * who are outside. `node office.ts SOCKET DAEMON_PORT WEBHOOK_PORT SMTP_PORT`: what is told is printed, a {@link Told} a line; what is said to
 * SOCKET goes to the port of the daemon.
 */
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import { SMTPServer } from 'smtp-server';

/** `text`: the body of the web hook; the whole mail. */
export interface Told {
  readonly by: 'webhook' | 'mail';
  readonly text: string;
}

const [socket = '', daemonPort = '', webhookPort = '', smtpPort = ''] = process.argv.slice(2);
const tell = (told: Told): void => console.log(JSON.stringify(told));

createServer((outside) => {
  const inside = connect(Number(daemonPort), '127.0.0.1');
  inside.on('error', () => outside.destroy());
  outside.on('error', () => inside.destroy());
  outside.pipe(inside).pipe(outside);
}).listen(socket);

createHttpServer((request, response) => {
  void readAll(request).then((text) => {
    tell({ by: 'webhook', text });
    response.writeHead(204).end();
  });
}).listen(Number(webhookPort), '127.0.0.1');

const smtp = new SMTPServer({
  authOptional: true,
  disabledCommands: ['AUTH', 'STARTTLS'],
  logger: false,
  onData: (stream, _session, done) => {
    void readAll(stream).then((text) => {
      tell({ by: 'mail', text });
      done();
    });
  },
});
smtp.on('error', () => undefined);
smtp.listen(Number(smtpPort), '127.0.0.1', () => console.log('{}'));

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
