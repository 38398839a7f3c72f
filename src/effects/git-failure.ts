/** Floor 2. What git says in its own words, as an error of ours: one sentence and the cure. Nothing of it holds a secret. */
import type { SourceConfig } from '../core/config/model.ts';
import type { ErrorCode } from '../core/codes.ts';
import { StsyncError } from '../core/error.ts';

interface Reading {
  readonly words: RegExp;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | ((source: SourceConfig) => string);
  readonly isRetryable?: true;
}

/** The first that fits counts: what ssh or curl said stands before git's own "could not read from remote repository". */
const readings: readonly Reading[] = [
  {
    words: /REMOTE HOST IDENTIFICATION HAS CHANGED/,
    code: 'SOURCE_REFUSED',
    message: 'the host has another key than before',
    hint: 'find out why; if the host was set up anew, remove the old line: ssh-keygen -R HOST',
  },
  {
    words: /Host key verification failed|No \S+ host key is known/,
    code: 'SOURCE_REFUSED',
    message: 'the host key is not known',
    hint: 'get it with ssh-keyscan HOST, compare it with the one the host publishes, and add it to known_hosts of the user that runs stsync',
  },
  {
    words: /UNPROTECTED PRIVATE KEY FILE|bad permissions/,
    code: 'SOURCE_REFUSED',
    message: 'others can read the key file, so ssh does not use it',
    hint: 'chmod 600 the `keyFile`',
  },
  {
    words: /Load key .*:|invalid format|error in libcrypto/,
    code: 'SOURCE_REFUSED',
    message: 'ssh cannot read the key file',
    hint: '`keyFile` is a private key without passphrase, made by ssh-keygen',
  },
  {
    words:
      /Permission denied|Authentication failed|could not read (?:Username|Password)|prompts disabled|error: 40[13]\b|Access denied|HTTP Basic/i,
    code: 'SOURCE_REFUSED',
    message: 'the server does not let stsync read the repository',
    hint: credentialHint,
  },
  {
    words: /certificate|SSL|TLS/,
    code: 'SOURCE_REFUSED',
    message: 'the certificate of the server is not trusted',
    hint: 'git config --global http.sslCAInfo names the certificates to trust',
  },
  {
    words: /dubious ownership/,
    code: 'SOURCE_REFUSED',
    message: 'the repository belongs to another user',
    hint: 'git config --global --add safe.directory PATH, as the user that runs stsync',
  },
  {
    words: /transport '.*' not allowed/,
    code: 'SOURCE_REFUSED',
    message: 'git is not let use this transport',
    hint: 'stsync uses https, ssh and paths; look for url.*.insteadOf in the config of git',
  },
  {
    words: /repository .*not found|does not appear to be a git repository|does not exist|error: 404\b/i,
    code: 'SOURCE_NOT_FOUND',
    message: 'there is no such repository, or it may not be seen',
    hint: 'correct `git:` under `source:`; for a private repository give `keyFile` or `tokenFile`',
  },
  {
    words: /couldn't find remote ref/,
    code: 'SOURCE_NOT_FOUND',
    message: 'the branch is not there',
    hint: 'correct `branch:` under `source:`',
  },
  {
    words: /Could not resolve host|Name or service not known|Temporary failure in name resolution/i,
    code: 'SOURCE_UNREACHABLE',
    message: 'the host of the repository is not found in DNS',
    hint: 'correct `git:` under `source:`, or look at the resolver of this machine',
  },
  {
    words:
      /refused|Failed to connect|Couldn't connect|timed out|No route to host|unreachable|reset|error: 5\d\d\b|early EOF|disconnect|hung up|Empty reply|too slow/i,
    code: 'SOURCE_UNREACHABLE',
    message: 'the server of the repository does not answer as it should',
    hint: 'look whether it runs and whether this machine reaches it; the last commit fetched stays',
    isRetryable: true,
  },
];

/** What `stderr` means. Secrets have been taken out of it. */
export function gitFailure(stderr: string, source: SourceConfig): StsyncError {
  const found = readings.find(({ words }) => words.test(stderr));
  const said = lastLine(stderr);
  if (found === undefined) {
    return new StsyncError('SOURCE_FAILED', `git failed${said === '' ? '' : `: ${said}`}`, {
      hint: 'try the same by hand: git ls-remote URL',
      where: source.git,
      retryable: true,
    });
  }
  const { code, message, hint, isRetryable } = found;
  return new StsyncError(code, said === '' ? message : `${message} (git: ${said})`, {
    hint: typeof hint === 'string' ? hint : hint(source),
    where: source.git,
    retryable: isRetryable === true,
  });
}

function credentialHint({ credential }: SourceConfig): string {
  switch (credential?.kind) {
    case 'key':
      return 'add the public half of `keyFile` to the repository as a deploy key that may read';
    case 'token':
      return '`tokenFile` holds TOKEN or USER:TOKEN; the token has to be valid and may read this repository';
    case undefined:
      return 'give `keyFile` (a deploy key, for ssh) or `tokenFile` (for https) under `source:`';
  }
}

/** The last line that says something, without what only decorates it. */
function lastLine(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.replaceAll(/\p{C}/gu, ' ').trim())
    .filter((line) => line !== '' && !/^(?:and the repository exists|Please make sure)/.test(line));
  const telling = lines.findLast((line) => !/Could not read from remote repository/.test(line)) ?? lines.at(-1) ?? '';
  return telling.replace(/^(?:fatal|error|remote): /i, '').slice(0, 200);
}
