/** Floor 0. `reports.https`: where the daemon takes in TLS reports by HTTPS (RFC 8460 §5.4). */
import { failed, parsed, type Parsed } from '../result.ts';
import type { ReportsHttpsConfig } from './model.ts';
import { flag, parsedText, type Reader, transform } from './readers.ts';
import { object } from './readers-composed.ts';
import { listenReader, refuseOpenPlain } from './shape-server.ts';

const PATH = '/tls-reports';

/** Code of its own: `BAD_VALUE` for a path that is none or is taken, and for plain HTTP on a network that nobody stated. */
export const reportsHttpsReader: Reader<ReportsHttpsConfig> = transform(
  object(
    {
      path: {
        reader: parsedText('a path of a URL', parsePath),
        about: 'Path of the URL in tlsReports (default /tls-reports), at every policy host of stsync.',
      },
      listen: {
        reader: listenReader,
        about: 'ADDRESS:PORT, systemd:NAME, or a list: plain HTTP for a proxy in front, beside the policy hosts.',
      },
      plainOnNetwork: {
        reader: flag(),
        about: 'The plain HTTP of `listen` may be on other addresses than loopback (default false).',
      },
    },
    { what: '`https`', canBeEmpty: true },
  ),
  ({ path, listen, plainOnNetwork }, _node, _label, reading): ReportsHttpsConfig => {
    refuseOpenPlain(listen, plainOnNetwork?.value === true, reading);
    return { path: path?.value ?? PATH, listen: listen?.value ?? [] };
  },
);

/** What a client sends as it stands, so that to compare is enough (RFC 3986 section 3.3, without percent-encoding). */
function parsePath(text: string): Parsed<string> {
  const isPath = /^(?:\/[\w.~!$&'()*+,;=:@-]+)+$/.test(text) && text.length <= 200 && !/\/\.{1,2}(?:\/|$)/.test(text);
  // The policies, challenges of CAs and the question of a proxy have their places.
  const isTaken = text.startsWith('/.well-known/') || text === '/ask';
  return isPath && !isTaken
    ? parsed(text)
    : failed('BAD_VALUE', `"${text.slice(0, 60)}" cannot be the path of TLS reports`, { hint: `write "${PATH}"` });
}
