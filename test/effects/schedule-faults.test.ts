import { describe, expect, it } from 'vitest';
import { scheduleFaults } from '../../src/effects/schedule-faults.ts';

const place = { file: 'domains.yaml', line: 3, column: 11 };
const faultsOf = (line: string): readonly string[] =>
  scheduleFaults({ line, place }).map(({ code, message }) => `${code} ${message}`);

describe('schedule', () => {
  it.each([
    ['*/15 * * * *'],
    ['0 4 * * mon-fri'],
    ['0 4 1,15 jan,JUL *'],
    ['30 0 4 * * 7'],
    ['0 22-2/2 * * *'],
    ['0 0 L * ?'],
    ['0 0 15W * *'],
    ['0 0 * * 5#2'],
    ['0 0 29 2 *'],
    ['0 0 31 2,3 *'],
  ])('takes %s', (line) => {
    expect(faultsOf(line)).toEqual([]);
  });

  it.each([
    ['60 * * * *', 'minute'],
    ['* 24 * * *', 'hour'],
    ['* * 0 * *', 'day of month'],
    ['* * * 13 *', 'month'],
    ['* * * * 8', 'week day'],
    ['60 * * * * *', 'second'],
    ['*/0 * * * *', 'minute'],
    ['5/15 * * * *', 'minute'],
    ['1,,2 * * * *', 'minute'],
    ['* * * * fryday', 'week day'],
    ['0 0 31 4,jun *', 'impossible day of month'],
    ['0 0 30 2 *', 'impossible day of month'],
  ])('refuses %s and says which field', (line, word) => {
    const [fault, ...others] = scheduleFaults({ line, place });
    expect(others).toEqual([]);
    expect(fault).toMatchObject({ code: 'BAD_SCHEDULE', place, hint: expect.stringContaining('*/15 * * * *') });
    expect(fault?.message).toContain(word);
  });

  it('tells of every field that is none', () => {
    expect(faultsOf('60 24 * * 8')).toEqual([
      'BAD_SCHEDULE 60 is an invalid expression for minute',
      'BAD_SCHEDULE 24 is an invalid expression for hour',
      'BAD_SCHEDULE 8 is an invalid expression for week day',
    ]);
  });
});
