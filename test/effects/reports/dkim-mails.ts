/** Signed mails, good ones and ones with a fault each, and the DNS that is to be asked for their keys. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

import { dkimSign } from 'mailauth/lib/dkim/sign.js';

import { reportWith } from '../../core/tls-report/report-builder.ts';
import { reportMail } from '../../support/report-mail.ts';

const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength });
const pairs = {
  rsa: rsa(2048),
  small: rsa(1024),
  tiny: rsa(512),
  other: rsa(1024),
  ed: generateKeyPairSync('ed25519'),
};
type Pair = keyof typeof pairs;

export const domain = 'sender.example';
export const mail = reportMail(reportWith({}), { headers: 'X-Folded: one\r\n\ttwo\r\n  three\r\n' });
const headerList = 'From:To:Subject:TLS-Report-Domain:TLS-Report-Submitter:Content-Type:MIME-Version:X-Folded';
const signedAt = new Date('2024-01-01T00:00:00Z');

export interface Signed {
  readonly raw: Buffer;
  /** Record name to record. */
  readonly keys: Readonly<Record<string, string>>;
}

export interface Making {
  readonly raw?: Buffer;
  readonly pair?: Pair;
  readonly selector?: string;
  readonly domain?: string;
  readonly canonicalization?: string;
  readonly bodyLength?: number;
  readonly expires?: Date;
  /** Of the key record, in front of `p=`. */
  readonly tags?: string;
  /** In place of `p=` and what follows. */
  readonly value?: string;
}

/** For DNS: `p=` of a key. */
export function publicOf(pair: Pair): string {
  const der = pairs[pair].publicKey.export({ type: 'spki', format: 'der' });
  return (pair === 'ed' ? der.subarray(-32) : der).toString('base64');
}

/** As dkimpy takes it: PEM, or the seed in base64. */
export function privateOf(pair: Pair): string {
  const { privateKey }: { readonly privateKey: KeyObject } = pairs[pair];
  if (pair !== 'ed') return privateKey.export({ type: 'pkcs1', format: 'pem' });
  return privateKey.export({ type: 'pkcs8', format: 'der' }).subarray(-32).toString('base64');
}

export async function signed(making: Making = {}): Promise<Signed> {
  const { raw = mail, pair = 'rsa', selector = 's1', canonicalization = 'relaxed/relaxed', expires } = making;
  const signing = {
    signingDomain: making.domain ?? domain,
    selector,
    privateKey: pairs[pair].privateKey.export({ type: 'pkcs8', format: 'pem' }),
    canonicalization,
    ...(making.bodyLength === undefined ? {} : { maxBodyLength: making.bodyLength }),
  };
  const times = { signTime: signedAt, ...(expires === undefined ? {} : { expires }) };
  const { signatures, errors } = await dkimSign(raw, { ...signing, ...times, headerList, signatureData: [signing] });
  if (errors.length > 0) throw new Error(JSON.stringify(errors));
  const kind = pair === 'ed' ? 'k=ed25519;' : 'k=rsa;';
  const record = `v=DKIM1; ${kind} ${making.tags ?? ''} ${making.value ?? `p=${publicOf(pair)}`}`;
  const keys = { [`${selector}._domainkey.${signing.signingDomain}`]: record };
  return { raw: Buffer.concat([Buffer.from(signatures), raw]), keys };
}

/** The same keys, other bytes; latin1 keeps them as they are. */
export function altered({ raw, keys }: Signed, change: (text: string) => string): Signed {
  return { keys, raw: Buffer.from(change(raw.toString('latin1')), 'latin1') };
}

/** Both signatures over one mail, the second in front. */
export async function signedTwice(first: Making, second: Making): Promise<Signed> {
  const one = await signed(first);
  const two = await signed({ ...second, raw: one.raw });
  return { raw: two.raw, keys: { ...one.keys, ...two.keys } };
}

/** After RFC 6376 alone, for what the signer above does not write: `d=` in U-labels. */
export function signedByHand(name: string): Buffer {
  const body = 'x\r\n';
  const hash = createHash('sha256').update(body).digest('base64');
  const tags = `v=1; a=rsa-sha256; c=relaxed/simple; d=${name}; s=s1; h=from; bh=${hash}; b=`;
  const data = `from:tls@${domain}\r\ndkim-signature:${tags}`;
  const signature = sign('rsa-sha256', Buffer.from(data), pairs.rsa.privateKey).toString('base64');
  return Buffer.from(`DKIM-Signature: ${tags}${signature}\r\nFrom: tls@${domain}\r\n\r\n${body}`);
}
