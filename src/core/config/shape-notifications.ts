/** Floor 0. `notifications:`, who is told when the status of a domain changes. */
import { parseServer } from './addresses.ts';
import { parseMailAddress } from './mail-address.ts';
import type { NotificationConfig, NotificationEvent, NotificationTemplate } from './model.ts';
import { choice, parsedText, type Reader, text, transform } from './readers.ts';
import { byType, listOf, notEmpty, object, plainList } from './readers-composed.ts';
import { secretUrl } from './secret-text.ts';
import { suggest } from './suggest.ts';

const events = ['drift', 'held', 'failed', 'recovered', 'reports'] as const satisfies readonly NotificationEvent[];
const templates = ['generic', 'slack', 'teams'] as const;

const on = {
  reader: notEmpty(plainList('a list of changes', choice(events)), `allowed: ${events.join(', ')}`),
  about: 'Which changes are told (default all).',
};

const mailAddress = parsedText('a mail address', parseMailAddress);

/** A built-in template by its word, or the text of a file. A file has a slash or a dot in its name, so a misspelt word is no missing file. */
const template: Reader<NotificationTemplate> = transform(text('a template'), (value, node, label, reading) => {
  const word = templates.find((one) => one === value);
  if (word !== undefined) return { kind: word };
  if (!/[/.]/.test(value)) {
    const message = `\`${label}\` is "${value.slice(0, 60)}", which is no template`;
    const hint = suggest(value, templates) ?? 'write generic, slack, teams, or the path of a file: ./chat.json';
    return reading.fault(node, 'UNKNOWN_VALUE', message, hint);
  }
  const file = reading.path(value);
  const content = reading.context.secrets.file(file);
  return content === null
    ? reading.fault(node, 'BAD_VALUE', `the template ${value.slice(0, 200)} cannot be read`)
    : { kind: 'file', path: file, text: content };
});

const webhook = transform(
  object(
    {
      type: { reader: choice(['webhook']), about: 'JSON by POST to a URL: Slack, Teams, or any receiver.' },
      url: {
        reader: secretUrl(),
        about: 'Where to; as ${env:NAME} or ${file:PATH} where the URL itself is the secret.',
      },
      template: { reader: template, about: 'generic (default), slack, teams, or a file.' },
      on,
    },
    { what: 'a notification of type webhook', required: ['type', 'url'] },
  ),
  (values): NotificationConfig | undefined => {
    const { url, template: shape, on: changes } = values;
    if (url?.value === undefined || Object.values(values).some((one) => one.value === undefined)) return undefined;
    return {
      type: 'webhook',
      url: url.value,
      template: shape?.value ?? { kind: 'generic' },
      on: eventsOf(changes?.value),
    };
  },
);

const mail = transform(
  object(
    {
      type: { reader: choice(['mail']), about: 'A mail, by the mail server of this machine or another.' },
      to: {
        reader: notEmpty(plainList('a list of mail addresses', mailAddress)),
        about: 'To whom.',
      },
      from: { reader: mailAddress, about: 'From whom.' },
      server: {
        reader: parsedText('HOST or HOST:PORT', parseServer),
        about: 'SMTP server (default: sendmail of this machine).',
      },
      on,
    },
    { what: 'a notification of type mail', required: ['type', 'to', 'from'] },
  ),
  (values): NotificationConfig | undefined => {
    const { to, from, server, on: changes } = values;
    if (to?.value === undefined || from?.value === undefined) return undefined;
    if (Object.values(values).some((one) => one.value === undefined)) return undefined;
    return {
      type: 'mail',
      to: to.value,
      from: from.value,
      server: server?.value ?? null,
      on: eventsOf(changes?.value),
    };
  },
);

/** `notifications:`. */
export const notificationsReader: Reader<readonly NotificationConfig[]> = transform(
  listOf('a list of notifications', byType<NotificationConfig>('a notification', { webhook, mail })),
  (list) => list.flatMap(({ value }) => (value === undefined ? [] : [value])),
);

function eventsOf(words: readonly NotificationEvent[] | undefined): ReadonlySet<NotificationEvent> {
  return new Set(words ?? events);
}
