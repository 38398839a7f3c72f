/** Floor 2. Owners of networks from a file that the operator has (MaxMind DB with ASN data: GeoLite2-ASN, DB-IP, IPinfo). Nothing is asked of anybody. */
import { readFileSync } from 'node:fs';

import { Reader, type Response } from 'mmdb-lib';

import { StsyncError } from '../../core/error.ts';
import { isIpAddress } from '../../core/names.ts';
import type { NetworkOwner } from '../../core/reports/sender.ts';

export interface NetworkOwners {
  /** Null: the file does not say. */
  ownerOf(address: string): NetworkOwner | null;
  /** When the data was made. */
  readonly builtAt: Date;
}

/** Throws `NETWORK_DATA_UNREADABLE`. */
export function openNetworkOwners(path: string): NetworkOwners {
  const reader = open(path);
  return {
    builtAt: reader.metadata.buildEpoch,
    ownerOf: (address) => {
      const found = isIpAddress(address) ? entryOf(reader, address) : null;
      return found === null ? null : parseOwner(found);
    },
  };
}

function open(path: string): Reader<Response> {
  try {
    return new Reader(readFileSync(path));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StsyncError('NETWORK_DATA_UNREADABLE', `the network data ${path} cannot be read: ${reason}`, {
      hint: 'it is a MaxMind DB file (.mmdb) with ASN data',
      where: path,
      cause: error,
    });
  }
}

/** Of a file that is damaged in places, those say nothing. */
function entryOf(reader: Reader<Response>, address: string): object | null {
  try {
    const found: unknown = reader.get(address);
    return typeof found === 'object' ? found : null;
  } catch {
    return null;
  }
}

/** `autonomous_system_number` of MaxMind and DB-IP; `asn: "AS15169"` of IPinfo. */
function parseOwner(found: object): NetworkOwner | null {
  const fields = new Map<string, unknown>(Object.entries(found));
  const number = fields.get('autonomous_system_number') ?? /^AS(\d+)$/.exec(textOf(fields.get('asn')))?.[1];
  const name = fields.get('autonomous_system_organization') ?? fields.get('as_name') ?? fields.get('name');
  return number === undefined || !Number.isSafeInteger(Number(number))
    ? null
    : { number: Number(number), name: textOf(name).slice(0, 100) };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
