/** Floor 2. Where a DNS server listens. */
import { parseAddressPort } from '../../core/config/addresses.ts';

/** One address and port of a DNS server. `text`: `192.0.2.1:53` or `[2001:db8::1]:53`, the form that people and maps see. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly family: 4 | 6;
  readonly text: string;
}

/** Reads an address with or without a port; null when it is neither. */
export function parseEndpoint(text: string, defaultPort = 53): Endpoint | null {
  const parsed = parseAddressPort(text, defaultPort);
  if (!parsed.ok) return null;
  const colon = parsed.value.lastIndexOf(':');
  const host = parsed.value.slice(0, colon).replaceAll(/[[\]]/g, '');
  return { host, port: Number(parsed.value.slice(colon + 1)), family: host.includes(':') ? 6 : 4, text: parsed.value };
}

/** Those of `texts` that are endpoints. The config has refused the others before; a system file may hold anything. */
export function parseEndpoints(texts: readonly string[], defaultPort = 53): readonly Endpoint[] {
  return texts.map((text) => parseEndpoint(text, defaultPort)).filter((endpoint) => endpoint !== null);
}
