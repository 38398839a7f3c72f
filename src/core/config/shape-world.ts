/** Floor 0. `world:`, `limits:` and `schedule:`. */
import { type HostName, parseHostName } from '../names.ts';
import { failed, parsed, type Parsed } from '../result.ts';
import { parseAddressPort, parseNamePort } from './addresses.ts';
import type { WorldConfig } from './model.ts';
import { duration, flag, number, onOff, parsedText, path, type Reader, transform } from './readers.ts';
import { type Entry, mapOf, object, plainList } from './readers-composed.ts';

const DNS_PORT = 53;
const MAX_CONCURRENCY = 10_000;
const DAY = 86_400;

export const defaultWorld: WorldConfig = {
  resolvers: [],
  authorities: new Map(),
  connectTo: new Map(),
  caFile: null,
  allowPrivateAddresses: false,
  smtpProbe: true,
  concurrency: 256,
  deadlineSeconds: 600,
};

/** What `limits:` gives. */
export interface Limits {
  readonly changedDomains: number;
  readonly changedPercent: number;
}

export const defaultLimits: Limits = { changedDomains: 50, changedPercent: 10 };
export const defaultSchedule = '*/15 * * * *';

const dnsServers = plainList(
  'a list of DNS servers',
  parsedText('an IP address, or an address and a port', (text) => parseAddressPort(text, DNS_PORT)),
);

/** `world:`. Values that were faulty are left at their default: the faults stop the config anyway. */
export const worldReader: Reader<WorldConfig> = transform(
  object(
    {
      resolvers: {
        reader: dnsServers,
        about: 'Resolvers to ask, ADDRESS or ADDRESS:PORT (default: those of the system).',
      },
      authorities: {
        reader: mapOf(parseHostName, dnsServers, { what: 'a map from zone to DNS servers', duplicates: 'refused' }),
        about: 'Authoritative servers of a zone, instead of asking for its NS records.',
      },
      connectTo: {
        reader: mapOf(
          parseNamePort,
          parsedText('an address and a port', (text) => parseAddressPort(text)),
          { what: 'a map from HOST:PORT to ADDRESS:PORT', duplicates: 'refused' },
        ),
        about: 'Connect there instead, as curl --connect-to does: HOST:PORT to ADDRESS:PORT.',
      },
      caFile: { reader: path(), about: 'Certificates (PEM) that are trusted beside the public roots.' },
      allowPrivateAddresses: {
        reader: flag(),
        about: 'Policy hosts and MX at loopback, link-local or private addresses are refused unless true.',
      },
      smtpProbe: { reader: onOff(), about: 'Look at STARTTLS and the certificate of each MX (default on).' },
      concurrency: {
        reader: number(1, MAX_CONCURRENCY),
        about: 'How many domains are looked at at once (default 256).',
      },
      deadline: {
        reader: duration(1, DAY),
        about: 'How long a run may look; domains that it did not get to are failed (default 10m).',
      },
    },
    { what: '`world`', canBeEmpty: true },
  ),
  (world): WorldConfig => ({
    resolvers: world.resolvers?.value ?? defaultWorld.resolvers,
    authorities: toMap<HostName, readonly string[]>(world.authorities?.value),
    connectTo: toMap<string, string>(world.connectTo?.value),
    caFile: world.caFile?.value ?? defaultWorld.caFile,
    allowPrivateAddresses: world.allowPrivateAddresses?.value ?? defaultWorld.allowPrivateAddresses,
    smtpProbe: world.smtpProbe?.value ?? defaultWorld.smtpProbe,
    concurrency: world.concurrency?.value ?? defaultWorld.concurrency,
    deadlineSeconds: world.deadline?.value ?? defaultWorld.deadlineSeconds,
  }),
);

/** `limits:` of the guard max-changed-domains. */
export const limitsReader: Reader<Limits> = transform(
  object(
    {
      changedDomains: {
        reader: number(0, 1_000_000_000),
        about: 'So many domains may change in one run (default 50).',
      },
      changedPercent: { reader: number(0, 100, 'number'), about: 'Or so many percent of all (default 10).' },
    },
    { what: '`limits`', canBeEmpty: true },
  ),
  (limits): Limits => ({
    changedDomains: limits.changedDomains?.value ?? defaultLimits.changedDomains,
    changedPercent: limits.changedPercent?.value ?? defaultLimits.changedPercent,
  }),
);

/** `schedule:`, five or six cron fields. What they mean is for node-cron to say, where the config is loaded (`scheduleFaults`). */
export const scheduleReader: Reader<string> = parsedText('a cron line', parseSchedule);

export const scheduleHint = 'write "*/15 * * * *" for every 15 minutes';

function parseSchedule(text: string): Parsed<string> {
  const fields = text.trim().split(/[ \t]+/);
  const isCron = (fields.length === 5 || fields.length === 6) && fields.every((field) => /^[\w*/,?#-]+$/.test(field));
  if (isCron) return parsed(fields.join(' '));
  return failed('BAD_SCHEDULE', `"${text.slice(0, 60)}" is not a cron line of 5 or 6 fields`, { hint: scheduleHint });
}

function toMap<K, V>(entries: readonly Entry<K, V>[] | undefined): ReadonlyMap<K, V> {
  return new Map(
    (entries ?? []).flatMap(({ key, located }) => (located.value === undefined ? [] : [[key, located.value]])),
  );
}
