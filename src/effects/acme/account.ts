/** Floor 2. The account at a CA: found by its key, made when there is none, its key changed (RFC 8555 §7.3). */
import type { AcmeAnswer } from './answer.ts';
import { listOf, parseObject, textOf, urlOf } from './json.ts';
import { type AccountKey, bindExternalAccount, readAccountKey, signJws } from './jws.ts';
import { AcmeProblem, badAnswer, ownProblem } from './problem.ts';
import type { PostOptions, Session } from './session.ts';

export interface ExternalAccount {
  readonly keyId: string;
  /** base64url, as the CA hands it out. A secret. */
  readonly hmacKey: string;
}

export interface AccountOptions {
  readonly keyPem: string;
  readonly contact: readonly string[];
  readonly externalAccount: ExternalAccount | null;
}

export interface Account {
  /** Its URL. One that is there is found; else it is made, and the terms of the CA are agreed to. */
  url(): Promise<string>;
  readonly key: AccountKey;
  /** A request of the account. Throws `AcmeProblem`. */
  post(url: string, payload: object | null, options: PostOptions): Promise<AcmeAnswer>;
  rollOver(newKeyPem: string): Promise<void>;
}

export function openAccount(session: Session, { keyPem, contact, externalAccount }: AccountOptions): Account {
  let key = readAccountKey(keyPem);
  let known: Promise<string> | null = null;

  async function findOrMake(): Promise<string> {
    const { newAccount, isExternalAccountRequired, termsOfService } = await session.directory();
    const found = await find(session, key);
    if (found !== null) {
      await updateContact(found);
      return found.url;
    }
    if (isExternalAccountRequired && externalAccount === null) {
      throw ownProblem('externalAccountRequired', 'account', 'it wants an external account binding', newAccount);
    }
    const binding =
      externalAccount === null
        ? null
        : bindExternalAccount(key, newAccount, externalAccount.keyId, externalAccount.hmacKey);
    const payload = {
      ...(termsOfService === null ? {} : { termsOfServiceAgreed: true }),
      ...(contact.length === 0 ? {} : { contact }),
      ...(binding === null ? {} : { externalAccountBinding: binding }),
    };
    return accountUrl(await session.post(key, { jwk: key.jwk }, newAccount, payload, { subject: 'account' }));
  }

  /** §7.3.2. A CA that keeps no contacts (Let's Encrypt) shows none, and is left alone. */
  async function updateContact({ url: at, shown }: Found): Promise<void> {
    if (shown === null || contact.length === 0 || shown.toSorted().join(' ') === contact.toSorted().join(' ')) return;
    await session.post(key, { kid: at }, at, { contact }, { subject: 'account' });
  }

  function url(): Promise<string> {
    if (known !== null) return known;
    const asked = findOrMake();
    known = asked;
    asked.catch(() => forget(asked));
    return asked;
  }

  function forget(asked: Promise<string>): void {
    if (known === asked) known = null;
  }

  function adopt(newKey: AccountKey, accountAt: string): void {
    key = newKey;
    known = Promise.resolve(accountAt);
  }

  return {
    url,
    get key() {
      return key;
    },
    post: async (target, payload, options) => {
      const asked = url();
      const kid = await asked;
      try {
        return await session.post(key, { kid }, target, payload, options);
      } catch (error) {
        // The next call looks for the account again.
        if (error instanceof AcmeProblem && error.type === 'accountDoesNotExist') forget(asked);
        throw error;
      }
    },
    /** §7.3.5: the new key signs what is asked, the old one signs that it is asked. */
    rollOver: async (newKeyPem) => {
      const newKey = readAccountKey(newKeyPem);
      const { keyChange } = await session.directory();
      // After a crash, or when the answer was lost, the CA may know the new key already.
      const changed = await find(session, newKey);
      if (changed !== null) return adopt(newKey, changed.url);
      const old = await find(session, key);
      if (old === null)
        throw ownProblem('accountDoesNotExist', 'account', 'it knows neither the old key nor the new one', '');
      if (keyChange === null)
        throw ownProblem('unsupported', 'account', 'it cannot change the key of an account', old.url);
      const inner = signJws(newKey, { jwk: newKey.jwk }, keyChange, undefined, { account: old.url, oldKey: key.jwk });
      await session.post(key, { kid: old.url }, keyChange, inner, { subject: 'account' });
      adopt(newKey, old.url);
    },
  };
}

interface Found {
  readonly url: string;
  /** Null: the CA shows no contacts. */
  readonly shown: readonly string[] | null;
}

/** §7.3.1: the account of a key, none is made. */
async function find(session: Session, key: AccountKey): Promise<Found | null> {
  const { newAccount } = await session.directory();
  try {
    const payload = { onlyReturnExisting: true };
    const answer = await session.post(key, { jwk: key.jwk }, newAccount, payload, { subject: 'account' });
    const contact = parseObject(answer.body)?.['contact'];
    return { url: accountUrl(answer), shown: Array.isArray(contact) ? listOf(contact, textOf) : null };
  } catch (error) {
    if (error instanceof AcmeProblem && error.type === 'accountDoesNotExist') return null;
    throw error;
  }
}

function accountUrl(answer: AcmeAnswer): string {
  const url = urlOf(answer.location);
  if (url === null) throw badAnswer(answer, 'no URL of the account');
  return url;
}
