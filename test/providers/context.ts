/** The outside world for provider tests: real files and commands, and a clock that stands. */
import type { ProviderContext } from '../../src/provider.ts';
import { openFiles } from '../../src/effects/files.ts';
import type { Pause } from '../../src/effects/pause.ts';
import { requestBudgets } from '../../src/effects/request-budget.ts';
import { runCommand } from '../../src/effects/run-command.ts';

/** Day and second of every test. */
export const NOW = new Date('2026-11-24T12:00:00Z');

export function testContext(now: Date = NOW, lockTimeoutMs = 200): ProviderContext {
  return {
    files: openFiles({ lockTimeoutMs }),
    runCommand,
    now: () => now,
    requestBudget: requestBudgets(stoppedClock()),
  };
}

/** A clock that only sleeping moves: nobody waits. */
function stoppedClock(): Pause {
  let nowMs = 0;
  return {
    nowMs: () => nowMs,
    sleep: async (ms) => void (nowMs += ms),
  };
}
