/** A report as JSON, and mails around it of all shapes that senders, gateways and people who forward give them. */
import { gzipSync } from 'node:zlib';

import * as fc from 'fast-check';

import { goodDetail, goodReport } from '../../core/tls-report/report-builder.ts';
import { zipOf } from '../../effects/reports/zip-of.ts';
import { forwarded } from '../../support/report-mail.ts';

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
const count = fc.nat({ max: 1000 });

/** A valid report about domains of ours. */
export const reports: fc.Arbitrary<string> = fc
  .record({
    name: text,
    id: text,
    contact: fc.constantFrom('tls@sender.example', null),
    policies: fc.array(fc.record({ domain: fc.constantFrom('example.com', 'mx1.example.com'), good: count, text }), {
      minLength: 1,
      maxLength: 4,
    }),
    isWide: fc.boolean(),
  })
  .map(({ name, id, contact, policies, isWide }) => {
    const detail = [{ ...goodDetail, 'additional-information': name }];
    const entries = policies.map((one) => ({
      policy: { 'policy-type': 'sts', 'policy-string': [one.text], 'policy-domain': one.domain },
      summary: { 'total-successful-session-count': one.good, 'total-failure-session-count': 2 },
      'failure-details': detail,
    }));
    const report = {
      ...goodReport,
      'organization-name': name,
      'report-id': id,
      'contact-info': contact,
      policies: entries,
    };
    return JSON.stringify(report, null, isWide ? 2 : 0);
  });

/** Packed or bare. */
export function packings(json: string): fc.Arbitrary<Buffer> {
  const bytes = Buffer.from(json);
  const members = fc
    .nat({ max: bytes.length })
    .map((at) => Buffer.concat([gzipSync(bytes.subarray(0, at)), gzipSync(bytes.subarray(at))]));
  return fc.oneof(
    fc.constantFrom(bytes, Buffer.concat([Buffer.from('\ufeff\n'), bytes]), gzipSync(bytes)),
    members,
    fc.constantFrom(0, 8).map((method) =>
      zipOf([
        { name: 'x.txt', content: bytes },
        { name: 'a.JSON', content: bytes, method },
      ]),
    ),
  );
}

const types = [
  'application/tlsrpt+gzip',
  'Application/TLSRPT+JSON',
  'application/octet-stream',
  'text/plain; charset=us-ascii',
  'application/zip',
];
const nameOf = [
  '; name="r.json.gz"',
  "; name*=utf-8''r%20%C3%BC.json",
  '; name==?utf-8?q?r=2Ejson?=',
  '; name*0="r."; name*1="json"',
  '',
];
const dispositions = [
  'Content-Disposition: attachment; filename="a!example.com!1!2.json.gz"\r\n',
  'CONTENT-DISPOSITION: inline\r\n',
  '',
];

/** One part: its header lines, an empty one, its body. */
function leaves(content: Buffer): fc.Arbitrary<Buffer> {
  return fc
    .record({
      type: fc.constantFrom(...types),
      name: fc.constantFrom(...nameOf),
      disposition: fc.constantFrom(...dispositions),
      encoding: fc.constantFrom('base64', 'quoted-printable', 'binary'),
      line: fc.integer({ min: 1, max: 76 }),
      isUpper: fc.boolean(),
    })
    .map(({ type, name, disposition, encoding, line, isUpper }) => {
      const head = `Content-Type: ${type}${name}\r\nContent-Transfer-Encoding: ${isUpper ? encoding.toUpperCase() : encoding}\r\n${disposition}\r\n`;
      return Buffer.concat([
        Buffer.from(isUpper ? head.replaceAll('Content-T', 'CONTENT-t') : head),
        encode(content, encoding, line),
      ]);
    });
}

function encode(content: Buffer, encoding: string, line: number): Buffer {
  if (encoding === 'binary') return content;
  const isBase64 = encoding === 'base64';
  const words = isBase64
    ? (content.toString('base64').match(new RegExp(`.{1,${line}}`, 'g')) ?? [])
    : (content.toString('latin1').match(/[\s\S]{1,20}/g) ?? []).map((piece) =>
        Buffer.from(piece, 'latin1').toString('hex').toUpperCase().replace(/../g, '=$&'),
      );
  return Buffer.from(words.join(isBase64 ? '\r\n' : '=\r\n'));
}

const beside = [
  'Content-Type: text/plain\r\n\r\nA report.',
  'Content-Type: text/html\r\n\r\n<p>{</p>',
  'Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=',
  '\r\nplain',
];

/** `part` among others in a multipart, whose own head comes first. */
function multiparts(part: Buffer, depth: number): fc.Arbitrary<Buffer> {
  return fc
    .record({
      kind: fc.constantFrom('report; report-type=tlsrpt', 'mixed', 'SIGNED', 'alternative'),
      before: fc.subarray(beside),
      after: fc.subarray(beside),
    })
    .map(({ kind, before, after }) => {
      const boundary = `=_${depth}'x`;
      const sibling = (one: string): Buffer => Buffer.from(`--${boundary}\r\n${one}\r\n`);
      return Buffer.concat([
        Buffer.from(`Content-Type: multipart/${kind};\r\n\tboundary="${boundary}"\r\n\r\npreamble\r\n`),
        ...before.map(sibling),
        Buffer.from(`--${boundary}\r\n`),
        part,
        Buffer.from('\r\n'),
        ...after.map(sibling),
        Buffer.from(`--${boundary}--\r\nepilogue\r\n`),
      ]);
    });
}

/** Up to 3 multiparts around the part, up to 2 mails around the mail, line ends of either kind. */
export function mailsWith(content: Buffer): fc.Arbitrary<Buffer> {
  const depths = fc.record({
    depth: fc.nat({ max: 3 }),
    forwards: fc.array(fc.constantFrom<((mail: Uint8Array) => Buffer)[]>(forwarded, forwardedPacked), { maxLength: 2 }),
    isUnix: fc.boolean(),
  });
  return depths.chain(({ depth, forwards, isUnix }) => {
    let part = leaves(content);
    for (let level = 0; level < depth; level++) part = part.chain((inner) => multiparts(inner, level));
    const head = Buffer.from('From: tls@sender.example\r\nSubject: =?utf-8?q?Report?=\r\nMIME-Version: 1.0\r\n');
    return part.map((body) => {
      const mail = Buffer.concat([head, body]);
      // In binary parts they are content.
      const canBeUnix = isUnix && !/encoding: binary/i.test(mail.toString('latin1'));
      const first = canBeUnix ? Buffer.from(mail.toString('latin1').replaceAll('\r\n', '\n'), 'latin1') : mail;
      return forwards.reduce<Buffer>((inner, forward) => forward(inner), first);
    });
  });
}

/** RFC 2046 §5.2.1 forbids it, and some do it. */
function forwardedPacked(mail: Uint8Array): Buffer {
  const head = 'From: me@other.example\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n';
  return Buffer.from(
    head +
      (
        Buffer.from(mail)
          .toString('base64')
          .match(/.{1,76}/g) ?? []
      ).join('\r\n'),
  );
}

/** Quoted as mboxrd, with line ends as they are. */
export function mboxOf(mails: readonly Buffer[]): Buffer {
  const quoted = mails.map((mail) => mail.toString('latin1').replaceAll(/(^|\n)(>*From )/g, '$1>$2'));
  return Buffer.from(quoted.map((one) => `From MAILER Mon Sep  7 00:00:00 2026\n${one}\n\n`).join(''), 'latin1');
}
