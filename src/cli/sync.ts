/** Floor 4. `stsync sync`. */
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../core/config/model.ts';
import { StsyncError } from '../core/error.ts';
import { renderJson } from '../core/plan/render-json.ts';
import { renderText } from '../core/plan/render-text.ts';
import { exitCodeOf, type RunReport } from '../core/plan/report.ts';
import { commitOf } from '../effects/git-commit.ts';
import { acquireRunLock } from '../effects/run-lock.ts';
import { openStore, openStoreReadOnly } from '../effects/store-sqlite.ts';
import { dryRun, type RunOptions, syncRun } from '../services/sync.ts';
import { loadOrReport } from './load.ts';
import { painter, print, progressLine } from './output.ts';
import type { SyncOptions } from './program.ts';
import { interruptSignal, Outside, selectDomain, statePathOf } from './wiring.ts';

export async function runSync(names: readonly string[], options: SyncOptions): Promise<number> {
  if (options.rotate && names.length === 0) {
    throw new StsyncError(
      'USAGE',
      '--rotate makes every sender fetch the policy again, so it needs the domains by name',
      {
        hint: 'stsync sync example.com --rotate',
      },
    );
  }
  const config = loadOrReport(options);
  if (config === null) return 1;
  const selected = names.map((name) => selectDomain(config, name));
  const outside = await Outside.open(config, names.length === 0 ? config.domains : selected);
  const progress = progressLine(options.dryRun ? 'looking' : 'syncing');
  const run: RunOptions = {
    only: names.length === 0 ? null : selected.map((one) => one.domain),
    allow: options.allow,
    isRotationAsked: options.rotate ?? false,
    servedSince: options.servedSince ?? null,
    onProgress: progress.update,
  };
  try {
    const report = options.dryRun
      ? await runDry(config, outside, run)
      : await runForReal(config, outside, run, options);
    progress.end();
    return await show(report, options);
  } finally {
    progress.end();
    await outside.close();
  }
}

/** Opens the state read-only, works without one, takes no lock (rule 11). */
async function runDry(config: Config, outside: Outside, run: RunOptions): Promise<RunReport> {
  const store = openStoreReadOnly(statePathOf(config));
  try {
    return await dryRun(config, outside.reading(store, interruptSignal()), run);
  } finally {
    store?.close();
  }
}

async function runForReal(config: Config, outside: Outside, run: RunOptions, options: SyncOptions): Promise<RunReport> {
  const path = statePathOf(config);
  const lock = await acquireRunLock(path, { command: 'sync', startedAt: new Date() }, { waitMs: options.wait * 1000 });
  try {
    const store = openStore(path);
    try {
      const signal = interruptSignal();
      const reading = outside.reading(store, signal);
      const commit = await commitOf(config.domains[0]?.place.file ?? '.');
      const publisher = outside.publisher.bind(outside);
      return await syncRun(
        config,
        reading,
        { providers: outside.providers, publisher, store, now: reading.now, commit, signal },
        run,
      );
    } finally {
      store.close();
    }
  } finally {
    lock.release();
  }
}

async function show(report: RunReport, options: SyncOptions): Promise<number> {
  const code = exitCodeOf(report);
  if (options.format === 'json') await print(renderJson(report));
  else if (options.quiet !== true || code !== 0)
    await print(renderText(report, { isVerbose: options.verbose ?? false, paint: painter(process.stdout) }));
  // Last, so that a run whose file cannot be written has told what it did.
  if (options.out !== undefined) await writeOut(options.out, renderJson(report));
  return code;
}

async function writeOut(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text);
  } catch (cause) {
    throw new StsyncError('OUT_UNWRITABLE', `the result cannot be written to ${path}`, {
      hint: `look at the rights and the space in ${dirname(path)}`,
      where: path,
      cause,
    });
  }
}
