/** What an answer means: is it believed (RFC 8945 §5.3), and what does its rcode say (RFC 1035 §4.1.1, RFC 2136 §3)? In words, with the cure. */
import { StsyncError } from '../../src/core/error.ts';
import { badAnswer, denied, zoneNotFound, type Asked } from './faults.ts';
import type { Message } from './message.ts';
import { FUDGE_SECONDS, TSIG_ERRORS, type Verdict } from './tsig.ts';

/** Rcodes that a question may have: the name is there, or it is not. Of an update only the first is good. */
const SUCCESS: readonly string[] = ['NOERROR', 'NXDOMAIN'];

/** Why the signature speaks against the answer; null: it is rightly signed, or an error, which need not be (RFC 8945 §5.3.2). */
export function signatureFault(asked: Asked, { rcode }: Message, verdict: Verdict): StsyncError | null {
  const { key, server } = asked;
  switch (verdict.kind) {
    case 'forged':
      return badAnswer(server, `an answer that the key ${key.name} did not sign: ${verdict.reason}`);
    case 'late':
      return badAnswer(
        server,
        `an answer signed ${apart(verdict.aheadSeconds)} our clock: an old one, or a wrong clock`,
      );
    case 'unsigned':
      if (verdict.error !== null && verdict.error !== 0) return tsigFault(asked, verdict.error, null);
      return SUCCESS.includes(rcode)
        ? badAnswer(server, `an answer without a signature, though it was asked with the key ${key.name}`)
        : null;
    case 'signed':
      return verdict.error === 0 ? null : tsigFault(asked, verdict.error, verdict.aheadSeconds);
  }
}

/** What an rcode other than success means; null: success. An update that a precondition stopped is `CHANGED_SINCE_READ`. */
export function rcodeFault(asked: Asked, { rcode }: Message): StsyncError | null {
  const { server, key, name, isUpdate } = asked;
  if (rcode === 'NOERROR' || (rcode === 'NXDOMAIN' && !isUpdate)) return null;
  switch (rcode) {
    // RFC 2136 §2.2: what a precondition that does not hold is answered with.
    case 'NXDOMAIN':
    case 'YXDOMAIN':
    case 'YXRRSET':
    case 'NXRRSET':
      return new StsyncError('CHANGED_SINCE_READ', `${name} was changed at ${server.text} a moment ago (${rcode})`, {
        hint: 'somebody else changed a record; run stsync again to see the new difference',
        where: name,
      });
    case 'REFUSED':
      return isUpdate
        ? denied(
            asked,
            `${server.text} refuses to change ${name} with the key ${key.name} (REFUSED)`,
            'give the key the right to change this name and type, and name the primary server; PowerDNS says the same for an unknown key, a wrong secret and a wrong clock',
          )
        : zoneNotFound(
            asked,
            `${server.text} does not answer for ${name} (REFUSED)`,
            'name the primary server of the zone in `server`, or let the key ask it (allow-query)',
          );
    case 'NOTAUTH':
      return isUpdate
        ? zoneNotFound(
            asked,
            `${server.text} is not the primary of the zone of ${name} (NOTAUTH)`,
            'name the primary server of the zone in `server`',
          )
        : denied(
            asked,
            `${server.text} does not accept the key ${key.name} (NOTAUTH)`,
            'compare name, algorithm and secret of the key with the server, and the clocks',
          );
    case 'NOTZONE':
      return zoneNotFound(
        asked,
        `${server.text} says that ${name} is outside the zone (NOTZONE)`,
        'look whether the zone was changed on the server, then run again',
      );
    case 'SERVFAIL':
      return new StsyncError('PROVIDER_FAILED', `${server.text} failed on ${name} (SERVFAIL)`, {
        hint: 'look into the log of the server: a zone that is not loaded or has expired, a journal that cannot be written',
        where: name,
        retryable: true,
      });
    default:
      return new StsyncError(
        'PROVIDER_REFUSED',
        `${server.text} does not take ${isUpdate ? 'updates' : 'questions'} of ${name} (${rcode})`,
        { hint: 'look into the log of the server; not every server takes dynamic updates', where: name },
      );
  }
}

/** RFC 8945 §5.2: what the server has against the signature of the request. */
function tsigFault(asked: Asked, error: number, aheadSeconds: number | null): StsyncError {
  const { server, key, name, isUpdate } = asked;
  switch (error) {
    case TSIG_ERRORS.BADSIG:
      return denied(
        asked,
        `${server.text} does not accept the signature of the key ${key.name} (BADSIG): it has another secret`,
        'copy the secret of the key from the server once more',
      );
    case TSIG_ERRORS.BADKEY:
      return denied(
        asked,
        `${server.text} does not know the key ${key.name} with ${key.algorithm}${isUpdate ? `, or does not let it change ${name}` : ''} (BADKEY)`,
        'compare name and algorithm of the key with the server; Knot says the same where its acl does not allow the change',
      );
    case TSIG_ERRORS.BADTIME:
      return denied(
        asked,
        `the clock of ${server.text} is ${aheadSeconds === null ? 'too far from' : apart(aheadSeconds)} ours (BADTIME)`,
        `set the clock of both machines (NTP); up to ${FUDGE_SECONDS} s apart are tolerated`,
      );
    default:
      return denied(
        asked,
        `${server.text} does not accept the signature of the key ${key.name} (TSIG error ${error})`,
        'look into the log of the server',
      );
  }
}

/** `301 s ahead of`. */
function apart(aheadSeconds: number): string {
  return `${Math.abs(aheadSeconds)} s ${aheadSeconds < 0 ? 'behind' : 'ahead of'}`;
}
