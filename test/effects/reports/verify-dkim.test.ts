/** What is a valid signature, beside Debian's dkimpy, which nobody here wrote. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import { verifyDkim } from '../../../src/effects/reports/verify-dkim.ts';
import { describeUnless } from '../../servers/programs.ts';
import {
  altered,
  domain,
  mail,
  privateOf,
  publicOf,
  type Signed,
  signed,
  signedByHand,
  signedTwice,
} from './dkim-mails.ts';

/** Debian's own: python3-dkim is not in others. */
const PYTHON = '/usr/bin/python3';
const isThere = spawnSync(PYTHON, ['-c', 'import dkim, nacl']).status === 0;

interface Verdict {
  readonly valid: boolean;
  /** And the key is for `s=tlsrpt`. */
  readonly strict: boolean;
}

const wide = Buffer.from(mail.toString().replace('A report.', 'Bücher 日本 \u00ff').replace('<r-1>', '<ü>'));
const bare = Buffer.from(`From: tls@${domain}\r\nSubject: x\r\n\r\n`);
const cut = (text: string): string => text.slice(0, -2);
const unix = (text: string): string => text.replaceAll('\r\n', '\n');
const relaxed = { canonicalization: 'relaxed/relaxed' };
const simple = { canonicalization: 'simple/simple' };

/** What of each signature is right; `theirs`: where dkimpy says something else, and why. */
type Row = readonly [
  string,
  () => Promise<Signed>,
  readonly string[],
  { readonly theirs: string; readonly why: string }?,
];

