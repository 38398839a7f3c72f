/** Floor 0. `reports.lmtp`: where a mail server hands TLS reports to the daemon. */
import { failed, parsed, type Parsed } from '../result.ts';
import { parseAddressPort } from './addresses.ts';
import { parseMailAddress } from './mail-address.ts';
import type { ReportsLmtpConfig } from './model.ts';
import { choice, parsedText, type Reader, transform } from './readers.ts';
import { notEmpty, object, plainList } from './readers-composed.ts';

/** Of a Unix socket: more does not fit into sockaddr_un. */
const MOST_PATH_BYTES = 107;

type Listen = { readonly kind: 'port'; readonly listen: string } | { readonly kind: 'path'; readonly path: string };

const listen: Reader<string> = transform(
  parsedText('an address and a port, or the path of a socket', parseListen),
  (value, node, label, reading) => {
    if (value.kind === 'port') return value.listen;
    const path = reading.path(value.path);
    return new TextEncoder().encode(path).length <= MOST_PATH_BYTES
      ? path
      : reading.fault(
          node,
          'BAD_VALUE',
          `\`${label}\` is longer than ${MOST_PATH_BYTES} bytes, which no socket can be`,
        );
  },
);

/** Codes of its own: `BAD_ADDRESS`, and `BAD_VALUE` for a path that is too long for a socket. */
export const reportsLmtpReader: Reader<ReportsLmtpConfig> = transform(
  object(
    {
      listen: { reader: listen, about: 'ADDRESS:PORT, or the path of a Unix socket (with a / in it).' },
      protocol: { reader: choice(['lmtp', 'smtp']), about: 'lmtp (default), or smtp for what speaks no LMTP.' },
      recipients: {
        reader: notEmpty(plainList('a list of mail addresses', parsedText('a mail address', parseMailAddress))),
        about: 'Whose mail is taken; others get 550 (default: every mailbox of tlsReports).',
      },
    },
    { what: '`lmtp`', required: ['listen'] },
  ),
  ({ listen: place, protocol, recipients }): ReportsLmtpConfig | undefined =>
    place?.value === undefined
      ? undefined
      : { listen: place.value, protocol: protocol?.value ?? 'lmtp', recipients: recipients?.value ?? null },
);

function parseListen(text: string): Parsed<Listen> {
  if (text.includes('/')) return parsed({ kind: 'path', path: text });
  const address = parseAddressPort(text);
  return address.ok
    ? parsed({ kind: 'port', listen: address.value })
    : failed('BAD_ADDRESS', `"${text.slice(0, 60)}" is neither an address and a port nor the path of a socket`, {
        hint: 'write "127.0.0.1:24" or "/run/stsync/lmtp.sock"',
      });
}
