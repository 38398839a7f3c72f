/** A process of its own that serves at the sockets it was handed: prints its troubles and the ports, a line each. */
import { openChallengeListener } from '../../src/effects/challenge-listener.ts';
import { systemClock } from '../../src/effects/clock.ts';
import { listenPlaces, parseInheritedSockets } from '../../src/effects/inherited-sockets.ts';

const { IS_MINE, ...env } = process.env;
const inherited = parseInheritedSockets(
  // A test cannot know the pid before it starts the process.
  IS_MINE === '1' ? { ...env, LISTEN_PID: String(process.pid) } : env,
  process.pid,
);
const say = (line: string): void => void process.stdout.write(`${line}\n`);
for (const listen of process.argv.slice(2)) {
  for (const place of listenPlaces(listen, inherited)) {
    const listener = openChallengeListener({
      ...place,
      answer: () => ({ status: 200, body: `${listen} ${place.fd}` }),
      clock: systemClock,
      onTrouble: ({ code, message, hint }) => say(`${code} ${message} (${hint})`),
    });
    setTimeout(() => say(`${listen} ${listener.port()}`), 0);
  }
}