const rows: readonly Row[] = [
  ...['rsa', 'ed', 'small'].flatMap((pair) =>
    ['relaxed/relaxed', 'relaxed/simple', 'simple/relaxed', 'simple/simple'].map((canonicalization): Row => [
      `${pair}, ${canonicalization}`,
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the names stand above
      () => signed({ pair: pair as 'rsa' | 'ed' | 'small', canonicalization }),
      ['pass *'],
    ]),
  ),
  ['line ends of Unix, relaxed', async () => altered(await signed(relaxed), unix), ['pass *']],
  ['line ends of Unix, simple', async () => altered(await signed(simple), unix), ['pass *']],
  ['8-bit text in body and header', () => signed({ raw: wide }), ['pass *']],
  [
    '8-bit text, line ends of Unix, simple',
    async () => altered(await signed({ ...simple, raw: wide }), unix),
    ['pass *'],
  ],
  ['no body', () => signed({ raw: bare }), ['pass *']],
  ['no last line end, relaxed', async () => altered(await signed(relaxed), cut), ['pass *']],
  ['no last line end, simple', async () => altered(await signed(simple), cut), ['pass *']],
  ['empty lines at the end', async () => altered(await signed(simple), (text) => `${text}\r\n\r\n`), ['pass *']],
  ['a text behind the end', async () => altered(await signed(), (text) => `${text}x`), ['fail']],
  ['another body', async () => altered(await signed(), (text) => text.replace('A report.', 'A report!')), ['fail']],
  [
    'blanks in the body, relaxed',
    async () => altered(await signed(relaxed), (text) => text.replace('A report.', 'A  report. ')),
    ['pass *'],
  ],
  [
    'blanks in the body, simple',
    async () => altered(await signed(simple), (text) => text.replace('A report.', 'A  report. ')),
    ['fail'],
  ],
  ['another header', async () => altered(await signed(), (text) => text.replace('Subject: R', 'Subject: r')), ['fail']],
  [
    'another value of a folded header',
    async () => altered(await signed(), (text) => text.replace('\ttwo', '\tzwei')),
    ['fail'],
  ],
  [
    'a header folded anew, relaxed',
    async () => altered(await signed(relaxed), (text) => text.replace('\r\n\ttwo', ' two')),
    ['pass *'],
  ],
  [
    'a header folded anew, simple',
    async () => altered(await signed(simple), (text) => text.replace('\r\n\ttwo', ' two')),
    ['fail'],
  ],
  [
    'a header name in capitals, relaxed',
    async () => altered(await signed(relaxed), (text) => text.replace('\r\nSubject', '\r\nSUBJECT')),
    ['pass *'],
  ],
  [
    'a header name in capitals, simple',
    async () => altered(await signed(simple), (text) => text.replace('\r\nSubject', '\r\nSUBJECT')),
    ['fail'],
  ],
  [
    'a header that is not signed',
    async () => altered(await signed(), (text) => `Received: from x\r\n${text}`),
    ['pass *'],
  ],
  [
    'a header that is gone',
    async () => altered(await signed(), (text) => text.replace('To: reports@example.com\r\n', '')),
    ['fail'],
  ],
  [
    'a second of a signed header in front',
    async () => altered(await signed(), (text) => `TLS-Report-Domain: evil.example\r\n${text}`),
    ['pass *'],
  ],
  [
    'a second of a signed header behind',
    async () => altered(await signed(), (text) => text.replace('MIME-V', 'TLS-Report-Domain: evil.example\r\nMIME-V')),
    ['fail'],
  ],
  ['two good signatures', () => signedTwice({}, { pair: 'ed', selector: 'ed' }), ['pass *', 'pass *']],
  [
    'a bad signature in front of a good one',
    () => signedTwice({}, { pair: 'ed', selector: 'ed', value: `p=${publicOf('rsa').slice(0, 43)}=` }),
    ['fail', 'pass *'],
  ],
  ['a good signature of someone else', () => signedTwice({}, { domain: 'list.example' }), ['pass *', 'pass *']],
  ['l= over the whole body', () => signed({ bodyLength: 100_000 }), ['pass * l=']],
  [
    'l= and something behind',
    async () => altered(await signed({ bodyLength: 20 }), (text) => `${text}x`),
    ['pass * l='],
    { theirs: 'fail', why: 'for TLS reports it leaves l= out and takes the whole body' },
  ],
  ['x= to come', () => signed({ expires: new Date('2099-01-01T00:00:00Z') }), ['pass *']],
  ['x= over', () => signed({ expires: new Date('2024-02-01T00:00:00Z') }), ['fail']],
  ['a revoked key', () => signed({ value: 'p=' }), ['fail']],
  ['a key that is no base64', () => signed({ value: 'p=!!!' }), ['fail']],
  ['half a key', () => signed({ value: `p=${publicOf('rsa').slice(0, 100)}` }), ['fail']],
  ['a record without key', () => signed({ value: '' }), ['fail']],
  ['a record of other kind', () => signed({ tags: 'k=x;' }), ['fail']],
  ['a key of someone else', () => signed({ value: `p=${publicOf('other')}` }), ['fail']],
  ['no record at the selector', async () => ({ ...(await signed()), keys: {} }), ['fail']],
  ['a key of 512 bits', () => signed({ pair: 'tiny' }), ['fail']],
  ['a key in testing', () => signed({ tags: 't=y;' }), ['pass * t=y']],
  ['s=*', () => signed({ tags: 's=*;' }), ['pass *']],
  ['s=email', () => signed({ tags: 's=email;' }), ['pass email']],
  ['s=tlsrpt', () => signed({ tags: 's=tlsrpt;' }), ['pass tlsrpt']],
  ['s=tlsrpt, Ed25519', () => signed({ tags: 's=tlsrpt;', pair: 'ed' }), ['pass tlsrpt']],
  [
    's=email:tlsrpt',
    () => signed({ tags: 's=email:tlsrpt;' }),
    ['pass email,tlsrpt'],
    { theirs: 'fail', why: 'version 1.1.4 reads no list (RFC 6376 §3.6.1 has one)' },
  ],
  ['a domain in capitals', async () => signed({ domain: 'Sender.Example' }), ['pass *']],
];

async function ours({ raw, keys }: Signed): Promise<readonly string[]> {
  const lowered = new Map(Object.entries(keys).map(([name, record]) => [name.toLowerCase(), record]));
  const lookUp = async (name: string) => {
    const record = lowered.get(name.toLowerCase());
    return { kind: 'records', records: record === undefined ? [] : [record.match(/.{1,255}/g) ?? []] } as const;
  };
  const checks = await verifyDkim(raw, lookUp, new Date('2026-09-08T06:00:00Z'));
  return checks.map(({ result, services, isPartial, isTesting }) =>
    result !== 'pass' ? result : `pass ${services.join()}${isPartial ? ' l=' : ''}${isTesting ? ' t=y' : ''}`,
  );
}

