/**
 * The built command against a vendor's fake, through configuration alone: the API by an option, what is served by `world.authorities`. What is
 * the same for every vendor; no vendor is known here by name.
 */
import { afterEach, describe, expect, it } from 'vitest';

import { txtSet } from '../../src/core/record-set.ts';
import type { SeenRequest } from '../fakes/fake-server.ts';
import type { ApiFake, Fleet, FleetOptions } from './fleet.ts';

/** The only domain of a fleet of one. */
export const D = 'd000.test';

/** How a user comes to see it, what is arranged for that, and what the output has to say. */
export type Sentence<F extends ApiFake> = readonly [string, (of: Fleet<F>) => void, readonly string[]];

export interface CommandSubject<F extends ApiFake> {
  readonly start: (options?: FleetOptions) => Promise<Fleet<F>>;
  readonly isWrite: (request: SeenRequest) => boolean;
  /** What goes wrong with this vendor only. */
  readonly sentences: readonly Sentence<F>[];
  /** Takes the credentials away; and what is said then, before any request. */
  readonly withoutCredentials: (of: Fleet<F>) => void;
  readonly missing: readonly string[];
}

/** Sentences that every vendor's users may come to see. */
function commonSentences<F extends ApiFake>(): readonly Sentence<F>[] {
  return [
    [
      'that a CNAME stands where a TXT belongs',
      ({ fake }) =>
        fake.model
          .zone(D)
          .put([{ name: `_mta-sts.${D}`, type: 'CNAME', ttlSeconds: 300, rdata: ['elsewhere.example.net.'] }]),
      ['_mta-sts'],
    ],
    [
      'that a record belongs to somebody else',
      ({ fake }) =>
        fake.model.zone(D).put([txtSet(`_smtp._tls.${D}`, 300, ['v=TLSRPTv1; rua=mailto:theirs@example.org'])]),
      ['no-foreign-overwrite', 'theirs@example.org'],
    ],
  ];
}

