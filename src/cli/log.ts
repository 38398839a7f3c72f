/** Floor 4. `stsync log`: the journal, newest last. */
import type { JournalEntry } from '../core/journal.ts';
import { openStoreReadOnly } from '../effects/store-sqlite.ts';
import { loadOrReport } from './load.ts';
import { print } from './output.ts';
import type { LogOptions } from './program.ts';
import { hostArgument, statePathOf } from './wiring.ts';

/** Also for domains that left the YAML. */
export async function runLog(name: string | undefined, options: LogOptions): Promise<number> {
  const domain = name === undefined ? undefined : hostArgument(name);
  const config = loadOrReport(options);
  if (config === null) return 1;
  const store = openStoreReadOnly(statePathOf(config));
  try {
    const filter = {
      ...(domain === undefined ? {} : { domain }),
      ...(options.limit === undefined ? {} : { limit: options.limit }),
    };
    const entries = store?.journal(filter) ?? [];
    if (options.format === 'json') await print(`${JSON.stringify({ version: 1, entries }, null, 2)}\n`);
    else
      await print(
        entries.length === 0
          ? 'nothing was done so far\n'
          : entries
              .flatMap(entryLines)
              .map((line) => `${line}\n`)
              .join(''),
      );
    return 0;
  } finally {
    store?.close();
  }
}

function entryLines(entry: JournalEntry): readonly string[] {
  const what = entry.type === null ? entry.name : `${entry.name} ${entry.type}`;
  const from = entry.commit === null ? '' : `  from commit ${entry.commit.slice(0, 12)}`;
  const change =
    entry.type === null
      ? []
      : [`    ${entry.before?.join(' | ') ?? 'nothing'} -> ${entry.after?.join(' | ') ?? 'nothing'}`];
  return [
    `${entry.at.toISOString().slice(0, 19).replace('T', ' ')}  ${entry.outcome}  ${entry.kind} ${what}${from}`,
    ...(entry.kind === 'verify' ? [] : change),
    `    ${entry.note === null ? entry.reason : `${entry.reason} (${entry.note})`}`,
  ];
}
