/** Floor 0. `${env:NAME}` and `${file:PATH}`: text that may hold secrets, and the refusal of secrets written out in the YAML. */
import { Secret } from '../secret.ts';
import type { StateConfig } from './model.ts';
import { kindOf, type Reading, textOf, type YamlNode } from './reading.ts';
import type { Reader } from './readers.ts';

/** Any `${...}`; what stands inside is judged afterwards, so that a misspelt one is a fault and no literal. */
const ANY_REFERENCE = /\$\{([^}]*)\}/g;
const REFERENCE_PARTS = /^(env|file):(.+)$/s;
const CURE = 'write "${env:NAME}" or "${file:PATH}"';
const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

/**
 * An option that is secret: text with at least one reference. A secret written out is refused: the YAML lives in Git.
 * Codes: `WRONG_TYPE`, `SECRET_IN_YAML`, `MISSING_SECRET` (names the variable or the file, never a value).
 */
export function secretText(): Reader<Secret> {
  return {
    read(node, label, reading) {
      const value = textOf(node);
      if (value === null && kindOf(node) !== 'number') return reading.wrongType(node, label, 'a secret', CURE);
      // A number is a secret written out too, and must not be printed.
      if (value === null || !value.includes('${')) {
        return reading.fault(node, 'SECRET_IN_YAML', `\`${label}\` is a secret and does not belong in the YAML`, CURE);
      }
      const filled = fillReferences(value, node, label, reading);
      return filled === undefined ? undefined : new Secret(filled);
    },
    schema: () => ({ type: 'string', pattern: String.raw`\$\{(env|file):[^}]+\}` }),
  };
}

/**
 * The `state:` option: a path (made absolute) or a database URL, which may hold references. A URL with a password written out is refused. Codes as {@link secretText}.
 */
export function stateText(): Reader<StateConfig> {
  return {
    read(node, label, reading) {
      const value = textOf(node);
      if (value === null) return reading.wrongType(node, label, 'a path or a database URL');
      if (value === '')
        return reading.fault(node, 'BAD_VALUE', `\`${label}\` is empty; it has to be a path or a database URL`);
      const stateOf = (text: string): StateConfig =>
        SCHEME.test(text) ? { kind: 'url', url: new Secret(text) } : { kind: 'file', path: reading.path(text) };
      if (value.includes('${')) {
        const filled = fillReferences(value, node, label, reading);
        return filled === undefined ? undefined : stateOf(filled);
      }
      if (/^[a-z][a-z0-9+.-]*:\/\/[^/@]*:[^/@]+@/i.test(value)) {
        return reading.fault(
          node,
          'SECRET_IN_YAML',
          `\`${label}\` holds a password, which does not belong in the YAML`,
          CURE,
        );
      }
      return stateOf(value);
    },
    schema: () => ({ type: 'string', minLength: 1 }),
  };
}

/** Hosts whose URLs are secrets as a whole: whoever knows one can post there (Slack, Teams). */
const SECRET_HOST = /^hooks\.slack\.com$|\.(?:webhook\.office|logic\.azure|powerplatform)\.com$/;

/** An http or https URL, which may hold references or be one. A URL that is or holds a secret is refused when it is written out. Codes as {@link secretText}, and `BAD_URL`. */
export function secretUrl(): Reader<Secret> {
  return {
    read(node, label, reading) {
      const value = textOf(node);
      if (value === null) return reading.wrongType(node, label, 'a URL', CURE);
      const filled = value.includes('${') ? fillReferences(value, node, label, reading) : value;
      if (filled === undefined) return undefined;
      const url = URL.parse(filled);
      if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
        // Not echoed: it may be a secret.
        return reading.fault(node, 'BAD_URL', `\`${label}\` is not an http or https URL`);
      }
      if (filled === value && (url.password !== '' || SECRET_HOST.test(url.hostname))) {
        const message = `\`${label}\` is a URL that holds a secret, which does not belong in the YAML`;
        return reading.fault(node, 'SECRET_IN_YAML', message, CURE);
      }
      return new Secret(filled);
    },
    schema: () => ({ type: 'string', minLength: 1 }),
  };
}

/** The text with every reference replaced by its secret, or undefined with a fault for each one that is missing or misspelt. */
function fillReferences(value: string, node: YamlNode, label: string, reading: Reading): string | undefined {
  let isGood = !/\$\{[^}]*$/.test(value);
  if (!isGood) reading.fault(node, 'BAD_VALUE', `\`${label}\` has a "\${" without its "}"`, CURE);
  const filled = value.replaceAll(ANY_REFERENCE, (_whole, inside: string) => {
    const secret = findSecret(inside, node, label, reading);
    if (secret === undefined) isGood = false;
    return secret ?? '';
  });
  return isGood ? filled : undefined;
}

function findSecret(inside: string, node: YamlNode, label: string, reading: Reading): string | undefined {
  const [, kind, name] = REFERENCE_PARTS.exec(inside) ?? [];
  if (kind === undefined || name === undefined) {
    // Not echoed: somebody may have put the secret itself between the braces.
    return reading.fault(node, 'BAD_VALUE', `\`${label}\` has a reference that is neither env: nor file:`, CURE);
  }
  const { secrets } = reading.context;
  const found = kind === 'env' ? secrets.env(name) : secrets.file(reading.path(name));
  if (found !== undefined && found !== null && found !== '') return found;
  const what = kind === 'env' ? `the environment variable ${name}` : `the file ${name}`;
  const state = found === '' ? 'is empty' : kind === 'env' ? 'is not set' : 'cannot be read';
  const cure =
    kind === 'env'
      ? `set it where stsync runs: export ${name}=...`
      : 'write the secret into it, for the user that runs stsync to read';
  return reading.fault(node, 'MISSING_SECRET', `${what}, which \`${label}\` asks for, ${state}`, cure);
}