describe('verifyDkim', () => {
  test.each(rows.map(([what, make, wanted]) => [what, make, wanted] as const))('%s', async (_what, make, wanted) =>
    expect(await ours(await make())).toEqual(wanted),
  );

  test('takes of several records at one name the first that is a key', async () => {
    const { raw, keys } = await signed({ tags: 's=tlsrpt;' });
    const records = ['v=spf1 -all', ...Object.values(keys), 'v=DKIM1; s=email; t=y; p=AAAA'].map((one) => [one]);
    const checks = await verifyDkim(raw, async () => ({ kind: 'records', records }), new Date('2026-09-08T06:00:00Z'));
    expect(checks).toMatchObject([{ result: 'pass', services: ['tlsrpt'], isTesting: false }]);
  });

  test('reads a signing domain in U-labels as the one in A-labels, with all that its key says, RFC 8616 §4', async () => {
    const asked: string[] = [];
    const lookUp = async (name: string) => {
      asked.push(name);
      return { kind: 'records', records: [[`v=DKIM1; s=tlsrpt; t=y; p=${publicOf('rsa')}`]] } as const;
    };
    const checks = await verifyDkim(signedByHand('bücher.example'), lookUp, new Date('2026-09-08T06:00:00Z'));
    const wanted = { domain: 'xn--bcher-kva.example', result: 'pass', services: ['tlsrpt'], isTesting: true };
    expect([asked, checks]).toMatchObject([['s1._domainkey.xn--bcher-kva.example'], [wanted]]);
  });

  test('refuses a key record that names its services twice, RFC 6376 §3.2', async () =>
    expect(await ours(await signed({ tags: 's=email; s=tlsrpt;' }))).toEqual(['fail']));
});

describeUnless(isThere ? null : `no python3-dkim in ${PYTHON}`, 'verifyDkim beside dkimpy', () => {
  const canonicalizations = ['relaxed', 'simple'].flatMap((header) =>
    ['relaxed', 'simple'].map((body) => [header, body]),
  );
  const signings = (['rsa', 'ed'] as const).flatMap((pair) =>
    canonicalizations.map((canonicalization) => ({ pair, canonicalization })),
  );
  let verified: readonly (readonly Verdict[])[];
  let theirMails: readonly string[];

  beforeAll(async () => {
    const verify: unknown[] = [];
    for (const [, make] of rows) {
      const { raw, keys } = await make();
      const lowered = Object.fromEntries(Object.entries(keys).map(([name, record]) => [name.toLowerCase(), record]));
      verify.push({ raw: raw.toString('base64'), keys: lowered });
    }
    const sign = signings.map(({ pair, canonicalization }) => ({
      raw: mail.toString('base64'),
      domain,
      selector: pair,
      key: privateOf(pair),
      algorithm: pair === 'ed' ? 'ed25519-sha256' : 'rsa-sha256',
      canonicalization,
    }));
    const input = JSON.stringify({ verify, sign });
    const run = spawnSync(PYTHON, [join(import.meta.dirname, 'dkimpy.py')], {
      input,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    if (run.status !== 0) throw new Error(run.stderr);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what dkimpy.py writes
    const answer = JSON.parse(run.stdout) as { verify: Verdict[][]; sign: string[] };
    verified = answer.verify;
    theirMails = answer.sign;
  });

  test.each(rows.map((row, index) => [row[0], index, row] as const))('%s', (_what, index, [, , wanted, differs]) => {
    const agreed = wanted.map((one) => {
      const valid = differs === undefined ? one.startsWith('pass') : differs.theirs === 'pass';
      return { valid, strict: valid && one.includes('tlsrpt') };
    });
    expect(verified[index]).toEqual(agreed);
  });

  test.each(signings.map((one, index) => [`${one.pair} ${one.canonicalization.join('/')}`, index, one] as const))(
    'signed by dkimpy: %s',
    async (_what, index, { pair }) => {
      const keys = {
        [`${pair}._domainkey.${domain}`]: `v=DKIM1; k=${pair === 'ed' ? 'ed25519' : 'rsa'}; p=${publicOf(pair)}`,
      };
      const raw = Buffer.from(theirMails[index] ?? '', 'base64');
      expect(await ours({ raw, keys })).toEqual(['pass *']);
      expect(await ours({ raw: Buffer.concat([raw, Buffer.from('x')]), keys })).toEqual(['fail']);
    },
  );
});
