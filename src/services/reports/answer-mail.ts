/** Floor 3. What a mail server is told about a mail that it hands over: it is taken in first, so that nothing is lost between the two. */
import { StsyncError } from '../../core/error.ts';
import type { Log } from '../../effects/log.ts';
import type { MailAnswer } from '../../effects/reports/mail-listener.ts';
import type { TakeIn } from './take-in.ts';

/** The Message-ID stands among the first. */
const HEAD_BYTES = 64 * 1024;

/**
 * 250 also for what is no report: a refusal would make the mail server send a bounce to a sender that is often forged. 451 where DNS did not tell a key
 * or the state cannot be written: the mail server keeps the mail. Never throws.
 */
export function openMailAnswers(
  protocol: 'lmtp' | 'smtp',
  takeIn: TakeIn,
  log: Pick<Log, 'debug' | 'warn' | 'error'>,
): (bytes: Uint8Array | null) => Promise<MailAnswer> {
  return async (bytes) => {
    const source = bytes === null ? protocol : `${protocol} ${messageIdOf(bytes)}`.trim();
    try {
      const { stored, again } = await takeIn({ source, bytes, way: 'mail' });
      log.debug({ source, stored, again }, 'mail for TLS reports');
      return again === null ? { status: 250, text: 'stored' } : later('DNS does not tell the key of its signature');
    } catch (error) {
      if (error instanceof StsyncError) log.warn({ source }, `${error.code} ${error.message}`);
      else log.error({ source, kind: error instanceof Error ? error.name : typeof error }, 'a mail cannot be taken in');
      return later('it cannot be stored now');
    }
  };
}

function later(why: string): MailAnswer {
  return { status: 451, text: `${why}, try again` };
}

function messageIdOf(bytes: Uint8Array): string {
  const [head = ''] = Buffer.from(bytes.subarray(0, HEAD_BYTES))
    .toString('latin1')
    .split(/\r?\n\r?\n/, 1);
  return /^message-id:\s*(<[!-~]{1,200}>)/im.exec(head)?.[1] ?? '';
}
