/** Rdata in presentation form as dns-packet wants it: a codec that is not ours, so that tests do not believe our own reading. */
import type { Answer, RecordType } from 'dns-packet';

import { parseTxt } from '../../src/core/txt.ts';

/** One record for dns-packet. `rdata`: as in a RecordSet; CAA values in quotes. */
export function dnsPacketAnswer(record: {
  readonly name: string;
  readonly type: RecordType;
  readonly ttlSeconds: number;
  readonly rdata: string;
}): Answer {
  const { name, type, rdata } = record;
  const head = { name: name === '' ? '.' : name, ttl: record.ttlSeconds };
  const words = rdata.split(' ');
  const word = (index: number): string => words[index] ?? '';
  const number = (index: number): number => Number(words[index]);
  const hex = (index: number): Buffer => Buffer.from(word(index), 'hex');
  switch (type) {
    case 'TXT':
      return { ...head, type, data: strings(rdata).map((one) => Buffer.from(one, 'latin1')) };
    case 'MX':
      return { ...head, type, data: { preference: number(0), exchange: word(1) } };
    case 'A':
    case 'AAAA':
    case 'CNAME':
    case 'NS':
    case 'PTR':
      return { ...head, type, data: rdata };
    case 'SOA':
      return {
        ...head,
        type,
        data: {
          mname: word(0),
          rname: word(1),
          serial: number(2),
          refresh: number(3),
          retry: number(4),
          expire: number(5),
          minimum: number(6),
        },
      };
    case 'CAA': {
      const tag = word(1);
      const value = strings(words.slice(2).join(' ')).join('');
      if (tag !== 'issue' && tag !== 'issuewild' && tag !== 'iodef')
        throw new Error(`dns-packet has no CAA tag ${tag}`);
      return { ...head, type, data: { flags: number(0), tag, value } };
    }
    case 'TLSA':
      return {
        ...head,
        type,
        data: { usage: number(0), selector: number(1), matchingType: number(2), certificate: hex(3) },
      };
    case 'DS':
      return {
        ...head,
        type,
        data: { keyTag: number(0), algorithm: number(1), digestType: number(2), digest: hex(3) },
      };
    default:
      throw new Error(`the scripted DNS server has no ${type}`);
  }
}

function strings(rdata: string): readonly string[] {
  const parsed = parseTxt(rdata);
  if (!parsed.ok) throw new Error(`not TXT: ${rdata}`);
  return parsed.value;
}
