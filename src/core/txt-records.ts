/** Floor 0. The two TXT record sets: `_mta-sts` (RFC 8461 §3.1) and `_smtp._tls` (RFC 8460 §3), read whole and written. */
import { trimEndBlanks, trimStartBlanks } from './blanks.ts';
import { isIpAddress, parseHostName } from './names.ts';
import { failed, type Issue, parsed, type Parsed } from './result.ts';

const EXTENSION = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}=[!-:<>-~]+$/;
const ID = /^id=([A-Za-z0-9]{1,32})$/;
const RUA = /^rua=/;
/** RFC 3986 without the three characters that RFC 8460 §3 wants encoded. */
const URI_TEXT = /^[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?#[\]@$&'()*+=-]|%[0-9A-Fa-f]{2})+$/;

/** Senders drop every string that does not begin so, before they count (RFC 8461 §3.1). */
export const STS_PREFIX = 'v=STSv1;';
/** The same for RFC 8460 §3. */
export const TLSRPT_PREFIX = 'v=TLSRPTv1;';

/**
 * Reads the whole TXT set at `_mta-sts.<domain>`; an inner array is one record in character-strings, joined without blanks.
 * Issues: `NO_RECORD`, `MULTIPLE_RECORDS` (both: senders see no policy), `RECORD_SYNTAX`. Warning: `UNKNOWN_FIELD`.
 * `parseStsRecords(['v=STSv1; id=20160831085700Z;', 'spf2.0/pra'])` gives the id.
 */
export function parseStsRecords(rrset: readonly (string | readonly string[])[]): Parsed<{ id: string }> {
  const record = theOnly(rrset, STS_PREFIX, 'v=STSv1');
  if (!record.ok) return record;
  const ids: string[] = [];
  const warnings: Issue[] = [];
  for (const field of record.value) {
    const id = ID.exec(field)?.[1];
    if (id !== undefined) ids.push(id);
    // An "id" that the grammar of ids refuses would still pass as an extension of that name; no sender reads it so.
    else if (field.startsWith('id=') || !EXTENSION.test(field))
      return syntax(field, 'id is 1 to 32 letters and digits');
    else warnings.push({ code: 'UNKNOWN_FIELD', message: `field "${field}" is ignored` });
  }
  const [id] = ids;
  // §3.1 does not say what a second id means. Readers take the first, the last or neither; the strict reading is neither.
  return ids.length === 1 && id !== undefined
    ? parsed({ id }, warnings)
    : syntax(null, ids.length === 0 ? 'no id' : 'more than one id');
}

/** The `_mta-sts` record of an id: no blank before the first semicolon (erratum 6285). */
export function formatStsRecord(id: string): string {
  return `v=STSv1; id=${id};`;
}

/**
 * Reads the whole TXT set at `_smtp._tls.<domain>`. Issues: `NO_RECORD`, `MULTIPLE_RECORDS`, `RECORD_SYNTAX`.
 * Warnings: `UNKNOWN_FIELD`, `UNKNOWN_SCHEME` (a URI that is neither mailto nor https; left out of `rua`).
 */
export function parseTlsRptRecords(rrset: readonly (string | readonly string[])[]): Parsed<{ rua: readonly string[] }> {
  const record = theOnly(rrset, TLSRPT_PREFIX, 'v=TLSRPTv1');
  if (!record.ok) return record;
  const rua: string[] = [];
  const warnings: Issue[] = [];
  let count = 0;
  for (const field of record.value) {
    if (!RUA.test(field)) {
      if (!EXTENSION.test(field)) return syntax(field, 'not a name=value field');
      warnings.push({ code: 'UNKNOWN_FIELD', message: `field "${field}" is ignored` });
      continue;
    }
    if (++count > 1) return syntax(null, 'more than one rua');
    for (const uri of cut(field.slice(4), ',')) {
      if (!URI_TEXT.test(uri)) return syntax(uri, 'rua is a list of mailto: and https: URIs');
      if (/^(?:mailto|https):/i.test(uri)) rua.push(uri);
      else warnings.push({ code: 'UNKNOWN_SCHEME', message: `"${uri}" is neither mailto: nor https:` });
    }
  }
  if (count === 0) return syntax(null, 'no rua');
  return rua.length === 0 ? syntax(null, 'no mailto: or https: URI in rua') : parsed({ rua }, warnings);
}

/** The `_smtp._tls` record of report addresses, in the order given; `, ! ;` inside a URI are percent-encoded (RFC 8460 §3). */
export function formatTlsRptRecord(rua: readonly string[]): string {
  const uris = rua.map((uri) =>
    uri.replaceAll(/[,!;]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`),
  );
  return `v=TLSRPTv1; rua=${uris.join(',')};`;
}

/** Reads one report address as the YAML has it. Issue: `BAD_RUA`. Gives it as the record will carry it. */
export function parseRua(text: string): Parsed<string> {
  const hint = 'write "mailto:tls-reports@example.com" or "https://example.com/tlsrpt"';
  if (!/^(?:mailto|https):/i.test(text))
    return failed('BAD_RUA', `"${text}" is neither a mailto: nor an https: URI`, { hint });
  const uri = text.replaceAll(/[,!;]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  const isMail = /^mailto:/i.test(uri);
  const host = isMail ? /^mailto:[^@]+@([^@?]+)(?:\?[^@]*)?$/i.exec(uri)?.[1] : URL.parse(uri)?.hostname;
  const isHost = host !== undefined && (parseHostName(host).ok || (!isMail && isIpAddress(host)));
  const isGood = URI_TEXT.test(uri) && isHost && (isMail || /^https:\/\/[^/]/i.test(uri));
  return isGood
    ? parsed(uri)
    : failed('BAD_RUA', `"${text}" is not a usable ${isMail ? 'mailto:' : 'https:'} URI`, { hint });
}

/** The fields after the version of the one record that begins with the prefix. */
function theOnly(
  rrset: readonly (string | readonly string[])[],
  prefix: string,
  version: string,
): Parsed<readonly string[]> {
  const records = rrset
    .map((one) => (typeof one === 'string' ? one : one.join('')))
    .filter((one) => one.startsWith(prefix));
  const [record] = records;
  if (record === undefined) return failed('NO_RECORD', `no TXT record that begins "${prefix}"`);
  if (records.length > 1) {
    return failed(
      'MULTIPLE_RECORDS',
      `${records.length} TXT records begin "${prefix}"; senders act as if there were none`,
    );
  }
  const [, ...fields] = cut(record.slice(version.length), ';');
  if (fields.at(-1) === '') fields.pop();
  return parsed(fields);
}

/** Cuts at `*WSP mark *WSP`: blanks belong to a mark, so those at either end without one stay (and are found to be wrong). */
function cut(text: string, mark: string): readonly string[] {
  const parts = text.split(mark);
  return parts.map((part, index) => {
    const begun = index === 0 ? part : trimStartBlanks(part);
    return index === parts.length - 1 ? begun : trimEndBlanks(begun);
  });
}

function syntax(field: string | null, message: string): Parsed<never> {
  return failed('RECORD_SYNTAX', field === null ? message : `${message}: ${JSON.stringify(field.slice(0, 80))}`);
}
