/**
 * Floor 3. Who may see more than health (STACK-web section 4): on loopback whoever is on this machine; elsewhere who has the token, or whom a
 * proxy of ours has let in.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

import type { DaemonConfig } from '../../core/config/model.ts';
import { isInNetworks, isLoopback } from '../../effects/networks.ts';
import type { OperatorRequest } from './operator-app.ts';

export function mayAsk({ peer, header }: OperatorRequest, { auth }: Pick<DaemonConfig, 'auth'>): boolean {
  switch (auth?.type) {
    case 'token':
      return isToken(header('authorization') ?? '', auth.token.reveal());
    case 'header':
      // Whoever is not the proxy could write the header as well.
      return isInNetworks(peer, auth.from) && (header(auth.header) ?? '') !== '';
    case undefined:
      // A page in a browser on this machine reaches loopback under a name of its own (DNS rebinding): then `Host` is that name.
      return isLoopback(peer) && isLocalHost(header('host') ?? '');
  }
}

/** `Bearer TOKEN` from machines, Basic with the token as password from browsers (RFC 6750, RFC 7617). */
function isToken(authorization: string, token: string): boolean {
  const [scheme = '', value = ''] = authorization.split(' ');
  const isBasic = scheme.toLowerCase() === 'basic';
  if (!isBasic && scheme.toLowerCase() !== 'bearer') return false;
  const given = isBasic
    ? Buffer.from(value, 'base64')
        .toString('utf8')
        .replace(/^[^:]*:/, '')
    : value;
  // Of the digests, so that the time tells nothing of the length either.
  return timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function isLocalHost(host: string): boolean {
  const name = URL.parse(`http://${host}/`)?.hostname.replaceAll(/[[\]]/g, '') ?? '';
  return name === 'localhost' || isLoopback(name);
}
