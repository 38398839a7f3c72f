/** Tells a secondary of each zone again and again that its primary has changed. Stopped (SIGSTOP), it lets it lag. `node keep-notifying.ts SERVER ZONE...` */
import { setTimeout as sleep } from 'node:timers/promises';
import { notify } from '../servers/ask.ts';

const PAUSE_MS = 150;
const [server, ...zones] = process.argv.slice(2);
console.log('up');
for (;;) {
  // A SIGSTOP lets an answer come too late; the next round asks again.
  for (const zone of zones) await notify(53, zone, server).catch(() => undefined);
  await sleep(PAUSE_MS);
}