export function describeCommand<F extends ApiFake>(subject: CommandSubject<F>): void {
  let fleet: Fleet<F> | null = null;

  async function started(options: FleetOptions = {}): Promise<Fleet<F>> {
    fleet = await subject.start(options);
    return fleet;
  }

  afterEach(async () => {
    await fleet?.[Symbol.asyncDispose]();
    fleet = null;
  });

  describe('sync', () => {
    it('publishes, is in sync without a single call, and rotates once, as name servers see it', async () => {
      const of = await started();
      const { fake, dns } = of;
      const first = await of.run('sync');
      expect([first.code, first.stdout]).toEqual([0, expect.stringContaining('1 domain: 1 changed')]);
      expect(dns.zones.say(`mta-sts.${D}`, 'CNAME', false).answers).toMatchObject([{ data: 'policies.example.net.' }]);
      expect(dns.zones.say(`_smtp._tls.${D}`, 'TXT', false).answers.length).toBe(1);
      const id = of.servedId(D);
      expect(id).toMatch(/^\d{14}[0-9a-f]{16}$/);

      const second = await of.counted('sync');
      expect([second.ran.code, second.requests]).toEqual([0, 0]);
      expect(second.ran.stdout).toContain('1 domain: 1 in sync');

      of.write({ maxAge: '2d' });
      const dry = await of.run('sync', '--dry-run');
      expect([dry.code, of.servedId(D)]).toEqual([2, id]);
      expect(fake.model.zone(D).writes).toBe(3);
      expect((await of.run('sync')).code).toBe(0);
      const rotated = of.servedId(D);
      expect(rotated).not.toBe(id);
      expect((await of.counted('sync')).requests).toBe(0);
      expect(of.servedId(D)).toBe(rotated);
    });

    it('corrects what somebody deleted in the dashboard, with the same id', async () => {
      const of = await started();
      await of.run('sync');
      const id = of.servedId(D);
      of.fake.model.zone(D).drop({ name: `_smtp._tls.${D}`, type: 'TXT' });
      of.fake.model.zone(D).drop({ name: `mta-sts.${D}`, type: 'CNAME' });
      expect((await of.run('sync')).code).toBe(0);
      expect(of.servedId(D)).toBe(id);
      expect((await of.counted('sync')).requests).toBe(0);
    });

    it('waits while the change is made and not served yet, and rotates once', async () => {
      const of = await started();
      await of.run('sync');
      const zone = of.fake.model.zone(D);
      zone.isHeld = true;
      const [id, writes] = [of.servedId(D), zone.writes];
      of.write({ maxAge: '2d' });
      for (let run = 0; run < 2; run++) {
        const { code, stdout, stderr } = await of.syncImpatiently();
        expect([code, stdout, stderr, of.servedId(D)]).toEqual([0, expect.stringContaining('1 waiting'), '', id]);
      }
      expect(zone.writes).toBe(writes + 1);
      zone.isHeld = false;
      zone.publish();
      expect((await of.run('sync')).code).toBe(0);
      expect(zone.writes).toBe(writes + 1);
      expect((await of.counted('sync')).requests).toBe(0);
    });

    it.each([
      ['a lost answer', { kind: 'broken', status: 502, isDone: true }],
      ['a reset after the write', { kind: 'reset', isDone: true }],
      ['a write that did not come through', { kind: 'broken', status: 503, isDone: false }],
      ['too many requests', { kind: 'busy', retryAfterSeconds: 1 }],
    ] as const)('gets over %s by itself: every record is written once', async (_, fault) => {
      const of = await started();
      of.fake.fail(fault, subject.isWrite);
      const ran = await of.run('sync');
      expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining('1 changed')]);
      expect(of.fake.waitingFaults).toBe(0);
      expect(of.fake.model.zone(D).writes).toBe(3);
    });
  });

  describe('says in one sentence, with the cure,', () => {
    it.each([...subject.sentences, ...commonSentences<F>()])('%s', async (_, arrange, sentences) => {
      const of = await started();
      arrange(of);
      const { code, stdout, stderr } = await of.run('sync');
      expect([1, 3]).toContain(code);
      for (const sentence of sentences) expect(stdout + stderr).toContain(sentence);
      expect(stdout + stderr).not.toMatch(/\n\s+at .*:\d+:\d+/);
    });

    it('that there are no credentials, without a request', async () => {
      const of = await started();
      subject.withoutCredentials(of);
      of.write();
      const { ran, requests } = await of.counted('sync');
      expect([ran.code, requests]).toEqual([1, 0]);
      for (const sentence of subject.missing) expect(ran.stdout + ran.stderr).toContain(sentence);
    });
  });

  describe('the credentials', () => {
    it('are in no output, state, plan or log of any command, also when the API says no', async () => {
      const of = await started();
      await of.run('validate');
      await of.run('sync', '--dry-run', '--verbose', '--format', 'json', '--out', 'plan.json');
      await of.run('sync', '--verbose', '--plan', 'plan.json');
      of.write({ maxAge: '2d' });
      of.fake.fail({ kind: 'html', status: 403, isDone: false }, () => true, 100);
      await of.run('sync', '--verbose', '--format', 'markdown');
      for (const command of [['log'], ['show', D, '--format', 'json'], ['when', D, '--add-mx', 'mx2.example.net']])
        await of.run(...command);
      of.refuseSecrets();
      // The look is one that finds: it sees what stands in a file.
      expect(() => of.refuseSecrets([`mta-sts.${D}`])).toThrow(/stand in/);
    });

    it('are in no line that the daemon logs', async () => {
      const of = await started();
      of.fake.fail({ kind: 'html', status: 403, isDone: false }, subject.isWrite, 100);
      const { code, stderr } = await of.firstDaemonRun();
      expect([code, of.fake.requests.some(subject.isWrite)]).toEqual([0, true]);
      expect(stderr).toContain(D);
    });
  });
}
