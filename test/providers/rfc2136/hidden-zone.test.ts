/** A zone that BIND shows to a key alone (`allow-query`): questions are signed as well as updates (RFC 8945), so the provider sees it. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';

import { txtSet } from '../../../src/core/record-set.ts';
import { ask } from '../../servers/ask.ts';
import { startBind } from '../../servers/bind.ts';
import { type NameServer, tsigKey } from '../../servers/name-server.ts';
import { describeWith } from '../../servers/programs.ts';
import { zoneLines } from '../../servers/updatable.ts';
import { outcome, providerOf } from './rig.ts';

const ZONE = 'hidden.example';
const { signal } = new AbortController();
const [key, stranger] = [tsigKey('stsync'), tsigKey('stranger')];
const mx = { name: ZONE, type: 'MX' } as const;
const id = txtSet(`_mta-sts.${ZONE}`, 300, ['v=STSv1; id=1;']);

describeWith(['named'], 'rfc2136 on a zone with allow-query', () => {
  let server: NameServer;
  beforeAll(async () => {
    server = await startBind({
      keys: [key, stranger],
      zones: [
        { name: 'open.example', text: zoneLines('open.example', []) },
        {
          name: ZONE,
          text: zoneLines(ZONE, ['@ MX 10 mx.example.net.']),
          isHidden: true,
          statements: 'allow-query { key stsync; };',
          updatePolicy: [`grant stsync name _mta-sts.${ZONE}. TXT`, `grant stranger name _mta-sts.${ZONE}. TXT`],
        },
      ],
    });
    // The zones of a server are loaded one after the other.
    const provider = providerOf({ server }, key);
    await vi.waitFor(() => provider.read([mx], signal), { timeout: 10_000 });
    await provider.close();
  });
  afterAll(() => server.stop());

  it('is refused to who does not sign', async () => {
    // The last four bits are the RCODE (RFC 1035 §4.1.1); 5 is REFUSED.
    expect(((await ask(server.port, ZONE, 'MX')).flags ?? 0) & 0xf).toBe(5);
  });

  it('reads and writes with the key', async () => {
    const provider = providerOf({ server }, key);
    expect(await provider.read([mx, id], signal)).toEqual([{ ...mx, ttlSeconds: 300, rdata: ['10 mx.example.net.'] }]);
    await provider.apply([{ ...id, before: null, after: id }], signal);
    expect(await provider.read([id], signal)).toEqual([id]);
    expect(await provider.exists?.(`sub.${ZONE}`, signal)).toBe(false);
    await provider.close();
  });

  it('says to another key that it may not ask, before anything is written, also where it may write', async () => {
    const provider = providerOf({ server }, stranger);
    expect(await outcome(provider.read([id], signal))).toMatch(/^ZONE_NOT_FOUND: .*REFUSED.*allow-query/);
    const after = txtSet(id.name, 300, ['v=STSv1; id=2;']);
    expect(await outcome(provider.apply([{ ...id, before: id, after }], signal))).toMatch(/^ZONE_NOT_FOUND: /);
    await provider.close();
    const owner = providerOf({ server }, key);
    expect((await owner.read([id], signal))[0]?.rdata).not.toEqual(after.rdata);
    await owner.close();
  });
});
