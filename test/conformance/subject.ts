/** What the conformance suite needs of a provider under test, and how it speaks to it. */
import { StsyncError } from '../../src/core/error.ts';
import type { RecordChange, RecordKey, RecordSet } from '../../src/core/record-set.ts';
import type { Provider } from '../../src/provider.ts';

/** One provider on one zone of its own, and the ways around the provider that the suite needs. */
export interface Subject {
  readonly provider: Provider;
  /** The zone: absolute, lower case. Beside the records of the set-up it holds at most its SOA and NS. */
  readonly zone: string;
  /** A name for which this provider has no zone. */
  readonly nameOutside: string;
  /** Changes the world behind the provider's back: the set of this key is `set` from now on (null: gone). Keeps the case it is given. */
  put(key: RecordKey, set: RecordSet | null): Promise<void>;
  /** All that is stored, and how often it was written if the service counts that, as text: equal texts mean that nothing was written. */
  snapshot(): Promise<string>;
  close(): Promise<void>;
}

/** Records for a zone whose name is known later. */
export type RecordsOf = (zone: string) => readonly RecordSet[];

/** Makes a fresh zone that holds the records which `records` gives for its name. */
export type Setup = (records: RecordsOf) => Promise<Subject>;

/** Starts a subject for one test; it is closed after the test. No records: an empty zone. */
export type Start = (records?: RecordsOf) => Promise<Subject>;

const signal = new AbortController().signal;

/** The sets of these keys. */
export async function readSets({ provider }: Subject, keys: readonly RecordKey[]): Promise<readonly RecordSet[]> {
  return provider.read(keys, signal);
}

/** The set of one key, or null. */
export async function readOne(subject: Subject, key: RecordKey): Promise<RecordSet | null> {
  return (await readSets(subject, [key]))[0] ?? null;
}

export async function exists({ provider }: Subject, name: string): Promise<boolean | undefined> {
  return provider.exists?.(name, signal);
}

export async function apply({ provider }: Subject, changes: readonly RecordChange[]): Promise<void> {
  await provider.apply(changes, signal);
}

/** The code that `work` fails with. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: unknown) => (error instanceof StsyncError ? error.code : `not ours: ${String(error)}`),
  );
}

/** MX only where the provider reads it. */
export function readableKeys<T extends RecordKey>({ provider }: Subject, keys: readonly T[]): readonly T[] {
  return keys.filter(({ type }) => type !== 'MX' || provider.capabilities.canReadMx);
}
