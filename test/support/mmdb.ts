/** A small MaxMind DB (format 2.0) with owners of IPv4 networks, as the real ones have them. */

type Value = string | number | { readonly [name: string]: Value } | readonly string[];

/** `networks`: `192.0.2.0/24` to what the file says of it. */
export function mmdb(networks: Readonly<Record<string, Value>>, buildEpoch: number): Buffer {
  const nodes: [number | null, number | null][] = [[null, null]];
  const data: Buffer[] = [];
  let size = 0;
  const leaves: { readonly node: number; readonly side: 0 | 1; readonly offset: number }[] = [];
  for (const [network, value] of Object.entries(networks)) {
    const [address = '', length = '0'] = network.split('/');
    const bits = address.split('.').flatMap((part) => Number(part).toString(2).padStart(8, '0').split('').map(Number));
    let node = 0;
    for (const [depth, bit] of bits.slice(0, Number(length)).entries()) {
      const side = bit === 1 ? 1 : 0;
      if (depth === Number(length) - 1) leaves.push({ node, side, offset: size });
      else node = step(nodes, node, side);
    }
    const bytes = encode(value);
    data.push(bytes);
    size += bytes.length;
  }
  const count = nodes.length;
  for (const { node, side, offset } of leaves) (nodes[node] ?? [])[side] = count + 16 + offset;
  const tree = Buffer.concat(nodes.flatMap((pair) => pair.map((one) => be(one ?? count, 3))));
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: buildEpoch,
    database_type: 'Test-ASN',
    description: { en: 'test' },
    ip_version: 4,
    languages: ['en'],
    node_count: count,
    record_size: 24,
  });
  return Buffer.concat([tree, Buffer.alloc(16), ...data, Buffer.from('abcdef4d61784d696e642e636f6d', 'hex'), metadata]);
}

function step(nodes: [number | null, number | null][], node: number, side: 0 | 1): number {
  const known = nodes[node]?.[side] ?? null;
  if (known !== null) return known;
  nodes.push([null, null]);
  (nodes[node] ?? [])[side] = nodes.length - 1;
  return nodes.length - 1;
}

function encode(value: Value): Buffer {
  if (typeof value === 'string') return Buffer.concat([control(2, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === 'number') return Buffer.concat([control(6, 4), be(value, 4)]);
  if (Array.isArray(value)) return Buffer.concat([control(11, value.length), ...value.map(encode)]);
  const entries = Object.entries(value);
  return Buffer.concat([control(7, entries.length), ...entries.flatMap(([name, one]) => [encode(name), encode(one)])]);
}

/** Sizes here are under 285. */
function control(type: number, size: number): Buffer {
  const more = size < 29 ? [] : [size - 29];
  const least = Math.min(size, 29);
  return type > 7 ? Buffer.from([least, type - 7, ...more]) : Buffer.from([(type << 5) | least, ...more]);
}

function be(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}
