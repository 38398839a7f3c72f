/** The TSIG key of a provider: written out in the config (`tsig`) or in a key file of BIND (`keyFile`). */
import type { OptionValue } from '../../src/core/config/model.ts';
import { StsyncError } from '../../src/core/error.ts';
import { Secret } from '../../src/core/secret.ts';
import type { FileAccess } from '../../src/provider.ts';
import { parseKeyFile } from './key-file.ts';
import { formatName, lowerCase, parseName } from './wire-name.ts';

/** Hash functions by the name of their algorithm (RFC 8945 §6). HMAC-MD5 and cut MACs are left out: nobody should start with them. */
export const HASHES = {
  'hmac-sha256': 'sha256',
  'hmac-sha384': 'sha384',
  'hmac-sha512': 'sha512',
  'hmac-sha224': 'sha224',
  'hmac-sha1': 'sha1',
} as const;

export type Algorithm = keyof typeof HASHES;

/** `name`: lower case, without the final dot. `secret`: Base64. */
export interface TsigKey {
  readonly name: string;
  readonly algorithm: Algorithm;
  readonly secret: Secret;
}

/** What is known of a key before it is judged; null: it is not there. */
export interface RawKey {
  readonly name: string | null;
  readonly algorithm: string | null;
  readonly secret: Secret | null;
}

type Options = { readonly [name: string]: OptionValue };

/** The key that the options name. Throws `PROVIDER_CREDENTIALS` with the file or option in `where`; a secret is in no message. */
export async function readKey(options: Options, files: Pick<FileAccess, 'read'>): Promise<TsigKey> {
  const { keyFile, tsig } = options;
  if (typeof keyFile === 'string') return judgeKey(await readKeyFile(keyFile, files), keyFile);
  if (typeof tsig !== 'object' || tsig instanceof Secret) throw unusable('there is no key', 'tsig', ANY_KEY);
  const { name, algorithm, secret } = tsig;
  return judgeKey(
    {
      name: typeof name === 'string' ? name : null,
      algorithm: typeof algorithm === 'string' ? algorithm : null,
      secret: secret instanceof Secret ? secret : null,
    },
    'tsig',
  );
}

const ANY_KEY = 'name a key file in `keyFile`, or write the key out in `tsig`';
const FORM = 'a key file is what `tsig-keygen NAME` prints: key "NAME" { algorithm hmac-sha256; secret "..."; };';

async function readKeyFile(path: string, files: Pick<FileAccess, 'read'>): Promise<RawKey> {
  const file = await files.read(path).catch((error: unknown) => {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw unusable(
      `the key file ${path} cannot be read: ${reason}`,
      path,
      'give the user of stsync the right to read it',
    );
  });
  if (file === null) throw unusable(`the key file ${path} is not there`, path, 'create it, or correct `keyFile`');
  const keys = parseKeyFile(Buffer.from(file.bytes).toString('utf8'));
  if (keys === null) throw unusable(`${path} is no key file`, path, FORM);
  const [key, ...others] = keys;
  if (key === undefined) throw unusable(`${path} has no key in it`, path, FORM);
  if (others.length > 0) {
    const hint = 'put the key of stsync into a file of its own';
    throw unusable(`${path} has ${keys.length} keys in it: which one is meant is not clear`, path, hint);
  }
  return key;
}

function judgeKey(raw: RawKey, where: string): TsigKey {
  const labels = raw.name === null ? null : parseName(raw.name);
  if (labels === null || labels.length === 0)
    throw unusable(`the key in ${where} has no name, or a bad one`, where, FORM);
  const name = lowerCase(formatName(labels));
  const algorithm = lowerCase(raw.algorithm ?? '').replace(/\.$/, '');
  if (!isAlgorithm(algorithm)) {
    const known = Object.keys(HASHES).join(', ');
    const what = algorithm === '' ? 'has no algorithm' : `has the algorithm ${JSON.stringify(algorithm.slice(0, 40))}`;
    throw unusable(`the key ${name} in ${where} ${what}`, where, `one of ${known}`);
  }
  const text = raw.secret?.reveal().replaceAll(/\s/g, '') ?? '';
  // Node's decoder skips what is not Base64; the server would sign with something else.
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text) || text === '') {
    throw unusable(
      `the secret of the key ${name} in ${where} is not Base64`,
      where,
      'copy it whole, as the server has it',
    );
  }
  return { name, algorithm, secret: new Secret(text) };
}

function isAlgorithm(text: string): text is Algorithm {
  return Object.hasOwn(HASHES, text);
}

function unusable(message: string, where: string, hint: string): StsyncError {
  return new StsyncError('PROVIDER_CREDENTIALS', message, { where, hint });
}
