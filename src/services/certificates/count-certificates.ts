/** Floor 3. Certificates by ACME in numbers, for the metrics: how many hosts have one, when the first ends, what became of orders. */
import type { CertificateGlance, WantedCertificate } from '../../core/certificates/model.ts';

export interface CertificateCounts {
  /** Of the hosts wanted: with a certificate that is good, without one, and those of the latter whose last attempt failed. */
  readonly held: number;
  readonly missing: number;
  readonly failing: number;
  /** The end of the certificate in use that ends first; null: there is none. */
  readonly endsFirstAt: Date | null;
  /** Over the life of the process. */
  readonly issued: number;
  readonly failed: number;
}

export interface CertificateCounter {
  /** What is wanted from now on, and what the state has. */
  look(wanted: readonly WantedCertificate[], known: readonly CertificateGlance[], now: Date): void;
  issued(): void;
  failed(): void;
  /** Null: no certificate is to come by ACME. */
  readonly counts: () => CertificateCounts | null;
}

export function openCertificateCounter(): CertificateCounter {
  let [issued, failed] = [0, 0];
  let seen: Pick<CertificateCounts, 'held' | 'missing' | 'failing' | 'endsFirstAt'> | null = null;
  return {
    look: (wanted, known, now) => {
      const byHost = new Map(known.map((one) => [one.host, one]));
      const all = wanted.map(({ host }) => byHost.get(host));
      const ends = all.flatMap((one) => one?.notAfter ?? []).filter((end) => end > now);
      const failing = all.filter((one) => (one?.notAfter ?? now) <= now && one?.hasFailed === true);
      const first = ends.reduce<Date | null>((least, end) => (least === null || end < least ? end : least), null);
      seen = { held: ends.length, missing: all.length - ends.length, failing: failing.length, endsFirstAt: first };
    },
    issued: () => void issued++,
    failed: () => void failed++,
    counts: () => (seen === null ? null : { ...seen, issued, failed }),
  };
}
