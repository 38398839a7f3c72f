/**
 * Golden plans: each folder is a config and a live world (zone files, served policies, memory, what DNS shows); the plan from it is compared byte for byte,
 * as text and as JSON, and where the folder has a `plan.md` or `plan.xml` as Markdown and JUnit too. `UPDATE_GOLDEN=1` writes what the
 * planner says now: read the difference before you commit it.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { descriptors } from '../../providers/registry.ts';
import { open } from '../../providers/zonefile/provider.ts';
import { noMemory } from '../../src/core/memory.ts';
import { comparePlans } from '../../src/core/plan/compare-plans.ts';
import type { DomainPlan } from '../../src/core/plan/model.ts';
import { parsePlanFile, type PlanFile } from '../../src/core/plan/plan-file.ts';
import { renderJson } from '../../src/core/plan/render-json.ts';
import { renderJunit } from '../../src/core/plan/render-junit.ts';
import { renderMarkdown } from '../../src/core/plan/render-markdown.ts';
import { renderText } from '../../src/core/plan/render-text.ts';
import { openFiles } from '../../src/effects/files.ts';
import { loadConfig } from '../../src/effects/load-config.ts';
import { directoryPublisher } from '../../src/effects/publish-directory.ts';
import { readOnlyPublisher } from '../../src/effects/publisher.ts';
import { type RecordSet, recordKey } from '../../src/core/record-set.ts';
import { parseMemory } from '../../src/effects/store-json.ts';
import { readOnly } from '../../src/provider.ts';
import { dryRun } from '../../src/services/sync.ts';
import type { Network } from '../../src/services/world.ts';
import { noNetwork } from '../support/no-network.ts';
import { TableNetwork } from '../support/table-network.ts';

const cases = readdirSync(import.meta.dirname, { withFileTypes: true }).filter((entry) => entry.isDirectory());

describe('the plan of', () => {
  it.each(cases.map((entry) => entry.name))('%s', async (name) => {
    const folder = join(import.meta.dirname, name);
    const report = await planOf(folder);
    const painted = renderText(report, { isVerbose: true, paint: (_style, text) => text });
    compare(join(folder, 'plan.txt'), painted.replaceAll(folder, 'FOLDER'));
    compare(join(folder, 'plan.json'), renderJson(report).replaceAll(folder, 'FOLDER'));
    const others = { 'plan.md': renderMarkdown, 'plan.xml': renderJunit };
    for (const [file, render] of Object.entries(others)) {
      const path = join(folder, file);
      if (existsSync(path)) compare(path, render(report, { isVerbose: false }).replaceAll(folder, 'FOLDER'));
    }
    // Rule 14: as a plan file it is readable, and nothing has moved since.
    const file = parsePlanFile(renderJson(report));
    if (!file.ok) throw new Error(JSON.stringify(file.issues));
    expect(comparisons(report.domains, file.value)).toEqual(report.domains.map(() => []));
  });
});

async function planOf(folder: string): ReturnType<typeof dryRun> {
  const loaded = loadConfig({ path: 'domains.yaml', descriptors, environment: {}, workingDirectory: folder });
  if (!loaded.ok) throw new Error(loaded.faults.map((fault) => fault.message).join('\n'));
  const files = openFiles();
  const context = {
    files,
    runCommand: () => Promise.reject(new Error('a dry run runs no command')),
    now: () => new Date(),
    requestBudget: () => {
      throw new Error('a zone file has no budget of requests');
    },
  };
  const provider = await open({ directory: join(folder, 'zones') }, context);
  const memoryFile = join(folder, 'memory.json');
  const memories: unknown = existsSync(memoryFile) ? JSON.parse(readFileSync(memoryFile, 'utf8')) : {};
  const entries = Object.entries(memories ?? {}).map(
    ([domain, memory]) => [domain, parseMemory(JSON.stringify(memory))] as const,
  );
  const stored = new Map(entries);
  return dryRun(
    loaded.config,
    {
      readers: new Map([['local', readOnly(provider)]]),
      policies: () => readOnlyPublisher(directoryPublisher(join(folder, 'www'), files)),
      network: networkOf(folder),
      signal: new AbortController().signal,
      store: {
        domains: () => [...stored.keys()],
        memory: (domain) => stored.get(domain) ?? noMemory,
        journal: () => [],
        domainStates: () => new Map(),
        lastGoodRunAt: () => null,
        policyBody: () => null,
        certificate: () => null,
        certificates: () => [],
        orderQueue: () => null,
        reportFacts: () => null,
        close: () => undefined,
      },
      now: () => new Date('2026-11-24T12:00:00Z'),
      after: () => () => undefined,
      descriptors,
      turnOf: () => null,
    },
    { only: null, allow: [], isRotationAsked: false, reviewed: null, servedSince: null, onProgress: () => undefined },
  );
}

/** What name servers show stands in `dns.json`, as record sets; without one nobody is asked. */
function networkOf(folder: string): Network {
  const path = join(folder, 'dns.json');
  if (!existsSync(path)) return noNetwork;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a file of the tests
  const sets = JSON.parse(readFileSync(path, 'utf8')) as readonly RecordSet[];
  return new TableNetwork(new Map(sets.map((set) => [recordKey(set), set])), () => [null]).network;
}

/** The differences of each plan from the file. No fact is asked for: a step that is to be done is in the file. */
function comparisons(plans: readonly DomainPlan[], file: PlanFile): readonly (readonly string[])[] {
  const hidden = { kind: 'unreadable', code: 'INTERNAL', message: '', hint: null } as const;
  const observation = {
    views: [],
    mx: hidden,
    policy: hidden,
    published: hidden,
    offers: null,
    spreading: [],
    delegation: null,
  };
  return plans.map((plan, index) => {
    const planned = file.domains[index];
    if (planned === undefined) throw new Error(`${plan.domain} is not in the file`);
    return comparePlans(planned, plan, observation).differences;
  });
}

function compare(path: string, actual: string): void {
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, actual);
  expect(actual).toBe(readFileSync(path, 'utf8'));
}
