import { expect, test } from 'vitest';

import { trimEndBlanks, trimStartBlanks } from '../../src/core/blanks.ts';

test('only space and tab are blanks, RFC 5234 appendix B.1', () => {
  expect(trimStartBlanks(' \t a \t ')).toBe('a \t ');
  expect(trimEndBlanks(' \t a \t ')).toBe(' \t a');
  expect(trimStartBlanks('\n\r\u00a0\va')).toBe('\n\r\u00a0\va');
  expect(trimEndBlanks('a\n\r\u00a0\v')).toBe('a\n\r\u00a0\v');
  expect(trimStartBlanks('  ') + trimEndBlanks('  ') + trimEndBlanks('')).toBe('');
});
