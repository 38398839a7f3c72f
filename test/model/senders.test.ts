/**
 * The promise behind everything: no sender that follows RFC 8461 ever refuses mail to a live MX because of something stsync did (DESIGN
 * section 6). Random stories, each with a seed that is printed when it fails; SLOW=1 plays thousands. `STSYNC_SEED=17` plays one.
 */
import { describe, expect, it } from 'vitest';
import type { DomainPlan } from '../../src/core/plan/model.ts';
import { type Mutation, playStory } from './story.ts';

const only = process.env['STSYNC_SEED'];
const count = process.env['SLOW'] === '1' ? 3000 : 200;
const seeds = only === undefined ? Array.from({ length: count }, (_, index) => index + 1) : [Number(only)];

describe('no mail to a live MX is refused', () => {
  it(`in ${seeds.length} stories with lagging servers, kills and lost answers`, { timeout: 600_000 }, async () => {
    let [mails, rotations] = [0, 0];
    for (const seed of seeds) {
      const story = await playStory(seed);
      mails += story.mails;
      rotations += story.rotations;
      expect(story.refusals, `STSYNC_SEED=${seed} plays it again:\n${story.trace.join('\n')}\n`).toEqual([]);
    }
    // A model in which nothing happens proves nothing.
    expect(mails).toBeGreaterThan(seeds.length * 100);
    expect(rotations).toBeGreaterThan(seeds.length);
  });
});

describe('the model notices when a rule is switched off', () => {
  const mutations: Readonly<Record<string, Mutation>> = {
    'rule 6: the owner adds MX hosts without asking': { asks: 'never' },
    'rule 6: MX moves by the answer for senders that watch the id': { asks: 'id-watching' },
    'guards narrow-waits-for-mx and enforce-covers-live-mx': {
      allow: ['narrow-waits-for-mx', 'enforce-covers-live-mx'],
    },
    'guard removal-waits-for-caches': { allow: ['removal-waits-for-caches'] },
    'rule 5: the id goes out before the policy': { tamper: idFirst },
  };
  it.each(Object.entries(mutations))('%s', { timeout: 120_000 }, async (_name, mutation) => {
    for (let seed = 1; seed <= 400; seed++) {
      if ((await playStory(seed, mutation)).refusals.length > 0) return;
    }
    expect.fail('400 stories without a refusal');
  });
});

function idFirst(plan: DomainPlan): DomainPlan {
  const ids = plan.steps.filter((step) => step.chain === 'policy' && step.kind === 'upsert' && step.type === 'TXT');
  const rest = plan.steps.filter((step) => !ids.includes(step) && step.kind !== 'verify');
  return { ...plan, steps: [...ids, ...rest] };
}
