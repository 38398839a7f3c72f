import { expect, test } from 'vitest';

import { judgeUploadHead } from '../../../src/core/reports/upload-head.ts';

const good = {
  method: 'POST',
  contentType: 'application/tlsrpt+gzip',
  contentEncoding: undefined,
  contentLength: '10',
} as const;

test.each([
  ['as RFC 8460 §5.4 has it', {}, null],
  ['JSON', { contentType: 'application/tlsrpt+json' }, null],
  ['with a parameter, in capitals', { contentType: 'APPLICATION/TLSRPT+JSON ;charset=UTF-8' }, null],
  ['encoded', { contentEncoding: 'GZIP' }, null],
  ['of a length that is not said', { contentLength: undefined }, null],
  ['of just 10 MiB', { contentLength: '10485760' }, null],
  ['of a byte more', { contentLength: '10485761' }, 413],
  ['of another type', { contentType: 'application/gzip' }, 415],
  ['of no type', { contentType: undefined }, 415],
  ['encoded twice', { contentEncoding: 'gzip, gzip' }, 415],
  ['put', { method: 'PUT' }, 405],
  ['got', { method: 'GET', contentType: undefined }, 405],
])('judges a report by its head: %s', (_what, changes, status) => {
  expect(judgeUploadHead({ ...good, ...changes })).toBe(status);
});
