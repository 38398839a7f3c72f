/** Floor 3. The account at a CA as the state keeps it: made when there is none, and its key changed so that a crash at any moment leaves one that works. */
import { type Acme, makeKey } from '../../effects/acme/client.ts';
import type { CertificateStore, StoredAccount } from '../../effects/certificate-store.ts';

type Accounts = Pick<CertificateStore, 'account' | 'saveAccount'>;

/** The key to open a client with; made and kept when there is none: the account itself is made by the first order. */
export function accountKey(store: Accounts, directoryUrl: string): string {
  return keptAccount(store, directoryUrl).keyPem;
}

/** Finishes a change of the key that a crash cut off. To be called once with a new client, before it is used. Throws `AcmeProblem`. */
export async function settleAccount(acme: Acme, store: Accounts, directoryUrl: string): Promise<void> {
  const { newKeyPem } = keptAccount(store, directoryUrl);
  if (newKeyPem !== null) await finishChange(acme, store, directoryUrl, newKeyPem);
}

/** Changes the key of the account (RFC 8555 §7.3.5). Throws `AcmeProblem`; the change is then finished by `settleAccount`. */
export async function changeAccountKey(acme: Acme, store: Accounts, directoryUrl: string): Promise<void> {
  const account = keptAccount(store, directoryUrl);
  const newKeyPem = account.newKeyPem ?? makeKey();
  // Before the CA hears of it: else a crash would leave an account whose key nobody has.
  store.saveAccount(directoryUrl, { ...account, newKeyPem });
  await finishChange(acme, store, directoryUrl, newKeyPem);
}

/** Keeps the URL of the account, for CAA that names it (RFC 8657). Throws `AcmeProblem`. */
export async function learnAccountUrl(acme: Acme, store: Accounts, directoryUrl: string): Promise<string> {
  const url = await acme.account();
  const account = keptAccount(store, directoryUrl);
  if (account.url !== url) store.saveAccount(directoryUrl, { ...account, url });
  return url;
}

async function finishChange(acme: Acme, store: Accounts, directoryUrl: string, newKeyPem: string): Promise<void> {
  await acme.rollOver(newKeyPem);
  store.saveAccount(directoryUrl, { ...keptAccount(store, directoryUrl), keyPem: newKeyPem, newKeyPem: null });
}

function keptAccount(store: Accounts, directoryUrl: string): StoredAccount {
  const kept = store.account(directoryUrl);
  if (kept !== null) return kept;
  const made = { keyPem: makeKey(), newKeyPem: null, url: null };
  store.saveAccount(directoryUrl, made);
  return made;
}
