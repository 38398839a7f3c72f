/** What the real name servers of the tests (BIND, Knot, PowerDNS) have in common: zones as text, TSIG keys, and how a running one looks. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { RunningServer } from './run.ts';

/** A TSIG key. `secret` is Base64. */
export interface TsigKey {
  readonly name: string;
  readonly algorithm: 'hmac-sha1' | 'hmac-sha224' | 'hmac-sha256' | 'hmac-sha384' | 'hmac-sha512';
  readonly secret: string;
}

/** One running server on 127.0.0.1, UDP and TCP. */
export interface NameServer extends RunningServer {
  readonly port: number;
  /** `127.0.0.1:PORT`, as `world.authorities` takes it. */
  readonly address: string;
  readonly dir: string;
}

/** A key with a random secret of the algorithm's own length. */
export function tsigKey(name: string, algorithm: TsigKey['algorithm'] = 'hmac-sha256'): TsigKey {
  const bits = Number(algorithm.slice('hmac-sha'.length));
  return { name, algorithm, secret: randomBytes(bits === 1 ? 20 : bits / 8).toString('base64') };
}

/** The key in BIND's syntax, as `tsig-keygen` prints it and `keyFile:` reads it. */
export function keyText({ name, algorithm, secret }: TsigKey): string {
  return `key "${name}" {\n\talgorithm ${algorithm};\n\tsecret "${secret}";\n};\n`;
}

/** The key as a file in `dir`; gives its path. */
export function writeKeyFile(dir: string, key: TsigKey): string {
  const path = join(dir, `${key.name}.key`);
  writeFileSync(path, keyText(key), { mode: 0o600 });
  return path;
}

/** A whole zone: `$ORIGIN`, `$TTL 300`, SOA with serial 1 and one NS (`ns1`, 127.0.0.1), then `lines` with names relative to the zone. */
export function zoneText(zone: string, lines: readonly string[] = []): string {
  const head = [
    `$ORIGIN ${zone}.`,
    '$TTL 300',
    '@ SOA ns1 hostmaster 1 3600 600 604800 60',
    '@ NS ns1',
    'ns1 A 127.0.0.1',
  ];
  return `${[...head, ...lines].join('\n')}\n`;
}
