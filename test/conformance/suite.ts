/**
 * The conformance suite: what `src/provider.ts` promises, tried on any provider. It knows no provider by name; where they may differ, their
 * capabilities say what is expected. A provider's test file calls {@link describeProvider} and nothing else (see memory.test.ts).
 */
import { afterEach, describe } from 'vitest';

import { describeChanges } from './changes.ts';
import { describeDoubt } from './doubt.ts';
import { describeQuiet, describeRefusals } from './refusals.ts';
import { describeReads } from './reads.ts';
import type { Setup, Start, Subject } from './subject.ts';

/** Declares the whole suite for one provider; `setup` is called once in each test. */
export function describeProvider(name: string, setup: Setup): void {
  const open: Subject[] = [];
  const start: Start = async (records = () => []) => {
    const subject = await setup(records);
    open.push(subject);
    return subject;
  };

  describe(`provider ${name}`, () => {
    afterEach(async () => {
      for (const subject of open.splice(0)) {
        await subject.provider.close();
        await subject.close();
      }
    });
    describeChanges(start);
    describeReads(start);
    describeRefusals(start);
    describeQuiet(start);
    describeDoubt(start);
  });
}
