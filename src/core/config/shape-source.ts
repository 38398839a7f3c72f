/** Floor 0. `source:`, the Git repository that holds the YAML. */
import { failed, parsed, type Parsed } from '../result.ts';
import { duration, parsedText, path, type Reader, transform } from './readers.ts';
import { object } from './readers-composed.ts';
import type { SourceConfig } from './model.ts';
import type { Reading } from './reading.ts';

const MINUTE = 60;
const DAY = 86_400;
const HINT = 'write "https://git.example.net/dns.git", "git@git.example.net:dns.git" or a path';

/** A source before the place of its clone is known. */
export type SourceValues = Omit<SourceConfig, 'directory'>;

export const sourceReader: Reader<SourceValues> = transform(
  object(
    {
      git: {
        reader: transform(parsedText('the URL of a repository', parseRepository), (value, _node, _label, reading) =>
          located(value, reading),
        ),
        about: 'URL of the repository (https, ssh or a path), without password or token.',
      },
      branch: { reader: parsedText('the name of a branch', parseBranch), about: 'Branch to follow (default main).' },
      path: {
        reader: parsedText('a path in the repository', parseInnerPath),
        about: 'File or folder in the repository that holds the YAML (default its root).',
      },
      interval: {
        reader: duration(5, DAY),
        about: 'How often the daemon asks the repository for a new commit (default 1m).',
      },
      keyFile: { reader: path(), about: 'Private key for ssh (a deploy key); without it ssh finds one as always.' },
      tokenFile: { reader: path(), about: 'File with a token for https, TOKEN or USER:TOKEN.' },
    },
    { what: '`source`', required: ['git'] },
  ),
  (values, node, _label, reading): SourceValues | undefined => {
    const { git, branch, path: inner, interval, keyFile, tokenFile } = values;
    const isFaulty = Object.values(values).some((one) => one.value === undefined);
    if (isFaulty || git?.value === undefined) return undefined;
    if (keyFile !== undefined && tokenFile !== undefined) {
      const message = '`source` has both `keyFile` (for ssh) and `tokenFile` (for https)';
      return reading.fault(node, 'EXCLUSIVE_KEYS', message, 'keep the one that goes with the URL');
    }
    const objection = objectionToCredential(git.value, keyFile !== undefined, tokenFile !== undefined);
    if (objection !== null)
      return reading.fault(node, 'BAD_VALUE', objection, 'ssh takes `keyFile`, https `tokenFile`');
    return {
      git: git.value,
      branch: branch?.value ?? 'main',
      path: inner?.value ?? '.',
      intervalSeconds: interval?.value ?? MINUTE,
      credential:
        keyFile?.value !== undefined
          ? { kind: 'key', file: keyFile.value }
          : tokenFile?.value !== undefined
            ? { kind: 'token', file: tokenFile.value }
            : null,
    };
  },
);

/** Is it reached by ssh? `ssh://...` or git's short form `user@host:path`. */
function isSsh(repository: string): boolean {
  return /^ssh:\/\//i.test(repository) || SHORT_FORM.test(repository);
}

function objectionToCredential(repository: string, hasKey: boolean, hasToken: boolean): string | null {
  if (hasKey && !isSsh(repository)) return '`keyFile` is for ssh, and the repository is not reached by ssh';
  if (hasToken && !/^https?:\/\//i.test(repository))
    return '`tokenFile` is for https, and the repository is not reached by https';
  return null;
}

/** `user@host:path`, `host:path`; a slash before the colon makes it a path, a host of one letter would be a drive. */
const SHORT_FORM = /^(?:[A-Za-z0-9][\w.-]*@)?(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9][\w.-]+):(?!\/\/)(?!:)[^-].*$/;

function bad(message: string, hint = HINT): Parsed<never> {
  return failed('BAD_URL', message, { hint });
}

/**
 * What git is given has to be a plain address: no transport helper (`ext::sh -c ...` runs a command), nothing that looks like an option, no
 * password, and no plain http but on this machine: whoever sits on the way could change the YAML.
 */
function parseRepository(text: string): Parsed<string> {
  if (/\p{Cc}|^-|^\s|\s$/u.test(text)) return bad('the repository is no URL that git can be given');
  if (/^[A-Za-z0-9+.-]*::/.test(text)) return bad('a transport helper (`NAME::`) is not used: it can run any command');
  const [, scheme] = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(text) ?? [];
  if (scheme === undefined) return parsed(text);
  const url = URL.parse(text);
  if (url === null) return bad('the repository is not a URL');
  if (url.password !== '') {
    return bad('the URL of the repository holds a password', 'put it into a file and name that as `tokenFile`');
  }
  switch (scheme.toLowerCase()) {
    case 'ssh':
      // The host goes to ssh, where one that begins with a dash would be an option.
      return /^(?:[A-Za-z0-9]|\[)/.test(url.hostname) && !url.username.startsWith('-')
        ? parsed(text)
        : bad('the repository has no host');
    case 'file':
      return parsed(text);
    case 'https':
    case 'http':
      break;
    default:
      return bad(`a repository is not reached by ${scheme.slice(0, 20)}`);
  }
  // A token is often written as the user name.
  if (url.username !== '') {
    return bad(
      'the URL of the repository holds a user name, which for https is as good as a password',
      'put USER:TOKEN into a file and name that as `tokenFile`',
    );
  }
  if (scheme.toLowerCase() === 'http' && !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname)) {
    return bad('over plain http anybody on the way could change the YAML', 'use https or ssh');
  }
  return parsed(text);
}

/** A path is relative to the file that names it, as every path of the YAML. */
function located(repository: string, reading: Reading): string {
  const isUrl = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(repository) || SHORT_FORM.test(repository);
  return isUrl ? repository : reading.path(repository);
}

/** The names that git takes for a branch (git-check-ref-format). */
function parseBranch(text: string): Parsed<string> {
  const isBad =
    /[\p{Cc} ~^:?*[\\]|\.\.|@\{|\/\/|^[-/]|[/.]$|\.lock(?:\/|$)|(?:^|\/)\./u.test(text) ||
    text === '@' ||
    text.length > 200;
  return isBad
    ? failed('BAD_VALUE', `"${text.slice(0, 60)}" cannot be the name of a branch`, { hint: 'write "main"' })
    : parsed(text.replace(/^refs\/heads\//, ''));
}

/** Gives the path with single slashes and without `.` in it; `.` alone is the root. */
function parseInnerPath(text: string): Parsed<string> {
  const names = text.split('/').filter((name) => name !== '' && name !== '.');
  const isOutside =
    /^[/\\]|^[A-Za-z]:/.test(text) || names.some((name) => name === '..' || name.toLowerCase() === '.git');
  return isOutside || /\p{Cc}/u.test(text)
    ? failed('BAD_VALUE', `"${text.slice(0, 60)}" is not a path inside the repository`, { hint: 'write "domains"' })
    : parsed(names.length === 0 ? '.' : names.join('/'));
}
