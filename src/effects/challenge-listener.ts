/**
 * Floor 2. Port 80 of the policy host: what a CA fetches to prove a host (HTTP-01, RFC 8555 §8.3), and nothing else. No redirect: senders, who come
 * by HTTPS, would not follow one.
 */
import { createServer } from 'node:http';

import { answerStranger, type HostAnswer, type HostRequest } from './answer-stranger.ts';
import { type HostLimits, hostLimits, httpOptions } from './host-limits.ts';
import { listenToStrangers, type StrangerListener, type StrangerOptions } from './stranger-listener.ts';

export interface ChallengeListenerOptions extends StrangerOptions {
  readonly answer: (request: HostRequest) => HostAnswer;
  readonly limits?: Partial<HostLimits>;
}

/** Listens from now on; an address that cannot be opened is told once and tried again each second. */
export function openChallengeListener(options: ChallengeListenerOptions): StrangerListener {
  const limits = { ...hostLimits, ...options.limits };
  const server = createServer(httpOptions(limits), (request, response) =>
    answerStranger(request, response, null, options.answer),
  );
  const who = { what: 'the listener for challenges of the CA', key: 'publisher.http', isPlain: true };
  return listenToStrangers(server, { ...options, ...who }, limits);
}
