/** A certificate authority of the tests, by openssl: what it issues is trusted through `--ca-file` alone. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Authority {
  readonly caFile: string;
  /** Key and certificate, for 90 days from now. */
  issue(names: readonly string[]): { readonly key: string; readonly cert: string };
}

/** `directory`: an empty one. */
export function makeAuthority(directory: string): Authority {
  const at = (name: string): string => join(directory, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '90'];
  const request = (name: string, ...rest: readonly string[]): void => {
    const files = ['-keyout', at(`${name}.key`), '-out', at(`${name}.pem`)];
    execFileSync('openssl', ['req', '-x509', ...key, ...files, ...rest], { stdio: 'pipe' });
  };
  request('ca', '-subj', '/CN=Test authority');
  let count = 0;
  return {
    caFile: at('ca.pem'),
    issue(names) {
      const name = `leaf${++count}`;
      const subject = [
        '-subj',
        `/CN=${names[0] ?? 'none'}`,
        '-addext',
        `subjectAltName=${names.map((one) => `DNS:${one}`).join()}`,
      ];
      request(name, ...subject, '-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-addext', 'basicConstraints=CA:FALSE');
      return { key: readFileSync(at(`${name}.key`), 'utf8'), cert: readFileSync(at(`${name}.pem`), 'utf8') };
    },
  };
}
