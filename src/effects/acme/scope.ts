/** Floor 2. What a problem of a CA stops (RFC 8555 §6.7, RFC 9773 §7.4). */

/**
 * What a problem stops. `account`: everything, until a person acts. `queue`: everything until Retry-After, and no domain is to blame.
 * `domain`: this order; others go on. `network`: the CA cannot be reached, fails itself, or makes no sense; the same call may succeed later.
 */
export type AcmeScope = 'account' | 'queue' | 'domain' | 'network';

/** What was asked for: the same type means another thing for the account than for an order. */
export type AcmeSubject = 'account' | 'new-order' | 'order';

/** `type`: the last part of the URN; `status`: of HTTP, 0 inside an authorization or order. */
export function scopeOf(type: string, status: number, subject: AcmeSubject): AcmeScope {
  switch (type) {
    // Also with 503: Boulder says it under load.
    case 'rateLimited':
      return 'queue';
    case 'accountDoesNotExist':
    case 'badSignatureAlgorithm':
    case 'externalAccountRequired':
    case 'invalidContact':
    case 'invalidProfile':
    case 'unsupportedContact':
    case 'userActionRequired':
      return 'account';
    case 'badNonce':
    case 'serverInternal':
      return 'network';
    // RFC 8555 §7.3.6: so an account is answered that was deactivated. Of a challenge it says that the token was not found.
    case 'unauthorized':
      return subject === 'order' ? 'domain' : 'account';
    default:
      if (status === 429) return 'queue';
      if (status >= 500) return 'network';
      return subject === 'account' ? 'account' : 'domain';
  }
}
