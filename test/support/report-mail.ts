/** TLS reports as mail, signed as their senders do it, and a DNS that is a table of keys. */
import { generateKeyPairSync } from 'node:crypto';
import { gzipSync } from 'node:zlib';

import { dkimSign } from 'mailauth/lib/dkim/sign.js';

import type { LookUpKey } from '../../src/effects/reports/verify-dkim.ts';

export interface MailOptions {
  /** Put in front of the others, each with its CRLF. */
  readonly headers?: string;
  readonly fileName?: string;
  /** In place of the gzip of the report. */
  readonly attachment?: Uint8Array;
  readonly contentType?: string;
}

/** As RFC 8460 §5.3 has it, with CRLF. */
export function reportMail(json: string, options: MailOptions = {}): Buffer {
  const data = Buffer.from(options.attachment ?? gzipSync(json)).toString('base64');
  const { headers = '', fileName = 'sender.example!example.com!1!2.json.gz' } = options;
  const lines = [
    'From: tls@sender.example',
    'To: reports@example.com',
    'Subject: Report Domain: example.com Submitter: sender.example Report-ID: <r-1>',
    'TLS-Report-Domain: example.com',
    'TLS-Report-Submitter: sender.example',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type="tlsrpt"; boundary="b"',
    '',
    '--b',
    'Content-Type: text/plain',
    '',
    'A report.',
    '--b',
    `Content-Type: ${options.contentType ?? 'application/tlsrpt+gzip'}`,
    'Content-Transfer-Encoding: base64',
    `Content-Disposition: attachment; filename="${fileName}"`,
    '',
    ...(data.match(/.{1,76}/g) ?? []),
    '--b--',
    '',
  ];
  return Buffer.from(headers + lines.join('\r\n'));
}

/** A mail with another one attached whole. */
export function forwarded(mail: Uint8Array): Buffer {
  const boundary = `f${mail.length}`;
  const head = `From: me@other.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="${boundary}"\r\n\r\n`;
  const part = `--${boundary}\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n`;
  return Buffer.concat([Buffer.from(head + part), mail, Buffer.from(`\r\n--${boundary}--\r\n`)]);
}

export interface Signing {
  readonly domain?: string;
  readonly selector?: string;
  /** Only so many bytes of the body (`l=`). */
  readonly bodyLength?: number;
  /** Names of the header fields to sign, with colons between. */
  readonly headerList?: string;
}

export interface Keys {
  readonly sign: (mail: Buffer, signing?: Signing) => Promise<Buffer>;
  /** Other tags for the key of a name: `s=tlsrpt;`. */
  readonly setTags: (name: string, tags: string) => void;
  /** `failed`: its servers say nothing. Null: there is none. */
  readonly set: (name: string, state: 'failed' | null) => void;
  readonly lookUpKey: LookUpKey;
  /** Names that were asked for, in order. */
  readonly asked: string[];
}

/** Two keys for all domains: selector `ed` is Ed25519, every other one RSA. */
export function newKeys(): Keys {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ed = generateKeyPairSync('ed25519');
  const edPublic = ed.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64');
  const rsaPublic = rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const tags = new Map<string, string>();
  const states = new Map<string, 'failed' | null>();
  const asked: string[] = [];
  return {
    asked,
    set: (name, state) => void states.set(name, state),
    setTags: (name, text) => void tags.set(name, text),
    sign: async (mail, { domain = 'sender.example', selector = 's1', bodyLength, headerList } = {}) => {
      const { privateKey } = selector === 'ed' ? ed : rsa;
      const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
      const limit = bodyLength === undefined ? {} : { maxBodyLength: bodyLength };
      const headers = headerList === undefined ? {} : { headerList };
      const signing = { signingDomain: domain, selector, privateKey: pem, ...limit, ...headers };
      const { signatures, errors } = await dkimSign(mail, { ...signing, signatureData: [signing] });
      if (errors.length > 0) throw new Error(JSON.stringify(errors));
      return Buffer.concat([Buffer.from(signatures), mail]);
    },
    lookUpKey: async (name) => {
      asked.push(name);
      const state = states.get(name);
      if (state === 'failed') return { kind: 'failed', message: 'SERVFAIL' };
      if (state === null) return { kind: 'records', records: [] };
      const key = name.startsWith('ed.') ? `k=ed25519; p=${edPublic}` : `k=rsa; p=${rsaPublic}`;
      const record = `v=DKIM1; ${tags.get(name) ?? ''} ${key}`;
      return { kind: 'records', records: [record.match(/.{1,255}/g) ?? []] };
    },
  };
}
