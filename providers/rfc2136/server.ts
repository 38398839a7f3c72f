/** The server of a provider: where it is, as the option says it. */

/** Where DNS listens (RFC 1035 §4.2). */
const DNS_PORT = 53;

export interface ServerAddress {
  /** A name or an address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** For people. */
  readonly text: string;
}

/** Reads `ns1.example.com`, `192.0.2.1:5353`, `[2001:db8::1]:53`, `2001:db8::1`, which the config has checked already. */
export function parseServerAddress(text: string): ServerAddress {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d+))?$/.exec(text) ?? [];
  return { host: bracketed ?? plain ?? text, port: port === undefined ? DNS_PORT : Number(port), text };
}
