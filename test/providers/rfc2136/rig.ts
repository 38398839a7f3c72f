/** Real servers for the tests of `rfc2136`: `example.com` with exactly the rights that docs/providers/rfc2136.md shows, `full.example` with all. */
import { inspect } from 'node:util';

import { type TsigKey as Key } from '../../../providers/rfc2136/key.ts';
import { lookUp, type Source } from '../../../providers/rfc2136/look-up.ts';
import { openPool } from '../../../providers/rfc2136/pool.ts';
import { openServer } from '../../../providers/rfc2136/provider.ts';
import { parseServerAddress } from '../../../providers/rfc2136/server.ts';
import { openSession } from '../../../providers/rfc2136/session.ts';
import { StsyncError } from '../../../src/core/error.ts';
import { Secret } from '../../../src/core/secret.ts';
import type { Provider } from '../../../src/provider.ts';
import { blocksOf, readDocument } from '../../docs/markdown.ts';
import { startBind } from '../../servers/bind.ts';
import { startKnot } from '../../servers/knot.ts';
import { type NameServer, tsigKey, type TsigKey } from '../../servers/name-server.ts';
import { startPdns } from '../../servers/pdns.ts';
import { flavours, zoneLines } from '../../servers/updatable.ts';

/** The rights of the documentation, by server. */
export function documentedRights(server: 'bind' | 'knot' | 'powerdns'): string {
  const block = blocksOf(readDocument('docs/providers/rfc2136.md')).find(
    ({ directive }) => directive === `rights: ${server}`,
  );
  if (block === undefined) throw new Error(`the page shows no rights for ${server}`);
  return block.text.trim();
}

export interface Rig {
  readonly name: 'BIND' | 'Knot' | 'PowerDNS';
  readonly server: NameServer;
  /** May do what the page says in example.com. */
  readonly key: TsigKey;
  /** May do everything in full.example. */
  readonly admin: TsigKey;
}

const LINES = ['www A 192.0.2.1', 'text TXT "there"', 'alias CNAME target.example.net.', 'sub NS ns.sub'];

/** Programs that each server needs, and how it is started. */
export const rigs = flavours.map(({ name, programs }) => ({ name, programs, start: () => startRig(name) }));

async function startRig(name: Rig['name']): Promise<Rig> {
  const [key, admin] = [tsigKey('stsync'), tsigKey('admin')];
  const keys = [key, admin];
  const zones = ['example.com', 'full.example'].map((zone) => ({ name: zone, text: zoneLines(zone, LINES) }));
  const rig = (server: NameServer): Rig => ({ name, server, key, admin });
  switch (name) {
    case 'BIND':
      return rig(
        await startBind({
          keys,
          zones: zones.map((zone) =>
            zone.name === 'example.com'
              ? { ...zone, statements: documentedRights('bind') }
              : { ...zone, updatePolicy: ['grant admin zonesub ANY'] },
          ),
        }),
      );
    case 'Knot': {
      const [, , ...settings] = documentedRights('knot').split('\n');
      const acl = { stsync: settings.map((line) => line.trim()), admin: ['key: admin', 'action: update'] };
      return rig(
        await startKnot({
          keys,
          acl,
          zones: zones.map((zone) => ({ ...zone, acl: [zone.name === 'example.com' ? 'stsync' : 'admin'] })),
        }),
      );
    }
    case 'PowerDNS': {
      const server = await startPdns({ keys, zones, settings: ['allow-dnsupdate-from='] });
      for (const line of documentedRights('powerdns').split('\n')) server.util(...line.split(' ').slice(1));
      server.util('set-meta', 'full.example', 'TSIG-ALLOW-DNSUPDATE', 'admin');
      server.util('set-meta', 'full.example', 'ALLOW-DNSUPDATE-FROM', '127.0.0.1/32');
      return rig(server);
    }
  }
}

export function keyOf({ name, algorithm, secret }: TsigKey): Key {
  return { name, algorithm, secret: new Secret(secret) };
}

const clock = { now: () => new Date() };

/** The provider with `key`; `skewSeconds`: how far its clock is ahead. */
export function providerOf({ server }: Pick<Rig, 'server'>, key: TsigKey, skewSeconds = 0, timeoutMs = 5000): Provider {
  const now = (): Date => new Date(Date.now() + skewSeconds * 1000);
  return openServer(parseServerAddress(server.address), keyOf(key), { now }, timeoutMs);
}

/** Below the provider: single messages of our making. */
export async function withSession<T>({ server }: Rig, key: TsigKey, work: (source: Source) => Promise<T>): Promise<T> {
  const address = parseServerAddress(server.address);
  const pool = openPool(address, 5000);
  try {
    return await pool.use(new AbortController().signal, (line) =>
      work({ server: address, session: openSession({ server: address, key: keyOf(key), ...clock }, line) }),
    );
  } finally {
    pool.close();
  }
}

/** Texts of the set at `name`, or null. */
export async function shown(
  source: Source,
  name: string,
  type: 'TXT' | 'CNAME' | 'A',
): Promise<readonly string[] | null> {
  const found = await lookUp(source, [{ name, type }], new AbortController().signal);
  return [...found.values()][0]?.set.rdata ?? null;
}

/** Every error that {@link outcome} saw, with all that is in it: cause, stack, properties. */
export const errorsSeen: string[] = [];

/** The error of `work` as `CODE message (hint)`, in which a secret would be seen; `done` when there is none. */
export async function outcome(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    (error: unknown) => {
      errorsSeen.push(inspect(error, { depth: 10, showHidden: true }));
      return error instanceof StsyncError
        ? `${error.code}${error.retryable ? ' retryable' : ''}: ${error.message} (${error.hint ?? ''})`
        : `not ours: ${String(error)}`;
    },
  );
}
