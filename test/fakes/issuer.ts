/** A CA's signing half in memory: certificates for the key of a request, without a process for each. */
// oxlint-disable-next-line import/no-unassigned-import -- the library needs it before it is there
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';

import {
  AuthorityKeyIdentifierExtension,
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export interface Issuer {
  /** PEM, leaf and root. */
  issue(csr: Uint8Array, host: string, notBefore: Date, notAfter: Date): Promise<string>;
}

export async function makeIssuer(): Promise<Issuer> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const root: X509Certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=Fake Root',
    serialNumber: '01',
    notBefore: new Date('2020-01-01T00:00:00Z'),
    notAfter: new Date('2040-01-01T00:00:00Z'),
    keys,
    signingAlgorithm: ALGORITHM,
  });
  return {
    issue: async (csr, host, notBefore, notAfter) => {
      const request = new Pkcs10CertificateRequest(csr);
      const leaf = await X509CertificateGenerator.create({
        serialNumber: `01${randomBytes(12).toString('hex')}`,
        issuer: root.subject,
        subject: '',
        notBefore,
        notAfter,
        publicKey: request.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        extensions: [
          new SubjectAlternativeNameExtension([{ type: 'dns', value: host }]),
          await AuthorityKeyIdentifierExtension.create(root.publicKey),
        ],
      });
      return `${leaf.toString('pem')}\n${root.toString('pem')}\n`;
    },
  };
}
