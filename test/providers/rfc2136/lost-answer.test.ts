/** Real servers behind a network that loses answers, and other people who write at the same time: the executor looks again (rule 10). */
import { afterAll, beforeAll, expect, it } from 'vitest';

import { type RecordChange, type RecordSet, txtSet } from '../../../src/core/record-set.ts';
import type { Provider } from '../../../src/provider.ts';
import { applyChanges } from '../../../src/services/apply-records.ts';
import { describeWith } from '../../servers/programs.ts';
import { flavours, nsupdate, replacing, type Updatable } from '../../servers/updatable.ts';
import { lossyProxy, type TcpServer } from '../../support/lossy-tcp.ts';
import { outcome, providerOf } from './rig.ts';

const { signal } = new AbortController();
const zone = 'zone.test';

/** An UPDATE by its opcode, behind the two bytes of length. */
function isUpdate(sent: Buffer): boolean {
  return (sent[4] ?? 0) >> 3 === 5;
}

function change(label: string, before: RecordSet | null = null): RecordChange {
  const after = txtSet(`${label}.${zone}`, 300, ['v=STSv1; id=2;']);
  return { name: after.name, type: 'TXT', before, after };
}

for (const { name, programs, start } of flavours) {
  describeWith(programs, `rfc2136 on ${name}, on a bad network`, () => {
    let server: Updatable;
    beforeAll(async () => {
      server = await start([zone]);
    });
    afterAll(() => server.stop());
    const through = (proxy: TcpServer): Provider =>
      providerOf({ server: { ...server, address: proxy.address } }, server.admin, 0, 1000);

    it('throws a time-out that may be retried when only the answer is lost, and the executor sees that it is done', async () => {
      await using proxy = await lossyProxy(server.port, isUpdate);
      const provider = through(proxy);
      expect(await outcome(provider.apply([change('one')], signal))).toMatch(
        /^PROVIDER_TIMEOUT retryable: .*within 1 s/,
      );
      expect(await applyChanges(provider, [change('one')], signal)).toBe('it stood there already');
      expect(await applyChanges(provider, [change('two')], signal)).toMatch(/a second look showed the change in place/);
      await provider.close();
    });

    it('stops when somebody else writes between the look and the update: no write is lost', async () => {
      const theirs = txtSet(`race.${zone}`, 300, ['theirs']);
      let isDone = false;
      await using proxy = await lossyProxy(
        server.port,
        () => false,
        async (sent) => {
          if (isDone || !isUpdate(sent)) return;
          isDone = true;
          await nsupdate(server, zone, replacing(theirs, theirs));
        },
      );
      const provider = providerOf({ server: { ...server, address: proxy.address } }, server.admin);
      expect(await outcome(applyChanges(provider, [change('other'), change('race')], signal))).toMatch(
        /^CHANGED_SINCE_READ: .*YXRRSET/,
      );
      expect(isDone).toBe(true);
      expect(await provider.read([theirs, change('other')], signal)).toEqual([theirs]);
      await provider.close();
    });

    it('stops when a CNAME comes to the name in between, or anything to the name of a first CNAME', async () => {
      const theirs: RecordSet = { name: `c.${zone}`, type: 'CNAME', ttlSeconds: 300, rdata: ['theirs.example.net.'] };
      const ours: RecordSet = { ...theirs, name: `d.${zone}`, rdata: ['ours.example.net.'] };
      const caa = `add d.${zone}. 300 CAA 0 issue "x"`;
      for (const [lines, wanted] of [
        [replacing(theirs, theirs), change('c')],
        [[caa], { name: ours.name, type: 'CNAME', before: null, after: ours }],
      ] as const) {
        await using proxy = await lossyProxy(
          server.port,
          () => false,
          async (sent) => {
            if (isUpdate(sent)) await nsupdate(server, zone, lines);
          },
        );
        const provider = providerOf({ server: { ...server, address: proxy.address } }, server.admin);
        expect(await outcome(provider.apply([wanted], signal))).toMatch(/^CHANGED_SINCE_READ: .*YX(RRSET|DOMAIN)/);
        await provider.close();
      }
    });
  });
}
