/** The lies of the scripted DNS server, as bytes. */

/** What is wrong with an answer. A function makes the datagrams itself out of query and true answer. */
export type Fault =
  | 'silent'
  | 'servfail'
  | 'refused'
  | 'formerr'
  /** FORMERR to every query with EDNS, the truth to others. */
  | 'no-edns'
  /** The truth without the AA bit. */
  | 'lame'
  /** Nothing but NS records of somebody else. */
  | 'referral'
  | 'wrong-id'
  | 'wrong-question'
  /** The answer comes from another port. */
  | 'other-address'
  /** A query in place of an answer. */
  | 'not-an-answer'
  | 'compression-loop'
  /** Ends in the middle. */
  | 'cut'
  /** 4,000 bytes of nothing behind the message. */
  | 'oversized'
  /** TC over UDP, the truth over TCP. */
  | 'truncated'
  /** TC over both. */
  | 'truncated-always'
  /** TC over UDP, and over TCP the connection ends inside the message. */
  | 'truncated-then-reset'
  /** TC over UDP, and over TCP silence. */
  | 'truncated-then-silent'
  /** A forged answer first (wrong id), then the truth. */
  | 'forged-first'
  | ((query: Buffer, truth: Buffer) => readonly Buffer[]);

/** What leaves the server. */
export interface UdpFault {
  readonly bytes: readonly Buffer[];
  readonly isFromStranger?: boolean;
  readonly endsEarly?: boolean;
}

export interface Occasion {
  readonly query: Buffer;
  readonly truth: Buffer;
  readonly transport: 'udp' | 'tcp';
  readonly hasEdns: boolean;
}

export function lie(fault: Fault, { query, truth, transport, hasEdns }: Occasion): UdpFault {
  if (typeof fault === 'function') return { bytes: fault(query, truth) };
  const isUdp = transport === 'udp';
  const cutOff = withFlags(bare(truth), (flags) => flags | 0x0200);
  switch (fault) {
    case 'silent':
      return { bytes: [] };
    case 'servfail':
      return { bytes: [withRcode(truth, 2)] };
    case 'refused':
      return { bytes: [withRcode(truth, 5)] };
    case 'formerr':
      return { bytes: [withRcode(truth, 1)] };
    case 'no-edns':
      return { bytes: [hasEdns ? withRcode(truth, 1) : truth] };
    case 'lame':
      return { bytes: [withFlags(truth, (flags) => flags & ~0x0400)] };
    case 'referral':
      return { bytes: [withAuthorityNs(truth)] };
    case 'wrong-id':
      return { bytes: [withId(truth)] };
    case 'wrong-question':
      return { bytes: [withOtherName(truth)] };
    case 'other-address':
      return { bytes: [truth], isFromStranger: true };
    case 'not-an-answer':
      return { bytes: [withFlags(truth, (flags) => flags & 0x7fff)] };
    case 'compression-loop':
      return { bytes: [withLoop(truth)] };
    case 'cut':
      return { bytes: [truth.subarray(0, truth.length - 3)] };
    case 'oversized':
      return { bytes: [Buffer.concat([truth, Buffer.alloc(4000)])] };
    case 'truncated':
      return { bytes: [isUdp ? cutOff : truth] };
    case 'truncated-always':
      return { bytes: [cutOff] };
    case 'truncated-then-reset':
      return { bytes: [isUdp ? cutOff : truth], endsEarly: true };
    case 'truncated-then-silent':
      return { bytes: isUdp ? [cutOff] : [] };
    case 'forged-first':
      return { bytes: [withId(truth), withOtherName(truth), truth] };
  }
}

const QUESTION = 12;

/** Where the question section ends: name, type, class. Queries are not compressed. */
function questionEnd(message: Buffer): number {
  let at = QUESTION;
  for (let length = message.readUInt8(at); length > 0; length = message.readUInt8(at)) at += length + 1;
  return at + 5;
}

function changed(message: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(message);
  change(copy);
  return copy;
}

function withFlags(message: Buffer, change: (flags: number) => number): Buffer {
  return changed(message, (copy) => copy.writeUInt16BE(change(copy.readUInt16BE(2)), 2));
}

/** Head and question alone, with another rcode. */
function withRcode(message: Buffer, rcode: number): Buffer {
  return withFlags(bare(message), (flags) => (flags & ~0xf) | rcode);
}

function withId(message: Buffer): Buffer {
  return changed(message, (copy) => copy.writeUInt16BE((copy.readUInt16BE(0) + 1) % 0x10000, 0));
}

/** The first letter of the name asked is another one. */
function withOtherName(message: Buffer): Buffer {
  return changed(message, (copy) => copy.writeUInt8(copy.readUInt8(QUESTION + 1) ^ 1, QUESTION + 1));
}

function bare(message: Buffer): Buffer {
  const end = message.length > QUESTION ? questionEnd(message) : QUESTION;
  return changed(message.subarray(0, end), (copy) => copy.fill(0, 6, 12));
}

/** One answer whose name is a pointer to itself. */
function withLoop(message: Buffer): Buffer {
  const head = changed(bare(message), (copy) => copy.writeUInt16BE(1, 6));
  const pointer = 0xc000 | head.length;
  return Buffer.concat([head, Buffer.from([pointer >> 8, pointer & 0xff, 0, 16, 0, 1, 0, 0, 0, 60, 0, 2, 1, 97])]);
}

/** An NS record of the name asked beside an empty answer: go and ask the root (`.`). AA stays, as careless servers have it. */
function withAuthorityNs(message: Buffer): Buffer {
  const head = changed(withRcode(message, 0), (copy) => copy.writeUInt16BE(1, 8));
  return Buffer.concat([head, Buffer.from([0xc0, QUESTION, 0, 2, 0, 1, 0, 0, 0, 60, 0, 1, 0])]);
}
