/** The certificate authority of one test file: made before its tests where openssl is installed, gone after them. */
import { afterAll, beforeAll } from 'vitest';

import { findProgram } from '../servers/programs.ts';
import { type Ca, makeCa } from './ca.ts';

/** To be called once, at the top of a file whose tests need `describeWith(['openssl'], ...)`. Throws where a test uses it without openssl. */
export function sharedCa(): Omit<Ca, typeof Symbol.asyncDispose> {
  let made: Ca | null = null;
  beforeAll(() => {
    if (findProgram('openssl') !== null) made = makeCa();
  });
  afterAll(() => made?.[Symbol.asyncDispose]());
  const ca = (): Ca => {
    if (made === null) throw new Error('there is no openssl, or the tests have not begun');
    return made;
  };
  return {
    get file() {
      return ca().file;
    },
    get directory() {
      return ca().directory;
    },
    get chain() {
      return ca().chain;
    },
    issue: (options) => ca().issue(options),
    selfSigned: (name) => ca().selfSigned(name),
  };
}
