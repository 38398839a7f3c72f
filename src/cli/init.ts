/** Floor 4. `stsync init`: YAML on stdout from what is live. Exit 1 when a domain could not be looked at; nothing is written then. */
import type { WorldConfig } from '../core/config/model.ts';
import { StsyncError } from '../core/error.ts';
import { initYaml } from '../core/init/config-yaml.ts';
import { lookForInit } from '../services/check.ts';
import { mapConcurrent } from '../services/concurrent.ts';
import { openNetwork } from './network.ts';
import { print, progressLine } from './output.ts';
import type { InitOptions } from './program-world.ts';
import { checkWorld } from './check.ts';
import { hostArgument } from './wiring.ts';
import { worldOf } from './world-options.ts';

const CONCURRENCY = 16;

export async function runInit(names: readonly string[], options: InitOptions): Promise<number> {
  const choices = choicesOf(options);
  const domains = [...new Set(names.map(hostArgument))];
  const config = worldOf(options);
  const network = openNetwork(config);
  const world = checkWorld(network);
  const progress = progressLine('looking');
  let done = 0;
  try {
    const seen = await mapConcurrent(domains, CONCURRENCY, async (domain) => {
      const one = await lookForInit(domain, world);
      progress.update(++done, domains.length);
      return one;
    });
    progress.end();
    for (const { facts } of seen) {
      const hidden = facts.idRecord.unreadable;
      // Half the truth would make the first sync change what is live.
      if (hidden !== null)
        throw new StsyncError('DNS_ADDRESSES', hidden.message, hidden.hint === null ? {} : { hint: hidden.hint });
    }
    await print(initYaml(seen, { ...choices, world: worldLines(config) }));
    return 0;
  } finally {
    progress.end();
    await network.resolver.close();
  }
}

function choicesOf(options: InitOptions): {
  readonly zoneDirectory: string | null;
  readonly publisherDirectory: string | null;
} {
  const { providerType, zoneDirectory, publisherDirectory } = options;
  if ((providerType === undefined) !== (zoneDirectory === undefined))
    throw new StsyncError('USAGE', '--provider-type zonefile and --zone-directory go together', {
      hint: 'write --provider-type zonefile --zone-directory ./zones',
    });
  return { zoneDirectory: zoneDirectory ?? null, publisherDirectory: publisherDirectory ?? null };
}

/** The flags again as YAML, so that `sync` looks at the same world. */
function worldLines({
  resolvers,
  authorities,
  connectTo,
  caFile,
  allowPrivateAddresses,
  smtpProbe,
}: WorldConfig): readonly string[] {
  return [
    ...(resolvers.length === 0 ? [] : [`resolvers: ${JSON.stringify(resolvers)}`]),
    ...(authorities.size === 0 ? [] : [`authorities: ${JSON.stringify(Object.fromEntries(authorities))}`]),
    ...(connectTo.size === 0 ? [] : [`connectTo: ${JSON.stringify(Object.fromEntries(connectTo))}`]),
    ...(caFile === null ? [] : [`caFile: ${JSON.stringify(caFile)}`]),
    ...(allowPrivateAddresses ? ['allowPrivateAddresses: true'] : []),
    ...(smtpProbe ? [] : ['smtpProbe: off']),
  ];
}
