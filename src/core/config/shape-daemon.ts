/** Floor 0. `daemon:`, and who may ask its operator listener. */
import { failed, parsed, type Parsed } from '../result.ts';
import { isLoopback, parseAddressPort, parseNetwork } from './addresses.ts';
import { makeFault } from './fault.ts';
import type { DaemonConfig, OperatorAuth } from './model.ts';
import { choice, flag, parsedText, type Reader, transform } from './readers.ts';
import { byType, notEmpty, object, plainList } from './readers-composed.ts';
import { secretText } from './secret-text.ts';
import { placeOf } from './source-text.ts';

export const defaultDaemon: DaemonConfig = {
  listen: '127.0.0.1:9780',
  auth: null,
  hooks: null,
  timezone: 'UTC',
  domainMetrics: false,
};

const AUTH_CHOICES =
  'write `auth: { type: token, token: "${env:STSYNC_TOKEN}" }`, or `auth: { type: header, ... }` for a proxy that logs people in, or listen on 127.0.0.1 and put a proxy before it';

const tokenAuth = transform(
  object(
    {
      type: { reader: choice(['token']), about: 'A token: bearer for machines, or password for a browser.' },
      token: { reader: secretText(), about: 'The token, as ${env:NAME} or ${file:PATH}.' },
    },
    { what: '`auth` of type token', required: ['type', 'token'] },
  ),
  ({ token }): OperatorAuth | undefined =>
    token?.value === undefined ? undefined : { type: 'token', token: token.value },
);

const headerAuth = transform(
  object(
    {
      type: { reader: choice(['header']), about: 'A proxy logs people in and says who it is.' },
      header: { reader: parsedText('the name of a header', parseHeaderName), about: 'Header with the user.' },
      from: {
        reader: notEmpty(plainList('a list of addresses', parsedText('an address or a network', parseNetwork))),
        about: 'Addresses or networks of the proxies; the header counts from nowhere else.',
      },
    },
    { what: '`auth` of type header', required: ['type', 'header', 'from'] },
  ),
  ({ header, from }): OperatorAuth | undefined =>
    header?.value === undefined || from?.value === undefined
      ? undefined
      : { type: 'header', header: header.value, from: from.value },
);

const hooksReader = transform(
  object(
    {
      secret: {
        reader: secretText(),
        about: 'The secret of the web hook, the same at GitHub, GitLab, Gitea or Forgejo.',
      },
    },
    { what: '`hooks`', required: ['secret'] },
  ),
  ({ secret }) => (secret?.value === undefined ? undefined : { secret: secret.value }),
);

/** `daemon:`. Code: `AUTH_NEEDED`, at `listen`, where strangers could reach the listener and nothing says who may ask. */
export const daemonReader: Reader<DaemonConfig> = transform(
  object(
    {
      listen: {
        reader: parsedText('an address and a port, or off', parseListen),
        about: 'ADDRESS:PORT of health, metrics and API (default 127.0.0.1:9780), or off.',
      },
      auth: {
        reader: byType<OperatorAuth>('`auth`', { token: tokenAuth, header: headerAuth }),
        about: 'Who may ask; needed for any other address than loopback.',
      },
      hooks: { reader: hooksReader, about: 'Takes web hooks of a Git server at POST /hooks/git.' },
      timezone: {
        reader: parsedText('the name of a time zone', parseTimeZone),
        about: 'Time zone of `schedule` (default UTC).',
      },
      domainMetrics: { reader: flag(), about: 'Metrics for each domain, at most 1,000 (default false).' },
    },
    { what: '`daemon`', canBeEmpty: true },
  ),
  ({ listen, auth, hooks, timezone, domainMetrics }, _node, _label, reading): DaemonConfig => {
    const address = listen === undefined ? defaultDaemon.listen : (listen.value?.address ?? null);
    if (listen !== undefined && address !== null && !isLoopback(address) && auth === undefined) {
      const message = `\`listen: ${address}\` can be reached from outside, and nothing says who may ask`;
      reading.faults.push(makeFault(placeOf(listen), 'AUTH_NEEDED', message, AUTH_CHOICES));
    }
    if (listen?.value?.address === null && hooks !== undefined) {
      const message = '`hooks` needs the listener, and `listen` is off';
      reading.faults.push(makeFault(placeOf(hooks), 'BAD_VALUE', message, 'write `listen: 127.0.0.1:9780`'));
    }
    return {
      listen: address,
      auth: auth?.value ?? null,
      hooks: hooks?.value ?? null,
      timezone: timezone?.value ?? defaultDaemon.timezone,
      domainMetrics: domainMetrics?.value ?? defaultDaemon.domainMetrics,
    };
  },
);

function parseListen(text: string): Parsed<{ readonly address: string | null }> {
  if (text === 'off') return parsed({ address: null });
  const address = parseAddressPort(text);
  return address.ok
    ? parsed({ address: address.value })
    : failed('BAD_ADDRESS', `"${text.slice(0, 60)}" is not an address and a port`, {
        hint: 'write "127.0.0.1:9780", "[::1]:9780" or off',
      });
}

/** Headers that mean something else to every server and proxy on the way. */
const TAKEN_HEADERS = ['authorization', 'connection', 'content-length', 'cookie', 'host', 'x-forwarded-for'];

function parseHeaderName(text: string): Parsed<string> {
  const name = text.toLowerCase();
  // RFC 9110 section 5.6.2: token.
  const isGood = /^[a-z0-9!#$%&'*+.^_`|~-]{1,100}$/.test(name) && !TAKEN_HEADERS.includes(name);
  return isGood
    ? parsed(name)
    : failed('BAD_VALUE', `"${text.slice(0, 60)}" cannot be the header with the user`, {
        hint: 'write "X-Forwarded-User"',
      });
}

/** A name of the IANA time zone database, as this Node knows it. */
function parseTimeZone(text: string): Parsed<string> {
  try {
    // Intl takes offsets too (+02:00), which know no summer time; node-cron does not take them.
    if (/^[+-]/.test(text)) throw new RangeError();
    return parsed(new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone);
  } catch {
    return failed('BAD_VALUE', `"${text.slice(0, 60)}" is no time zone`, { hint: 'write "Europe/Berlin" or "UTC"' });
  }
}
