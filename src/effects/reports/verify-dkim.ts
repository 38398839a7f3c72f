/**
 * Floor 2. The DKIM signatures of a mail (RFC 6376) by mailauth. It refuses keys for `s=tlsrpt`, the very ones that RFC 8460 §3 recommends, so it gets
 * each key with its service types under another name, and they are judged by us.
 */
import { parseHostName } from '../../core/names.ts';
import type { SignatureCheck } from '../../core/reports/judge-signatures.ts';

/** TXT records of a name, each in its character-strings; none: NXDOMAIN or no data. */
export type KeyLookup =
  | { readonly kind: 'records'; readonly records: readonly (readonly string[])[] }
  /** No server told. */
  | { readonly kind: 'failed'; readonly message: string };

export type LookUpKey = (name: string) => Promise<KeyLookup>;

/** `now`: for signatures that expire. The caller bounds how many signatures a mail may have: each costs a query. */
export async function verifyDkim(raw: Uint8Array, lookUpKey: LookUpKey, now: Date): Promise<readonly SignatureCheck[]> {
  const { dkimVerify } = await import('mailauth/lib/dkim/verify.js');
  const resolver = async (name: string): Promise<string[][]> => {
    const found = await lookUpKey(name);
    if (found.kind === 'failed') throw Object.assign(new Error(found.message), { code: 'ETIMEOUT' });
    const records = found.records.map((strings) => strings.join(''));
    // RFC 6376 §6.1.2 step 4: of several records one may be chosen.
    const key = records.find((record) => tagsOf(record).some((tag) => nameOf(tag) === 'p')) ?? records[0];
    if (key === undefined) throw Object.assign(new Error('no such record'), { code: 'ENOTFOUND' });
    return [[withServicesRenamed(key)]];
  };
  const { results } = await dkimVerify(Buffer.from(raw), { resolver, strict: true, minBitLength: 1024, curTime: now });
  return results.flatMap((one) => {
    const { signingDomain, selector } = one;
    if (signingDomain === undefined || selector === undefined) return [];
    const { result, comment, testing } = one.status;
    const domain = parseHostName(signingDomain);
    return {
      // `d=` may be in U-labels (RFC 8616 §4); reporting domains are in A-labels.
      domain: domain.ok ? domain.value : signingDomain.toLowerCase(),
      selector,
      algorithm: one.algo ?? '',
      result: result === 'pass' ? 'pass' : result === 'temperror' ? 'again' : 'fail',
      comment: comment ?? (result === 'policy' ? 'the key has fewer than 1024 bits' : result),
      isPartial: one.canonBodyLengthLimited ?? false,
      isTesting: testing ?? false,
      services: servicesOf(one.rr ?? ''),
      signedHeaders: (one.signingHeaders?.keys ?? '').split(':').map((header) => header.trim().toLowerCase()),
    };
  });
}

/** Unknown tags are ignored (RFC 6376 §3.2), so the record comes back with each result, `s=` in it under this name. */
const RENAMED = 'stsync_s';

function withServicesRenamed(record: string): string {
  return tagsOf(record)
    .map((tag) => (nameOf(tag) === 's' ? tag.replace('s', RENAMED) : tag))
    .join(';');
}

/** §3.6.1: absent is `*`. */
function servicesOf(record: string): readonly string[] {
  const found = tagsOf(record).find((tag) => nameOf(tag) === RENAMED);
  if (found === undefined) return ['*'];
  const value = found.slice(found.indexOf('=') + 1);
  return value.split(':').map((word) => word.trim().toLowerCase());
}

function tagsOf(record: string): readonly string[] {
  return record.split(';');
}

function nameOf(tag: string): string | undefined {
  return tag.split('=')[0]?.trim();
}
