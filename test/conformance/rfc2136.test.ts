/** The provider `rfc2136` passes the suite on real servers. What is done behind its back is done by nsupdate, what is stored is a zone transfer. */
import { afterAll, beforeAll } from 'vitest';

import { open } from '../../providers/rfc2136/provider.ts';
import { Secret } from '../../src/core/secret.ts';
import { testContext } from '../providers/context.ts';
import { describeWith } from '../servers/programs.ts';
import { flavours, nsupdate, replacing, transfer, type Updatable } from '../servers/updatable.ts';
import { describeProvider } from './suite.ts';

/** One server for the file, a zone of it for each test. */
const zones = Array.from({ length: 160 }, (_, at) => `zone${at}.test`);

for (const flavour of flavours) {
  describeWith(flavour.programs, `on ${flavour.name}`, () => {
    let server: Updatable;
    let used = 0;
    beforeAll(async () => {
      server = await flavour.start(zones);
    });
    afterAll(() => server.stop());

    describeProvider(`rfc2136, ${flavour.name}`, async (records) => {
      const zone = zones[used++];
      if (zone === undefined) throw new Error('more tests than zones: make more of them');
      const { name, algorithm, secret } = server.admin;
      const options = { server: server.address, tsig: { name, algorithm, secret: new Secret(secret) } };
      const sets = records(zone);
      if (sets.length > 0) {
        await nsupdate(
          server,
          zone,
          sets.flatMap((set) => replacing(set, set)),
        );
      }
      return {
        provider: await open(options, { ...testContext(), now: () => new Date() }),
        zone,
        nameOutside: '_mta-sts.elsewhere.test',
        put: (key, set) => nsupdate(server, zone, replacing(key, set)),
        snapshot: () => transfer(server, zone),
        close: async () => {},
      };
    });
  });
}
