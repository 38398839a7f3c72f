/** Floor 0. Who stands behind the address of a sender: the name in reverse DNS, where it leads back (RFC 1912 §2.1), and the owner of its network. */

export interface SenderName {
  /** Null: reverse DNS has none. */
  readonly name: string | null;
  /** The name leads back to the address. Otherwise anybody could have written it. */
  readonly isConfirmed: boolean;
}

/** An autonomous system. */
export interface NetworkOwner {
  readonly number: number;
  readonly name: string;
}

/** `192.0.2.1 mail.sender.example, AS64500 Sender`; a name that is not confirmed `claims to be`. */
export function senderWords(address: string, name: SenderName | null, owner: NetworkOwner | null): string {
  const claim = name?.isConfirmed === true ? '' : 'claims to be ';
  const named = name?.name == null ? '' : ` ${claim}${name.name}`;
  const owned = owner === null ? '' : `, AS${owner.number} ${owner.name}`.trimEnd();
  return `${address}${named}${owned}`;
}

/** `1.2.0.192.in-addr.arpa` (RFC 1035 §3.5, RFC 3596 §2.5) of an address as RFC 5952 writes it. */
export function reverseName(address: string): string {
  if (!address.includes(':')) return `${address.split('.').toReversed().join('.')}.in-addr.arpa`;
  const [head = '', tail] = address.split('::');
  const [before, after] = [groupsIn(head), groupsIn(tail ?? '')];
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - before.length - after.length }, () => '0000');
  const digits = [...before, ...zeros, ...after].join('');
  return `${digits.split('').toReversed().join('.')}.ip6.arpa`;
}

function groupsIn(part: string): readonly string[] {
  return part === '' ? [] : part.split(':').flatMap(groupsOf);
}

/** Of `::ffff:192.0.2.1` the last part is two groups. */
function groupsOf(part: string): readonly string[] {
  if (!part.includes('.')) return [part.padStart(4, '0')];
  const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number);
  return [a * 256 + b, c * 256 + d].map((group) => group.toString(16).padStart(4, '0'));
}
