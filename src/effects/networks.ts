/** Floor 2. Is an address in a network, and is it loopback? For who may ask the operator listener, and whom the policy host believes. */
import { BlockList, isIP } from 'node:net';

/** `networks`: ADDRESS/LENGTH each. An IPv4 address that came through an IPv6 socket (`::ffff:10.0.0.5`) is the IPv4 one. */
export function isInNetworks(address: string, networks: readonly string[]): boolean {
  return networkSet(networks)(address);
}

/** The same, for many addresses. */
export function networkSet(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [base = '', length = ''] = network.split('/');
    list.addSubnet(base, Number(length), isIP(base) === 6 ? 'ipv6' : 'ipv4');
  }
  return (address) => {
    const family = isIP(address);
    return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
  };
}

export function isLoopback(address: string): boolean {
  return isInNetworks(address, ['127.0.0.0/8', '::1/128']);
}
