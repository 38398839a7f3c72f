/** Floor 0. `stepBack: true`: a burst of failures in signed TLS reports takes enforce back to testing, and a person is told loudly (rule 8). */
import { reportBurst } from '../reports/burst.ts';
import { reportersWords, safe, sessionsWords } from '../reports/finding-words.ts';
import { allowKey, type Hold, hold } from './hold.ts';
import type { Finding } from './model.ts';
import { liveMxHosts } from './observation.ts';
import { testingRun } from './reports-agree.ts';
import type { Situation } from './situation.ts';
import { finding } from './steps.ts';

/** Testing served in place of a live enforce; it goes back as any testing before enforce does. Null: nothing takes it back. */
export function holdBack(at: Situation): Hold | null {
  const reason = burstWords(at);
  if (reason === null) return null;
  const due = new Date(at.now.getTime() + at.wanted.testingForSeconds * 1000);
  return hold('reports-agree', `stepBack: ${reason}`, `mend it there, or ${allowKey('reports-agree')}`, due);
}

export function stepBackFindings(at: Situation): readonly Finding[] {
  const burst = burstWords(at);
  const hint = 'look at `stsync reports summary` and `stsync check`; enforce follows by itself when reports agree';
  if (burst !== null) return [finding('STEPPED_BACK', 'error', `goes back from enforce to testing: ${burst}`, hint)];
  if (!at.wanted.stepBack || at.wanted.mode !== 'enforce' || at.announced?.mode !== 'testing') return [];
  const announced = at.memory.history.filter(({ rotatedAt }) => rotatedAt !== null);
  const run = testingRun(announced);
  const isBack = announced.at(-run.length - 1)?.policy.mode === 'enforce' && run.some((one) => one.isHeldTesting);
  const since = run[0]?.rotatedAt?.toISOString().slice(0, 10) ?? '';
  return isBack
    ? [finding('STEPPED_BACK', 'warning', `is back in testing since ${since} because of reports`, hint)]
    : [];
}

function burstWords({ wanted, announced, reports, observation, memory }: Situation): string | null {
  const isAsked = wanted.stepBack && wanted.mode === 'enforce' && !wanted.absent && !wanted.released;
  if (!isAsked || announced?.mode !== 'enforce' || reports === null || wanted.allow.has('reports-agree')) return null;
  const start = enforcedSince(memory.history);
  if (start === null) return null;
  const since = start.toISOString().slice(0, 10);
  const burst = reportBurst(reports, since, liveMxHosts(wanted.domain, observation.mx));
  if (burst === null) return null;
  const where = burst.hosts.map((host) => (host === '' ? 'an MX without a name' : safe(host))).join(', ');
  const who = reportersWords(burst.reporters, Math.max(burst.all, burst.reporters.length));
  const of = sessionsWords(burst.sessions);
  return `${of} failed at ${where} for ${who} within ${burst.days} days (${Math.round(burst.share * 100)} %)`;
}

/** What was told of the days before is no reason: a promotion has weighed it. */
function enforcedSince(history: Situation['memory']['history']): Date | null {
  const announced = history.filter(({ rotatedAt }) => rotatedAt !== null);
  const first = announced[announced.findLastIndex(({ policy }) => policy.mode !== 'enforce') + 1];
  return first?.rotatedAt ?? null;
}
