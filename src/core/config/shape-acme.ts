/** Floor 0. `acme:` of a publisher of type server: where its certificates are ordered (RFC 8555). */
import { failed, parsed, type Parsed } from '../result.ts';
import { makeFault } from './fault.ts';
import { parseMailAddress } from './mail-address.ts';
import type { AcmeConfig } from './model.ts';
import { isFaulty } from './publisher-host.ts';
import { choice, duration, flag, number, parsedText, path, type Reader, text, transform } from './readers.ts';
import { object, plainList } from './readers-composed.ts';
import { secretText } from './secret-text.ts';
import { placeOf } from './source-text.ts';

const LETS_ENCRYPT = 'https://acme-v02.api.letsencrypt.org/directory';
const LETS_ENCRYPT_STAGING = 'https://acme-staging-v02.api.letsencrypt.org/directory';
const WEEK = 604_800;

/** Let's Encrypt, by HTTP-01, within its limit for an account: 300 new orders in 3 hours. */
export const defaultAcme: AcmeConfig = {
  directoryUrl: LETS_ENCRYPT,
  contact: [],
  profile: null,
  challenge: 'http-01',
  externalAccount: null,
  caFile: null,
  orders: { count: 300, perSeconds: 10_800 },
};

const externalAccount = transform(
  object(
    {
      keyId: { reader: text('the key identifier'), about: 'The key identifier that the CA gave you.' },
      hmacKey: { reader: secretText(), about: 'Its key, base64url, as ${env:NAME} or ${file:PATH}.' },
    },
    { what: '`externalAccount`', required: ['keyId', 'hmacKey'] },
  ),
  ({ keyId, hmacKey }) =>
    keyId?.value === undefined || hmacKey?.value === undefined
      ? undefined
      : { keyId: keyId.value, hmacKey: hmacKey.value },
);

const orders = transform(
  object(
    {
      count: { reader: number(1, 1_000_000), about: 'So many new orders (default 300).' },
      per: { reader: duration(1, WEEK), about: 'In so much time (default 3h).' },
    },
    { what: '`orders`' },
  ),
  ({ count, per }) =>
    isFaulty(count) || isFaulty(per)
      ? undefined
      : {
          count: count?.value ?? defaultAcme.orders.count,
          perSeconds: per?.value ?? defaultAcme.orders.perSeconds,
        },
);

/** `acme:`. Codes of its own: `EXCLUSIVE_KEYS` for `staging` beside `directory`, `BAD_URL`, `BAD_VALUE`. */
export const acmeReader: Reader<AcmeConfig> = transform(
  object(
    {
      directory: {
        reader: parsedText('an https URL', parseDirectoryUrl),
        about: "URL of the CA's directory (default Let's Encrypt).",
      },
      staging: { reader: flag(), about: "Let's Encrypt's staging environment, whose certificates nobody trusts." },
      contact: {
        reader: plainList('a list of mailto: addresses', parsedText('a mailto: address', parseContact)),
        about: 'Whom the CA may write to.',
      },
      profile: {
        reader: parsedText('the name of a profile', parseProfile),
        about: 'Profile of the certificates, of those that the CA offers.',
      },
      challenge: {
        reader: choice(['http-01', 'tls-alpn-01', 'dns-01']),
        about: 'How a host is proved to be ours (default http-01).',
      },
      externalAccount: { reader: externalAccount, about: 'Binds the ACME account to one that you have at the CA.' },
      caFile: { reader: path(), about: "Certificates that the CA's own HTTPS is trusted by, for a private CA." },
      orders: { reader: orders, about: 'The pace of new orders: what the CA allows an account.' },
    },
    { what: '`acme`', canBeEmpty: true },
  ),
  (values, _node, _label, reading): AcmeConfig | undefined => {
    const { directory, staging, contact, profile, challenge, externalAccount: account, caFile, orders: pace } = values;
    if (directory !== undefined && staging?.value === true) {
      const message = '`staging` and `directory` both say which CA';
      reading.faults.push(makeFault(placeOf(staging), 'EXCLUSIVE_KEYS', message, 'keep one of them'));
    }
    if ([directory, staging, contact, profile, challenge, account, caFile, pace].some(isFaulty)) return undefined;
    return {
      directoryUrl: directory?.value ?? (staging?.value === true ? LETS_ENCRYPT_STAGING : LETS_ENCRYPT),
      contact: contact?.value ?? [],
      profile: profile?.value ?? null,
      challenge: challenge?.value ?? defaultAcme.challenge,
      externalAccount: account?.value ?? null,
      caFile: caFile?.value ?? null,
      orders: pace?.value ?? defaultAcme.orders,
    };
  },
);

/** RFC 8555 §6.1: HTTPS only. */
function parseDirectoryUrl(value: string): Parsed<string> {
  const url = URL.parse(value);
  if (url === null || url.protocol !== 'https:') {
    return failed('BAD_URL', 'the directory of a CA is an https URL', { hint: `write "${LETS_ENCRYPT}"` });
  }
  return url.username === '' && url.password === '' && url.hash === ''
    ? parsed(url.href)
    : failed('BAD_URL', 'the URL of a directory has no user name, no password and no #fragment', {
        hint: 'an account that you have at the CA goes into `externalAccount`',
      });
}

/** RFC 8555 §7.3: one address, no header fields. */
function parseContact(value: string): Parsed<string> {
  const [, address = ''] = /^mailto:(.*)$/is.exec(value) ?? [];
  const mail = parseMailAddress(address);
  return mail.ok
    ? parsed(`mailto:${mail.value}`)
    : failed('BAD_VALUE', `"${value.slice(0, 100)}" is no contact for a CA`, {
        hint: 'write "mailto:ops@example.com"',
      });
}

function parseProfile(value: string): Parsed<string> {
  return /^[\x21-\x7e]{1,100}$/.test(value)
    ? parsed(value)
    : failed('BAD_VALUE', 'the name of a profile is one word', { hint: 'write "shortlived"' });
}
