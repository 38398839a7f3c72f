/** The real servers of the tests start, answer, take updates and stop. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

import { ask, hasZone, notify } from './ask.ts';
import { startBind } from './bind.ts';
import { startKnot } from './knot.ts';
import { tsigKey, writeKeyFile, zoneText, type NameServer, type TsigKey } from './name-server.ts';
import { describeWith } from './programs.ts';
import { PortTaken, serverDirectory, removeDirectory, spawnServer, withFreshPorts } from './run.ts';

/** An update signed by a client nobody here wrote. */
async function nsupdate(server: NameServer, key: TsigKey, commands: string): Promise<void> {
  const file = join(server.dir, 'commands');
  writeFileSync(file, `server 127.0.0.1 ${server.port}\n${commands}\nsend\n`);
  await promisify(execFile)('nsupdate', ['-k', writeKeyFile(server.dir, key), file]);
}

describeWith(['named', 'nsupdate'], 'startBind', () => {
  it('serves its zones, and a secondary that keeps its copy until it is notified', async () => {
    const key = tsigKey('stsync');
    const name = 'example.com';
    await using primary = await startBind({
      keys: [key],
      zones: [
        { name, text: zoneText(name, ['@ MX 10 mx']), updatePolicy: [`grant stsync name _mta-sts.${name}. TXT`] },
        { name: 'example.org', text: zoneText('example.org') },
      ],
    });
    await using secondary = await startBind({ zones: [{ name, primaryPort: primary.port }] });
    expect((await ask(secondary.port, name, 'MX')).answers).toHaveLength(1);
    await nsupdate(primary, key, `zone ${name}\nadd _mta-sts.${name}. 300 TXT "v=STSv1; id=1"`);
    expect((await ask(primary.port, `_mta-sts.${name}`, 'TXT')).answers).toHaveLength(1);
    expect((await ask(secondary.port, `_mta-sts.${name}`, 'TXT')).answers).toHaveLength(0);
    await notify(secondary.port, name);
    await expect
      .poll(async () => (await ask(secondary.port, `_mta-sts.${name}`, 'TXT')).answers, { timeout: 5000 })
      .toHaveLength(1);
    expect(await hasZone(primary.port, 'example.org')).toBe(true);
  });
});

describeWith(['knotd'], 'startKnot', () => {
  it('serves its zones', async () => {
    await using server = await startKnot({
      keys: [tsigKey('stsync', 'hmac-sha512')],
      acl: { update: ['key: stsync', 'action: update', 'update-type: [TXT, CNAME]'] },
      zones: [
        { name: 'example.com', text: zoneText('example.com', ['@ MX 10 mx']) },
        { name: 'example.org', text: zoneText('example.org'), acl: [] },
      ],
    });
    expect((await ask(server.port, 'example.com', 'MX')).answers).toHaveLength(1);
  });
});

describe('spawnServer', () => {
  it('throws with the last lines of a server that ends', async () => {
    const dir = serverDirectory();
    const start = spawnServer({
      command: 'sh',
      args: ['-c', 'echo no such option; exit 1'],
      dir,
      name: 'broken',
      ready: async () => false,
    });
    await expect(start).rejects.toThrow(/it has ended.*\nno such option/);
    removeDirectory(dir);
  });

  it('tries three times when a port is taken', async () => {
    let tries = 0;
    const start = withFreshPorts(2, async (ports) => {
      expect(new Set(ports).size).toBe(2);
      tries += 1;
      throw new PortTaken('taken');
    });
    await expect(start).rejects.toThrow('taken');
    expect(tries).toBe(3);
  });
});
