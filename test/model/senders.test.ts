/**
 * The promise behind everything: no sender that follows RFC 8461 ever refuses mail to a live MX because of something stsync did (DESIGN
 * section 6). Random stories, each with a seed that is printed when it fails; SLOW=1 plays thousands. `STSYNC_SEED=17` plays one.
 */
import { describe, expect, it } from 'vitest';
import { playStory } from './story.ts';

const only = process.env['STSYNC_SEED'];
const count = process.env['SLOW'] === '1' ? 3000 : 200;
const seeds = only === undefined ? Array.from({ length: count }, (_, index) => index + 1) : [Number(only)];

describe('no mail to a live MX is refused', () => {
  it(`in ${seeds.length} stories of owners, senders, faults and weather`, { timeout: 3_600_000 }, async () => {
    let [mails, rotations] = [0, 0];
    const plots = new Map<string, number>();
    for (const seed of seeds) {
      const story = await playStory(seed);
      mails += story.mails;
      rotations += story.rotations;
      plots.set(story.plot, (plots.get(story.plot) ?? 0) + 1);
      if (story.violations.length > 0) {
        const found = story.violations.map((one) => one.what).join('\n');
        expect.fail(`${found}\n\nSTSYNC_SEED=${seed} plays it again:\n${story.trace.join('\n')}\n`);
      }
    }
    console.log(`${seeds.length} stories:`, Object.fromEntries(plots), `${mails} mails, ${rotations} ids`);
    // A model in which nothing happens proves nothing.
    expect(mails).toBeGreaterThan(seeds.length * 100);
    expect(rotations).toBeGreaterThan(seeds.length);
  });
});
