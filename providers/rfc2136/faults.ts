/** What can go wrong with the server, in words, each with its cure. No message holds a secret. */
import { StsyncError } from '../../src/core/error.ts';
import type { TsigKey } from './key.ts';
import type { ServerAddress } from './server.ts';

const LOOK = 'look whether the server runs and takes TCP at this address (a firewall?), then run again';

/** Who was asked, with which key, about what. `name`: the zone or record name. */
export interface Asked {
  readonly server: ServerAddress;
  readonly key: TsigKey;
  readonly name: string;
  readonly isUpdate: boolean;
}

/** No connection came to be. */
export function unreachable(server: ServerAddress, error: Error): StsyncError {
  const code = reasonOf(error);
  const isUnknown = code === 'ENOTFOUND' || code === 'EAI_AGAIN';
  return new StsyncError(
    'PROVIDER_UNREACHABLE',
    `the name server ${server.text} ${isUnknown ? 'has no address' : 'cannot be reached'}: ${code}`,
    { hint: isUnknown ? 'correct `server` of the provider' : LOOK, where: server.text, retryable: true, cause: error },
  );
}

export function brokenConnection(server: ServerAddress, error: Error | null): StsyncError {
  return new StsyncError(
    'PROVIDER_UNREACHABLE',
    `the name server ${server.text} closed the connection before it answered${error === null ? '' : `: ${reasonOf(error)}`}`,
    { hint: LOOK, where: server.text, retryable: true, cause: error ?? undefined },
  );
}

/** `what`: `it did not answer`. */
export function timedOut(server: ServerAddress, timeoutMs: number, what: string): StsyncError {
  return new StsyncError(
    'PROVIDER_TIMEOUT',
    `the name server ${server.text} was waited for in vain: ${what} within ${timeoutMs / 1000} s`,
    { hint: LOOK, where: server.text, retryable: true },
  );
}

/** An answer that is none, or that nobody should believe: what was asked for may have been done. */
export function badAnswer(server: ServerAddress, what: string): StsyncError {
  return new StsyncError('PROVIDER_BAD_ANSWER', `the name server ${server.text} gave ${what}`, {
    hint: 'look whether a name server, and nothing in between, answers at this address, then run again',
    where: server.text,
    retryable: true,
  });
}

/** The server says no. */
export function denied({ name }: Asked, message: string, hint: string): StsyncError {
  return new StsyncError('PROVIDER_DENIED', message, { hint, where: name });
}

export function zoneNotFound({ name }: Pick<Asked, 'name'>, message: string, hint: string): StsyncError {
  return new StsyncError('ZONE_NOT_FOUND', message, { hint, where: name });
}

function reasonOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.message;
}
