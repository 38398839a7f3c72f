/** Floor 0. IP addresses and `host:port` as the YAML has them. */
import { isIpv4, parseHostName, parseIpv6 } from '../names.ts';
import { failed, parsed, type Parsed } from '../result.ts';

const PORT = /^[1-9]\d{0,4}$/;

/** Reads one IPv4 or IPv6 address; IPv6 comes back in its canonical form. Issue: `BAD_ADDRESS`. */
export function parseAddress(text: string): Parsed<string> {
  const address = isIpv4(text) ? text : parseIpv6(text);
  return address === null
    ? failed('BAD_ADDRESS', `"${text}" is not an IP address`, { hint: 'write 192.0.2.1 or "2001:db8::1"' })
    : parsed(address);
}

/** Reads `address:port`, or an address alone when there is a default port. Issue: `BAD_ADDRESS`. `[::1]:53` stays so. */
export function parseAddressPort(text: string, defaultPort?: number): Parsed<string> {
  const whole = defaultPort === undefined ? null : parseAddress(text);
  if (whole?.ok === true) return parsed(`${bracketed(whole.value)}:${defaultPort}`);
  const cut = splitPort(text);
  const address = cut === null ? null : parseAddress(cut.host);
  if (cut === null || address?.ok !== true) {
    return failed('BAD_ADDRESS', `"${text}" is not an address and a port`, {
      hint: 'write "127.0.0.1:53" or "[::1]:53"',
    });
  }
  return parsed(`${bracketed(address.value)}:${cut.port}`);
}

/** Reads `host:port` with a host name; the host comes back in A-labels. Issue: `BAD_HOST_PORT`. */
export function parseNamePort(text: string): Parsed<string> {
  const cut = splitPort(text);
  const host = cut === null ? null : parseHostName(cut.host);
  return cut === null || host?.ok !== true
    ? failed('BAD_HOST_PORT', `"${text}" is not a host name and a port`, { hint: 'write "mta-sts.example.com:443"' })
    : parsed(`${host.value}:${cut.port}`);
}

/** Reads a server as HOST or HOST:PORT, the host a name or an address. Issue: `BAD_HOST_PORT`. */
export function parseServer(text: string): Parsed<string> {
  if (parseAddress(text).ok) return parsed(text);
  const host = splitPort(text)?.host ?? text;
  return parseAddress(host).ok || parseHostName(host).ok
    ? parsed(text)
    : failed('BAD_HOST_PORT', `"${text}" is not HOST or HOST:PORT`, {
        hint: 'write "ns1.example.com" or "192.0.2.1:5353"',
      });
}

/** Reads an address or a network in CIDR form, of machines that are believed; gives the latter. Issue: `BAD_ADDRESS`. */
export function parseNetwork(text: string): Parsed<string> {
  const [, host = '', digits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = parseAddress(host);
  if (!address.ok) {
    return failed('BAD_ADDRESS', `"${text.slice(0, 60)}" is neither an address nor a network`, {
      hint: 'write 10.0.0.5, 10.0.0.0/24 or "2001:db8::/64"',
    });
  }
  const bits = address.value.includes(':') ? 128 : 32;
  const length = digits === undefined ? bits : Number(digits);
  if (length < 1 || length > bits) {
    // Length 0 is everybody: what is believed would be worth nothing.
    return failed('BAD_ADDRESS', `/${length} is no network that a proxy stands in; allowed is /1 to /${bits}`);
  }
  return parsed(`${address.value}/${length}`);
}

/** Is only this machine behind the `address:port`? */
export function isLoopback(addressPort: string): boolean {
  return /^(?:127\.|\[::1\]:)/.test(addressPort);
}

function splitPort(text: string): { host: string; port: number } | null {
  const [, bracket, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d+)$/.exec(text) ?? [];
  const host = bracket ?? plain;
  if (host === undefined || port === undefined || !PORT.test(port) || Number(port) > 65_535) return null;
  return { host, port: Number(port) };
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
