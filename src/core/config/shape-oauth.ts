/** Floor 0. `oauth:`, how access tokens are got: by a refresh token, or as the application itself (RFC 6749 §6, §4.4). */
import { failed, parsed, type Parsed } from '../result.ts';
import type { Secret } from '../secret.ts';
import { isLoopback } from './addresses.ts';
import { isFaulty } from './publisher-host.ts';
import { choice, parsedText, type Reader, text, transform } from './readers.ts';
import { byType, object } from './readers-composed.ts';
import { secretText } from './secret-text.ts';
import type { Located } from './source-text.ts';

/** How an access token is got (RFC 6749 §4.4, §6). */
export interface OAuthGrant {
  /** https, or http at loopback. */
  readonly tokenUrl: string;
  readonly clientId: string;
  /** Null: a public client. */
  readonly clientSecret: Secret | null;
  /** Null: the grant is `client_credentials`. */
  readonly refreshToken: Secret | null;
  readonly scope: string | null;
}

const client = {
  tokenUrl: { reader: parsedText('a URL', parseTokenUrl), about: 'Where the provider gives tokens; https.' },
  clientId: { reader: text('the id of a client'), about: 'The id of the application there.' },
  clientSecret: {
    reader: secretText(),
    about: 'Its secret, as ${env:NAME} or ${file:PATH}.',
  },
  scope: { reader: text('a scope'), about: 'What the token is for, as the provider calls it.' },
};

/** `oauth:` of a mailbox. */
export const oauthReader: Reader<OAuthGrant> = byType('`oauth`', {
  'refresh-token': transform(
    object(
      {
        type: { reader: choice(['refresh-token']), about: 'A person has agreed once; the token from then is kept.' },
        refreshToken: { reader: secretText(), about: 'The token from then, as ${env:NAME} or ${file:PATH}.' },
        ...client,
      },
      { what: '`oauth` of type refresh-token', required: ['type', 'tokenUrl', 'clientId', 'refreshToken'] },
    ),
    (values) => grantOf(values),
  ),
  'client-credentials': transform(
    object(
      {
        type: { reader: choice(['client-credentials']), about: 'The application itself may read the mailbox.' },
        ...client,
      },
      {
        what: '`oauth` of type client-credentials',
        required: ['type', 'tokenUrl', 'clientId', 'clientSecret', 'scope'],
      },
    ),
    (values) => grantOf(values),
  ),
});

interface GrantValues {
  readonly tokenUrl?: Located<string>;
  readonly clientId?: Located<string>;
  readonly clientSecret?: Located<Secret>;
  readonly refreshToken?: Located<Secret>;
  readonly scope?: Located<string>;
}

function grantOf(values: GrantValues): OAuthGrant | undefined {
  const { tokenUrl, clientId, clientSecret, refreshToken, scope } = values;
  if (tokenUrl?.value === undefined || clientId?.value === undefined || Object.values(values).some(isFaulty))
    return undefined;
  return {
    tokenUrl: tokenUrl.value,
    clientId: clientId.value,
    clientSecret: clientSecret?.value ?? null,
    refreshToken: refreshToken?.value ?? null,
    scope: scope?.value ?? null,
  };
}

/** The secret of the client goes there. */
function parseTokenUrl(value: string): Parsed<string> {
  const url = URL.parse(value);
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackHost(url.hostname));
  return url !== null && isSafe && url.username === '' && url.password === ''
    ? parsed(value)
    : failed('BAD_URL', 'the URL for tokens is not https, or holds a user name', {
        hint: 'write "https://oauth2.googleapis.com/token"',
      });
}

function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || isLoopback(`${hostname}:80`);
}
