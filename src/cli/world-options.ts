/** Floor 4. The `world:` settings as flags, for commands that need no config (DESIGN section 3). */
import type { WorldConfig } from '../core/config/model.ts';
import { parseAddressPort, parseNamePort } from '../core/config/addresses.ts';
import { defaultWorld } from '../core/config/shape-world.ts';
import { StsyncError } from '../core/error.ts';
import { type HostName, parseHostName } from '../core/names.ts';
import type { Parsed } from '../core/result.ts';
import type { WorldOptions } from './program-world.ts';

/** Throws `USAGE` with the flag that cannot be read. */
export function worldOf(options: WorldOptions): WorldConfig {
  const authorities = new Map<HostName, readonly string[]>();
  for (const text of options.authority) {
    const [zone, server] = readAuthority(text);
    authorities.set(zone, [...(authorities.get(zone) ?? []), server]);
  }
  return {
    ...defaultWorld,
    resolvers: options.resolver.map((text) => read('--resolver', parseAddressPort(text, 53))),
    authorities,
    connectTo: new Map(options.connectTo.map(readConnectTo)),
    caFile: options.caFile ?? null,
    allowPrivateAddresses: options.allowPrivateAddresses ?? false,
    smtpProbe: options.smtpProbe,
  };
}

/** `HOST:PORT:ADDRESS:PORT`, as curl has it, or with `=` in the middle, which is easier to read. */
function readConnectTo(text: string): readonly [string, string] {
  const [, from, to] = /^([^:=[\]]+:\d+)[:=](.+)$/.exec(text) ?? [];
  if (from === undefined || to === undefined)
    throw new StsyncError('USAGE', `--connect-to ${text} is not HOST:PORT:ADDRESS:PORT`, {
      hint: 'write mta-sts.example.com:443:127.0.0.1:8443',
    });
  return [read('--connect-to', parseNamePort(from)), read('--connect-to', parseAddressPort(to))];
}

function readAuthority(text: string): readonly [HostName, string] {
  const [zone = '', server, ...rest] = text.split('=');
  if (server === undefined || rest.length > 0)
    throw new StsyncError('USAGE', `--authority ${text} is not ZONE=ADDRESS:PORT`, {
      hint: 'write example.com=127.0.0.1:5301',
    });
  return [read('--authority', parseHostName(zone)), read('--authority', parseAddressPort(server, 53))];
}

function read<T>(flag: string, parsed: Parsed<T>): T {
  if (parsed.ok) return parsed.value;
  const [issue] = parsed.issues;
  const hint = issue?.hint;
  throw new StsyncError('USAGE', `${flag}: ${issue?.message ?? 'cannot be read'}`, hint === undefined ? {} : { hint });
}
