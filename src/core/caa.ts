/** Floor 0. CAA records: which authorities may issue for a name, and how (RFC 8659 §4, RFC 8657). Texts as `0 issue "ca.example; key=value"`. */

/** The set that counts for a name (RFC 8659 §3), and where it stands; name null: there is none. */
export interface CaaSet {
  readonly name: string | null;
  readonly texts: readonly string[];
}

interface CaaRecord {
  readonly isCritical: boolean;
  readonly tag: string;
  readonly value: string;
}

interface IssueValue {
  /** Empty: nobody. */
  readonly issuer: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** What a CA can ask of a certificate without a wildcard. */
export interface Issuance {
  /** The names that the CA answers to; empty: it does not say. */
  readonly identities: readonly string[];
  /** `http-01`. */
  readonly method: string;
  /** Null: not known yet. */
  readonly accountUrl: string | null;
}

/** Of a critical record with another tag no CA may issue (§4.5). */
const KNOWN_TAGS = ['issue', 'issuewild', 'iodef', 'issuemail', 'issuevmc', 'contactemail', 'contactphone'];

/** The authorities that a set lets issue certificates without wildcards; null: it says nothing about them. Empty: nobody. */
export function caaIssuers(texts: readonly string[]): readonly string[] | null {
  const values = issueValues(texts);
  if (values.length === 0) return null;
  return values.map(({ issuer }) => issuer).filter((issuer) => issuer !== '');
}

/** Why the set keeps a CA from issuing, to finish "CAA at NAME ..."; null: it does not. */
export function caaRefusal(texts: readonly string[], { identities, method, accountUrl }: Issuance): string | null {
  const unknown = texts.map(parseCaa).find((one) => one?.isCritical === true && !KNOWN_TAGS.includes(one.tag));
  if (unknown != null) return `has the critical property "${unknown.tag}", which no authority knows`;
  const values = issueValues(texts);
  if (values.length === 0) return null;
  const names = identities.map((one) => one.toLowerCase());
  // A CA that does not say its names may be any of those that are there.
  const own = values.filter(({ issuer }) => issuer !== '' && (names.length === 0 || names.includes(issuer)));
  if (own.length === 0) {
    const allowed = caaIssuers(texts) ?? [];
    return allowed.length === 0
      ? 'lets no authority make certificates'
      : `lets only ${allowed.join(', ')} make certificates, and the CA is ${names.join(', ')}`;
  }
  if (own.some((one) => allowsWay(one, method, accountUrl))) return null;
  return `lets the CA make certificates only with ${own.map(conditions).join(', or with ')}`;
}

function issueValues(texts: readonly string[]): readonly IssueValue[] {
  return texts.flatMap((text) => {
    const record = parseCaa(text);
    return record?.tag === 'issue' ? [parseIssueValue(record.value)] : [];
  });
}

function parseCaa(text: string): CaaRecord | null {
  const [, flags, tag, value] = /^(\d+) ([a-z0-9]+) "(.*)"$/is.exec(text.trim()) ?? [];
  if (flags === undefined || tag === undefined || value === undefined) return null;
  return { isCritical: (Number(flags) & 128) !== 0, tag: tag.toLowerCase(), value: value.replaceAll(/\\(.)/g, '$1') };
}

/** §4.2: `ca.example; account=230123`. */
function parseIssueValue(value: string): IssueValue {
  const [issuer = '', ...parameters] = value.split(';').map((part) => part.trim());
  const pairs = parameters.map((one) => /^([^=\s]+)\s*=\s*(\S*)$/.exec(one)).filter((one) => one !== null);
  return {
    issuer: issuer.toLowerCase(),
    parameters: new Map(pairs.map(([, name = '', text = '']) => [name.toLowerCase(), text])),
  };
}

/** RFC 8657 §3, §4. */
function allowsWay({ parameters }: IssueValue, method: string, accountUrl: string | null): boolean {
  const methods = parameters.get('validationmethods');
  const account = parameters.get('accounturi');
  const isMethod = methods === undefined || methods.toLowerCase().split(',').includes(method);
  return isMethod && (account === undefined || accountUrl === null || account === accountUrl);
}

function conditions({ parameters }: IssueValue): string {
  return [...parameters].map(([name, value]) => `${name}=${value}`).join(' and ');
}
