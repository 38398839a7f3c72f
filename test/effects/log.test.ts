import { describe, expect, test } from 'vitest';
import { type Log, openLog, type LogOptions } from '../../src/effects/log.ts';

/** A log and the lines that it wrote. */
function open(
  isTTY: boolean,
  level: LogOptions['level'] = 'info',
): { readonly log: Log; readonly lines: readonly string[] } {
  const lines: string[] = [];
  const stream = { write: (text: string) => lines.push(text), isTTY };
  return { log: openLog({ level, now: () => new Date('2026-11-24T12:30:01.500Z'), stream }), lines };
}

/** What `styleText` may put around a label, and nothing else that a terminal obeys. */
const colours = new RegExp(`${String.fromCodePoint(27)}\\[\\d{1,2}m`, 'g');

describe('in a pipe', () => {
  test('a line is JSON with level, time, fields and message', () => {
    const { log, lines } = open(false);
    log.info({ reasons: ['start'], domains: 3 }, 'the run ended');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^\{.*\}\n$/);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'info',
      time: '2026-11-24T12:30:01.500Z',
      reasons: ['start'],
      domains: 3,
      msg: 'the run ended',
    });
  });

  test('what is below the level is not written', () => {
    const { log, lines } = open(false, 'warn');
    log.debug({}, 'a');
    log.info({}, 'b');
    log.warn({}, 'c');
    log.error({}, 'd');
    expect(lines.map((line) => JSON.parse(line).level)).toEqual(['warn', 'error']);
  });
});

describe('on a terminal', () => {
  test('a line is one line that a person reads', () => {
    const { log, lines } = open(true);
    log.warn({ domain: 'example.com', findings: ['MX_STARTTLS no STARTTLS'] }, 'example.com: held');
    // Without the colours, which depend on where the tests run.
    expect(lines.join('').replaceAll(colours, '')).toBe(
      '12:30:01 WARN  example.com: held domain=example.com findings=["MX_STARTTLS no STARTTLS"]\n',
    );
  });

  test('text from strangers moves no cursor and makes no lines', () => {
    const { log, lines } = open(true);
    log.warn({ answer: 'a\u001b[2Jb\r\nc' }, 'it said \u001b]0;title\u0007\nfake line');
    const text = lines.join('').replaceAll(colours, '');
    expect(Array.from(text.trimEnd()).filter((one) => one < ' ')).toEqual([]);
  });
});

describe.each([false, true])('a secret (terminal: %s)', (isTTY) => {
  const awkward = 'pass"word\\with\nall/it & more';

  test('is in no line: not as a field, in a nested one, in the message, nor in an error', () => {
    const { log, lines } = open(isTTY, 'debug');
    log.hide(['tok-12345', awkward]);
    const error = new Error(`401 for tok-12345 and ${awkward}`);
    for (const write of [log.debug, log.info, log.warn, log.error]) {
      write({ token: 'tok-12345', deep: { list: [{ awkward }] }, err: error }, `sent tok-12345 ${awkward}`);
    }
    expect(lines).toHaveLength(4);
    for (const line of lines) {
      expect(line).toContain('[redacted]');
      expect(line).not.toContain('tok-12345');
      expect(line).not.toMatch(/pass.{0,4}word/);
    }
  });

  test('is in no line in a form that programs give it: in JSON within JSON, in a URL', () => {
    const { log, lines } = open(isTTY);
    log.hide([awkward]);
    log.info({ answer: JSON.stringify({ error: `bad token ${awkward}` }) }, 'x');
    log.info({ url: `https://example.com/?t=${encodeURIComponent(awkward)}` }, 'x');
    for (const line of lines) expect(line).not.toMatch(/pass.{0,8}word/);
  });

  test('of digits hides also what is a number, and the line stays one that can be read', () => {
    const { log, lines } = open(isTTY);
    log.hide(['4711']);
    log.info({ pid: 147_112 }, 'the daemon starts');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('the daemon starts');
    expect(lines[0]).not.toContain('4711');
    if (!isTTY) expect(JSON.parse(lines[0] ?? '')).toMatchObject({ msg: expect.stringContaining('[redacted]') });
  });

  test('stays one when a later config has another', () => {
    const { log, lines } = open(isTTY);
    log.hide(['old-secret']);
    log.hide(['new-secret']);
    log.info({ a: 'old-secret', b: 'new-secret' }, 'x');
    expect(lines.join('')).not.toMatch(/(old|new)-secret/);
  });
});

test('a secret of no letters, or of three, hides nothing else', () => {
  const { log, lines } = open(false);
  log.hide(['', 'e', 'msg']);
  log.info({}, 'the message');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ msg: 'the message' });
});
