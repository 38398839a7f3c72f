/** Floor 3. The account at a CA as the state keeps it. */
import { type Acme, makeKey } from '../../effects/acme/client.ts';
import type { CertificateStore, StoredAccount } from '../../effects/certificate-store.ts';

type Accounts = Pick<CertificateStore, 'account' | 'saveAccount'>;

/** The key to open a client with; made and kept when there is none: the account itself is made by the first order. */
export function accountKey(store: Accounts, directoryUrl: string): string {
  return keptAccount(store, directoryUrl).keyPem;
}

/** Keeps the URL of the account, for CAA that names it (RFC 8657). Throws `AcmeProblem`. */
export async function learnAccountUrl(acme: Acme, store: Accounts, directoryUrl: string): Promise<string> {
  const url = await acme.account();
  const account = keptAccount(store, directoryUrl);
  if (account.url !== url) store.saveAccount(directoryUrl, { ...account, url });
  return url;
}

function keptAccount(store: Accounts, directoryUrl: string): StoredAccount {
  const kept = store.account(directoryUrl);
  if (kept !== null) return kept;
  const made = { keyPem: makeKey(), newKeyPem: null, url: null };
  store.saveAccount(directoryUrl, made);
  return made;
}
