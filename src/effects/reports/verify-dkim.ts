/**
 * Floor 2. The DKIM signatures of a mail (RFC 6376) by mailauth. It refuses keys for `s=tlsrpt`, the very ones that RFC 8460 §3 recommends, so it gets
 * each key without its service types, and they are judged by us.
 */
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
  const services = new Map<string, readonly string[]>();
  const testing = new Set<string>();
  const resolver = async (name: string): Promise<string[][]> => {
    const found = await lookUpKey(name);
    if (found.kind === 'failed') throw Object.assign(new Error(found.message), { code: 'ETIMEOUT' });
    if (found.records.length === 0) throw Object.assign(new Error('no such record'), { code: 'ENOTFOUND' });
    return found.records.map((strings) => {
      const key = parseKey(strings.join(''));
      services.set(name, key.services);
      if (key.isTesting) testing.add(name);
      return [key.withoutServices];
    });
  };
  const { results } = await dkimVerify(Buffer.from(raw), { resolver, strict: true, minBitLength: 1024, curTime: now });
  return results.flatMap((one) => {
    const { signingDomain, selector } = one;
    if (signingDomain === undefined || selector === undefined) return [];
    const name = `${selector}._domainkey.${signingDomain}`;
    return {
      domain: signingDomain.toLowerCase(),
      selector,
      algorithm: one.algo ?? '',
      result: one.status.result === 'pass' ? 'pass' : one.status.result === 'temperror' ? 'again' : 'fail',
      comment: one.status.comment ?? one.status.result,
      isPartial: one.canonBodyLengthLimited ?? false,
      isTesting: testing.has(name),
      services: services.get(name) ?? [],
      signedHeaders: (one.signingHeaders?.keys ?? '').split(':').map((header) => header.trim().toLowerCase()),
    };
  });
}

/** A key record (RFC 6376 §3.6.1) without `s=`, and what stood there; absent is `*`. */
function parseKey(record: string): { withoutServices: string; services: readonly string[]; isTesting: boolean } {
  const tags = record.split(';');
  const valueOf = (tag: string): readonly string[] | null => {
    const found = tags.find((one) => one.split('=')[0]?.trim() === tag);
    return found === undefined
      ? null
      : found
          .slice(found.indexOf('=') + 1)
          .split(':')
          .map((word) => word.trim().toLowerCase());
  };
  return {
    withoutServices: tags.filter((one) => one.split('=')[0]?.trim() !== 's').join(';'),
    services: valueOf('s') ?? ['*'],
    isTesting: valueOf('t')?.includes('y') ?? false,
  };
}
