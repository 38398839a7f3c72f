/** Floor 0. `reports.weekly:`, the summary that goes by mail to the `contacts` of each domain. */
import { failed, parsed, type Parsed } from '../result.ts';
import { parseServer } from './addresses.ts';
import { parseMailAddress } from './mail-address.ts';
import { choice, parsedText, type Reader, transform } from './readers.ts';
import { object } from './readers-composed.ts';

export const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
export type Weekday = (typeof weekdays)[number];

/** By the clock of `daemon.timezone`. */
export interface WeeklyConfig {
  readonly from: string;
  /** HOST or HOST:PORT; null: `sendmail` of this machine. */
  readonly server: string | null;
  readonly on: Weekday;
  /** `08:00`. */
  readonly at: string;
  /** Where the operator listener can be reached, without a slash at the end. Null: mails have no links, and no page is shared. */
  readonly link: string | null;
}

/** `reports.weekly`. Codes of its own: `BAD_URL` for `link`, `BAD_VALUE`. */
export const reportsWeeklyReader: Reader<WeeklyConfig> = transform(
  object(
    {
      from: { reader: parsedText('a mail address', parseMailAddress), about: 'From whom.' },
      server: {
        reader: parsedText('HOST or HOST:PORT', parseServer),
        about: 'SMTP server (default: sendmail of this machine).',
      },
      on: { reader: choice(weekdays), about: 'On which day (default monday).' },
      at: {
        reader: parsedText('a time of day', parseTime),
        about: 'From which time on, in `daemon.timezone` (default "08:00").',
      },
      link: {
        reader: parsedText('an https URL', parseLink),
        about:
          'Where owners reach the operator listener: each mail then has a link to the page of each domain, for 35 days.',
      },
    },
    { what: '`weekly`', required: ['from'] },
  ),
  ({ from, server, on, at, link }): WeeklyConfig | undefined =>
    from?.value === undefined
      ? undefined
      : {
          from: from.value,
          server: server?.value ?? null,
          on: on?.value ?? 'monday',
          at: at?.value ?? '08:00',
          link: link?.value ?? null,
        },
);

/** One of `contacts:`; gives the address. Issue: `BAD_VALUE`. */
export function parseContact(value: string): Parsed<string> {
  const [, address = ''] = /^mailto:(.*)$/is.exec(value) ?? [];
  const mail = parseMailAddress(address);
  return mail.ok
    ? mail
    : failed('BAD_VALUE', `"${value.slice(0, 100)}" is no contact`, { hint: 'write "mailto:owner@example.com"' });
}

function parseTime(text: string): Parsed<string> {
  return /^(?:[01]\d|2[0-3]):[0-5]\d$/.test(text)
    ? parsed(text)
    : failed('BAD_VALUE', `"${text.slice(0, 60)}" is no time of day`, { hint: 'write "08:00"' });
}

/** http for a name that only a private network has. */
function parseLink(text: string): Parsed<string> {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain = url !== null && `${url.username}${url.password}${url.search}${url.hash}` === '';
  return isPlain && /^https?:$/.test(url.protocol)
    ? parsed(url.href.replace(/\/+$/, ''))
    : failed('BAD_URL', `"${text.slice(0, 100)}" is not where pages can be reached`, {
        hint: 'write "https://dash.example.net", without user, query and #fragment',
      });
}
