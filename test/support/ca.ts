/**
 * A private certificate authority for tests, by openssl: a root, an intermediate, and leaves of any names and dates. Everything lies in one
 * temporary directory that goes with the `Ca`.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const DAY_MS = 86_400_000;

/** PEM texts for `tls.createServer`. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

export interface LeafOptions {
  /** DNS names of the SAN; empty: no SAN at all. */
  readonly names: readonly string[];
  readonly commonName?: string;
  /** Days from now; negative ones are past. */
  readonly fromDays?: number;
  readonly toDays?: number;
  /** Signed by the intermediate, whose certificate is not in `cert`: a server that forgets its chain. */
  readonly isWithoutChain?: boolean;
}

export interface Ca extends AsyncDisposable {
  /** The root, for `world.caFile`. */
  readonly file: string;
  readonly directory: string;
  /** Certificates of the intermediate, to stand behind a leaf. */
  readonly chain: string;
  /** The same options give the same certificate. */
  issue(options: LeafOptions): Certificate;
  /** Trusted by nobody. */
  selfSigned(name: string): Certificate;
}

const CONFIG = `
[ca]
default_ca = main
[main]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = optional
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = CA:false
`;

export function makeCa(): Ca {
  const directory = mkdtempSync(join(tmpdir(), 'stsync-ca-'));
  /** The command and its options as one line of words, then what may hold blanks. */
  const openssl = (line: string, ...more: readonly string[]): void => {
    execFileSync('openssl', [...line.split(' '), ...more], { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] });
  };
  const read = (name: string): string => readFileSync(join(directory, name), 'utf8');
  const request = (name: string, commonName: string, ...more: readonly string[]): void => {
    const key = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';
    const files = `-keyout ${name}.key -out ${name}.pem`;
    openssl(`req -new -config ca.cnf ${key} ${files} -subj`, `/CN=${commonName}`, ...more);
  };
  const sign = (name: string, issuer: string, extensions: string, fromDays: number, toDays: number): void => {
    const files = `-in ${name}.pem -out ${name}.crt -cert ${issuer}.crt -keyfile ${issuer}.key`;
    const dates = `-startdate ${opensslTime(fromDays)} -enddate ${opensslTime(toDays)}`;
    openssl(`ca -batch -notext -config ca.cnf -extensions ${extensions} ${files} ${dates}`);
  };

  writeFileSync(join(directory, 'ca.cnf'), CONFIG);
  writeFileSync(join(directory, 'index.txt'), '');
  request('root', 'Test Root', '-x509', '-days', '30', '-extensions', 'authority');
  writeFileSync(join(directory, 'root.crt'), read('root.pem'));
  request('middle', 'Test Intermediate');
  sign('middle', 'root', 'authority', -1, 20);

  const made = new Map<string, Certificate>();
  return {
    directory,
    file: join(directory, 'root.crt'),
    chain: read('middle.crt'),
    issue: (options) => {
      const { names, commonName = names[0] ?? 'nobody', fromDays = -1, toDays = 20 } = options;
      const identity = JSON.stringify(options);
      const known = made.get(identity);
      if (known !== undefined) return known;
      const name = `leaf${made.size}`;
      const san = names.map((one) => `DNS:${one}`).join(',');
      request(name, commonName, ...(san === '' ? [] : ['-addext', `subjectAltName=${san}`]));
      sign(name, options.isWithoutChain === true ? 'middle' : 'root', 'leaf', fromDays, toDays);
      const certificate = { key: read(`${name}.key`), cert: read(`${name}.crt`) };
      made.set(identity, certificate);
      return certificate;
    },
    selfSigned: (name) => {
      request('alone', name, '-x509', '-days', '20', '-addext', `subjectAltName=DNS:${name}`);
      return { key: read('alone.key'), cert: read('alone.pem') };
    },
    [Symbol.asyncDispose]: async () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** `20260131120000Z`. */
function opensslTime(days: number): string {
  return new Date(Date.now() + days * DAY_MS).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
}
