/** Floor 2. The certificate of a TLS peer: what it says, and whether a sender takes it for the name (RFC 8461 §3.3 and §4.2). */
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';

import { printable } from './net/printable.ts';

export interface CertificateFacts {
  /** The DNS names of the SAN, as they stand there. The CN is not read: no sender may (RFC 6125 §6.4.4, RFC 9525). */
  readonly names: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly issuer: string;
  /** The whole chain leads to a root of ours and is in date. */
  readonly isTrusted: boolean;
}

export type CertificateCode = 'CERT_NAME' | 'CERT_EXPIRED' | 'CERT_UNTRUSTED';

/** Why a sender refuses it. Where several things are wrong, `code` is the first and `reason` has all. */
export interface CertificateFault {
  readonly code: CertificateCode;
  /** Finishes "the certificate is not valid: ". */
  readonly reason: string;
  readonly hint: string;
}

export interface CheckedCertificate {
  readonly facts: CertificateFacts;
  readonly fault: CertificateFault | null;
}

/** So many names are listed in a message: shared certificates have a hundred. */
const SHOWN_NAMES = 4;
const DATE_ERRORS = ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'];

/**
 * Facts and fault of the peer's certificate for `host`, after the handshake of `connectTls`; null when the peer showed none. A wildcard in the SAN
 * stands for the whole left-most label and nothing else (§4.2; OpenSSL compares).
 */
export function checkCertificate(socket: TLSSocket, host: string, now: Date): CheckedCertificate | null {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return null;
  const facts = { ...factsOf(certificate), isTrusted: socket.authorized };
  const chainError = socket.authorized ? null : errorName(socket.authorizationError);
  const faults = [
    dateFault(facts, chainError, now),
    chainFault(facts, chainError),
    nameFault(facts, certificate, host),
  ].filter((fault) => fault !== null);
  const [first] = faults;
  const reason = faults.map((fault) => fault.reason).join('; ');
  return { facts, fault: first === undefined ? null : { ...first, reason } };
}

function factsOf(certificate: X509Certificate): Omit<CertificateFacts, 'isTrusted'> {
  return {
    names: dnsNames(certificate.subjectAltName ?? ''),
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    issuer: printable(certificate.issuer.split('\n').join(', ')),
  };
}

/** `DNS:a.example, DNS:"odd, name", IP Address:192.0.2.1`: Node quotes what could be read two ways. */
function dnsNames(subjectAltName: string): readonly string[] {
  const entries = subjectAltName.matchAll(/(?:^|, )DNS:("(?:[^"\\]|\\.)*"|[^,"]*)/g);
  return [...entries].map(([, name = '']) => printable(name));
}

function dateFault(facts: CertificateFacts, chainError: string | null, now: Date): CertificateFault | null {
  const hint = 'renew it, let the server load it, and look at the clock of both machines';
  const fault = (reason: string): CertificateFault => ({ code: 'CERT_EXPIRED', reason, hint });
  if (facts.notAfter < now) return fault(`expired on ${day(facts.notAfter)}`);
  if (facts.notBefore > now) return fault(`not valid before ${day(facts.notBefore)}`);
  if (chainError === null || !DATE_ERRORS.includes(chainError)) return null;
  return fault('a certificate of its chain is out of date');
}

function chainFault(facts: CertificateFacts, chainError: string | null): CertificateFault | null {
  if (chainError === null || DATE_ERRORS.includes(chainError)) return null;
  const isSelfSigned = chainError === 'DEPTH_ZERO_SELF_SIGNED_CERT';
  const hint = isSelfSigned
    ? 'get one from a public authority, such as by ACME; one of your own for a test goes into `world.caFile`'
    : 'serve the full chain (fullchain.pem) of a public authority; a root of your own for a test goes into `world.caFile`';
  const reason = isSelfSigned ? 'self-signed' : `no chain to a public root (${chainError}; issuer ${facts.issuer})`;
  return { code: 'CERT_UNTRUSTED', reason, hint };
}

function nameFault(facts: CertificateFacts, certificate: X509Certificate, host: string): CertificateFault | null {
  const rules = { wildcards: true, partialWildcards: false, multiLabelWildcards: false, singleLabelSubdomains: false };
  if (certificate.checkHost(host, { subject: 'never', ...rules }) !== undefined) return null;
  const more = facts.names.length - SHOWN_NAMES;
  const shown = facts.names.slice(0, SHOWN_NAMES).join(', ') + (more > 0 ? ` and ${more} more` : '');
  const reason = facts.names.length === 0 ? 'it has no DNS name in its SAN' : `made for ${shown}, not for ${host}`;
  const hint = `get one whose SAN names ${host}: the server must choose it by SNI, also where a CNAME leads there`;
  return { code: 'CERT_NAME', reason, hint };
}

function errorName(error: unknown): string {
  if (typeof error === 'string') return error;
  return error instanceof Error ? ('code' in error ? String(error.code) : error.message) : 'unknown';
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
