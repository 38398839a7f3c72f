/** Floor 0. A message as the receivers of web hooks want it: our own JSON, Slack, Teams, or the user's template. */
import type { NotificationTemplate } from '../config/model.ts';
import { failed, parsed, type Parsed } from '../result.ts';
import { type Message, messageLines } from './message.ts';

/** Slack cuts longer texts; Teams refuses messages over 28 KB. */
const MAX_TEXT = 12_000;

/** JSON text to send. Issue `BAD_TEMPLATE`: what a user's template makes is no JSON. */
export function payloadOf(message: Message, template: NotificationTemplate): Parsed<string> {
  switch (template.kind) {
    case 'generic':
      return parsed(JSON.stringify(message));
    case 'slack':
      return parsed(JSON.stringify({ text: escapeSlack(textOf(message)) }));
    case 'teams':
      return parsed(JSON.stringify(teamsCard(message)));
    case 'file':
      return fillTemplate(message, template.text);
  }
}

function textOf(message: Message): string {
  const text = [`stsync: ${message.summary}`, ...messageLines(message)].join('\n');
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}\n...` : text;
}

/** Only these three have a meaning in Slack's text (api.slack.com/reference/surfaces/formatting#escaping). */
function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** An Adaptive Card, as the Workflows of Teams take it. */
function teamsCard(message: Message): unknown {
  const [title = '', ...lines] = textOf(message).split('\n');
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            { type: 'TextBlock', text: title, weight: 'Bolder', wrap: true },
            { type: 'TextBlock', text: lines.join('\n'), wrap: true, fontType: 'Monospace' },
          ],
        },
      },
    ],
  };
}

/**
 * `{{summary}}` and `{{text}}` stand inside a JSON string, `{{message}}` stands where a JSON value stands. What has no meaning stays, so that
 * templates of the receiver's own keep theirs.
 */
function fillTemplate(message: Message, template: string): Parsed<string> {
  const values: Readonly<Record<string, string>> = {
    summary: inString(message.summary),
    text: inString(textOf(message)),
    message: JSON.stringify(message),
  };
  const filled = template.replaceAll(/\{\{(\w+)\}\}/g, (whole, name: string) => values[name] ?? whole);
  try {
    JSON.parse(filled);
  } catch {
    return failed('BAD_TEMPLATE', 'the template gives no JSON', {
      hint: 'write "{{summary}}" and "{{text}}" in quotes, and {{message}} without',
    });
  }
  return parsed(filled);
}

function inString(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
