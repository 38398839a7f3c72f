import { describe, expect, it } from 'vitest';

import type { NotificationTemplate } from '../../../src/core/config/model.ts';
import { type Message, messageLines, messageOf } from '../../../src/core/notify/message.ts';
import { payloadOf } from '../../../src/core/notify/payload.ts';

const at = new Date('2026-11-24T12:00:00Z');

function change(domain: string, rest: Partial<Message['changes'][number]> = {}): Message['changes'][number] {
  return { domain, event: 'failed', from: 'in sync', to: 'failed', findings: [], isLast: false, ...rest };
}

function message(changes: Message['changes'], config: Message['config'] = null): Message {
  const made = messageOf(changes, config, { at, commit: '0123456789abcdef0123456789abcdef01234567' });
  if (made === null) throw new Error('there is something to tell');
  return made;
}

/** Everything that JSON, chat mark-up and a stranger's name could do. */
const nasty = message([
  change('a.example', {
    findings: [
      { code: 'INTERNAL', severity: 'error', message: '<!channel> "quoted" \\ & \n\u2028{{text}}', hint: 'x' },
    ],
  }),
]);

/** The JSON that is sent. */
function sent(template: NotificationTemplate, one: Message = nasty): unknown {
  const payload = payloadOf(one, template);
  return payload.ok ? JSON.parse(payload.value) : payload.issues;
}

describe('a summary', () => {
  it.each<[string, Message]>([
    ['a.example failed', message([change('a.example')])],
    [
      '2 domains failed, 1 held, 1 recovered',
      message([
        change('a.example'),
        change('b.example', { event: 'recovered', from: 'failed', to: 'in sync' }),
        change('c.example', { event: 'held', to: 'held' }),
        change('d.example'),
      ]),
    ],
    ['config refused', message([], { event: 'refused', commit: null, message: 'domains.yaml:1:1: X' })],
    [
      'config accepted, 1 domain failed',
      message([change('a.example')], { event: 'accepted', commit: null, message: '' }),
    ],
  ])('says: %s', (summary, made) => {
    expect(made.summary).toBe(summary);
  });

  it('of nothing is no message at all', () => {
    expect(messageOf([], null, { at, commit: null })).toBeNull();
  });
});

describe('the lines', () => {
  it('name way, finding and cure', () => {
    const lines = messageLines(
      message([
        change('a.example', {
          findings: [{ code: 'INTERNAL', severity: 'error', message: 'it broke', hint: 'mend it' }],
        }),
      ]),
    );
    expect(lines).toEqual([
      '- a.example: in sync -> failed',
      '    INTERNAL it broke',
      '      mend it',
      'Config in force: commit 0123456789ab',
    ]);
  });

  it('stop at fifty domains and count the rest', () => {
    const lines = messageLines(message(Array.from({ length: 10_000 }, (_, index) => change(`d${index}.example`))));
    expect(lines.length).toBeLessThan(60);
    expect(lines).toContain('and 9950 more: see /api/v1/domains');
  });

  it('say when a domain is not told about for a while', () => {
    expect(messageLines(message([change('a.example', { isLast: true })])).join('\n')).toContain('it changes often');
  });
});

describe('a payload', () => {
  it('generic is the message itself', () => {
    expect(sent({ kind: 'generic' })).toEqual(JSON.parse(JSON.stringify(nasty)));
  });

  it('for Slack is one text whose mark-up has no power', () => {
    expect(Object.keys(Object(sent({ kind: 'slack' })))).toEqual(['text']);
    const text = JSON.stringify(sent({ kind: 'slack' }));
    expect(text).toContain('stsync: a.example failed\\n');
    expect(text).toContain('&lt;!channel&gt; \\"quoted\\" \\\\ &amp;');
    expect(text).not.toContain('<!channel>');
  });

  it('for Teams is an adaptive card', () => {
    expect(sent({ kind: 'teams' })).toMatchObject({
      type: 'message',
      attachments: [
        {
          contentType: 'application/vnd.microsoft.card.adaptive',
          content: { type: 'AdaptiveCard', body: [{ text: 'stsync: a.example failed' }, { type: 'TextBlock' }] },
        },
      ],
    });
  });

  it('of a file of the user has the values where they are named, whatever is in them', () => {
    const text = '{"title":"{{summary}}","body":"{{text}}","all":{{message}},"theirs":"{{other}}"}';
    expect(sent({ kind: 'file', path: '/t.json', text })).toMatchObject({
      title: 'a.example failed',
      // The placeholder in the finding is a text like any other.
      body: expect.stringContaining('\u2028{{text}}'),
      all: { version: 1 },
      theirs: '{{other}}',
    });
  });

  it('of a file that makes no JSON is an issue with the cure', () => {
    const payload = payloadOf(nasty, { kind: 'file', path: '/t.json', text: '{"title":{{summary}}}' });
    expect(payload).toMatchObject({ ok: false, issues: [{ code: 'BAD_TEMPLATE' }] });
  });

  it.each<NotificationTemplate>([{ kind: 'slack' }, { kind: 'teams' }])(
    '%j of a huge fleet stays small',
    (template) => {
      const finding = { code: 'INTERNAL', severity: 'error', message: 'x'.repeat(5_000), hint: null } as const;
      const huge = message(
        Array.from({ length: 1_000 }, (_, index) => change(`d${index}.example`, { findings: [finding] })),
      );
      const payload = payloadOf(huge, template);
      expect(payload.ok && payload.value.length).toBeLessThan(20_000);
    },
  );
});
