/** The one record that tests of providers over HTTP read and write, and what their work fails with. */
import { StsyncError } from '../../src/core/error.ts';
import { txtSet, type RecordChange, type RecordSet } from '../../src/core/record-set.ts';

export const { signal } = new AbortController();
export const ZONE = 'zone.test';
export const ID_NAME = `_mta-sts.${ZONE}`;

/** The id record: from `before` to `after`; null: nothing there. */
export function idChange(before: string | null, after: string | null): RecordChange {
  const set = (value: string | null): RecordSet | null => (value === null ? null : txtSet(ID_NAME, 300, [value]));
  return { name: ID_NAME, type: 'TXT', before: set(before), after: set(after) };
}

/** What the work fails with. Whatever it is, the token is not in it. */
export async function errorWithout(token: string, work: Promise<unknown>): Promise<StsyncError> {
  const error: unknown = await work.then(
    () => null,
    (one: unknown) => one,
  );
  if (!(error instanceof StsyncError)) throw new Error(`no error of ours: ${String(error)}`);
  const { message, hint, where, stack } = error;
  if (`${message} ${hint ?? ''} ${where ?? ''} ${stack ?? ''} ${String(error.cause)}`.includes(token))
    throw new Error('the token stands in an error');
  return error;
}
