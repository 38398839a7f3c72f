/** Floor 4. `stsync sync`. */
import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config, DomainConfig } from '../core/config/model.ts';
import { StsyncError } from '../core/error.ts';
import type { PlanFile } from '../core/plan/plan-file.ts';
import { renderJson } from '../core/plan/render-json.ts';
import { renderJunit } from '../core/plan/render-junit.ts';
import { renderMarkdown } from '../core/plan/render-markdown.ts';
import { renderText } from '../core/plan/render-text.ts';
import { exitCodeOf, type RunReport } from '../core/plan/report.ts';
import { commitOf } from '../effects/git-commit.ts';
import { openStoreReadOnly } from '../effects/store-sqlite.ts';
import { dryRun, type RunOptions } from '../services/sync.ts';
import { loadOrReport } from './load.ts';
import { painter, print, progressLine } from './output.ts';
import { loadPlanFile } from './plan-file.ts';
import type { SyncOptions } from './program.ts';
import { realRun } from './real-run.ts';
import { interruptSignal, Outside, selectDomain, statePathOf } from './wiring.ts';

export async function runSync(names: readonly string[], options: SyncOptions): Promise<number> {
  checkUsage(names, options);
  const config = loadOrReport(options);
  if (config === null) return 1;
  const reviewed = options.plan === undefined ? null : await loadPlanFile(options.plan);
  const selected = selectedDomains(config, names, reviewed);
  const outside = await Outside.open(config, selected ?? config.domains);
  const progress = progressLine(options.dryRun ? 'looking' : 'syncing');
  const run: RunOptions = {
    only: selected?.map((one) => one.domain) ?? null,
    allow: options.allow,
    isRotationAsked: options.rotate ?? false,
    reviewed,
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

function checkUsage(names: readonly string[], { rotate, plan }: SyncOptions): void {
  if (plan !== undefined && (rotate || names.length > 0)) {
    const what = rotate ? '--rotate' : 'domains by name';
    throw new StsyncError('USAGE', `--plan applies the plan in the file and nothing else, so it takes no ${what}`, {
      hint: 'make the plan with them: stsync sync example.com --dry-run --out plan.json',
    });
  }
  if (rotate && names.length === 0) {
    const message = '--rotate makes every sender fetch the policy again, so it needs the domains by name';
    throw new StsyncError('USAGE', message, { hint: 'stsync sync example.com --rotate' });
  }
}

/** Null: all of the YAML. Domains of a plan file that the YAML does not have are no fault here: the run says what became of them. */
function selectedDomains(
  config: Config,
  names: readonly string[],
  reviewed: PlanFile | null,
): readonly DomainConfig[] | null {
  if (reviewed === null) return names.length === 0 ? null : names.map((name) => selectDomain(config, name));
  const planned = new Set(reviewed.domains.map((one) => one.domain));
  return config.domains.filter((one) => planned.has(one.domain));
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
  const signal = interruptSignal();
  const commit = config.sourceCommit ?? (await commitOf(config.domains[0]?.place.file ?? '.'));
  const how = { command: 'sync', waitMs: options.wait * 1000, commit, signal, options: run } as const;
  return realRun(config, outside, how, (report) => report);
}

async function show(report: RunReport, options: SyncOptions): Promise<number> {
  const code = exitCodeOf(report);
  const isVerbose = options.verbose ?? false;
  const render = {
    json: () => renderJson(report),
    markdown: () => renderMarkdown(report, { isVerbose }),
    junit: () => renderJunit(report, { isVerbose }),
    text: () => renderText(report, { isVerbose, paint: painter(process.stdout) }),
  }[options.format];
  // A program that reads the result wants it in any case.
  if (options.format !== 'text' || options.quiet !== true || code !== 0) await print(render());
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
