/** Floor 4. `stsync when`: exit 0 when it is safe now, 2 when not yet or never, 1 when it could not be told. */
import { StsyncError } from '../core/error.ts';
import type { SafeDates } from '../core/when-safe.ts';
import { answerWhen, type WhenQuestion } from '../services/when.ts';
import { reportFinding } from './failure.ts';
import { withDomain } from './one-domain.ts';
import { print } from './output.ts';
import type { WhenOptions } from './program.ts';
import { hostArgument } from './wiring.ts';

export function runWhen(name: string, options: WhenOptions): Promise<number> {
  const question = parseQuestion(options);
  return withDomain(name, options, async (config, wanted, world) => {
    const answer = await answerWhen(config, wanted, question, world, {
      isRotationAsked: false,
      servedSince: options.servedSince ?? null,
    });
    if ('unread' in answer) {
      reportFinding(answer.unread);
      return 1;
    }
    const now = world.now();
    const date = options.idWatching ? answer.idWatchingSenders : answer.allSenders;
    const isSafeNow = date !== null && date <= now;
    if (options.format === 'json')
      await print(
        `${JSON.stringify({ version: 1, domain: wanted.domain, question, isSafeNow, ...answer }, null, 2)}\n`,
      );
    else await print(renderAnswer(wanted.domain, question, answer, now));
    return isSafeNow ? 0 : 2;
  });
}

function parseQuestion(options: WhenOptions): WhenQuestion {
  const asked: WhenQuestion[] = [
    ...(options.addMx === undefined ? [] : [{ kind: 'add-mx' as const, host: hostArgument(options.addMx) }]),
    ...(options.removeMx === undefined ? [] : [{ kind: 'remove-mx' as const, host: hostArgument(options.removeMx) }]),
    ...(options.removePolicy === undefined ? [] : [{ kind: 'remove-policy' as const }]),
    ...(options.mode === undefined ? [] : [{ kind: 'mode' as const, mode: options.mode }]),
  ];
  const [question] = asked;
  if (question !== undefined && asked.length === 1) return question;
  throw new StsyncError('USAGE', 'ask exactly one question', {
    hint: '--add-mx HOST, --remove-mx HOST, --remove-policy or --mode MODE',
  });
}

function renderAnswer(domain: string, question: WhenQuestion, answer: SafeDates, now: Date): string {
  const say = (date: Date | null): string =>
    date === null
      ? 'not yet'
      : date <= now
        ? 'safe now'
        : `from ${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  const what = describe(domain, question);
  return [
    `To ${what}:`,
    `  all senders          ${say(answer.allSenders)}`,
    `  senders watching id  ${say(answer.idWatchingSenders)}`,
    `  because ${answer.reason}`,
    '',
  ].join('\n');
}

function describe(domain: string, question: WhenQuestion): string {
  switch (question.kind) {
    case 'add-mx':
      return `publish ${question.host} as an MX of ${domain}`;
    case 'remove-mx':
      return `take ${question.host} out of the MX of ${domain}`;
    case 'remove-policy':
      return `remove the policy of ${domain}`;
    case 'mode':
      return `count on every sender of ${domain} acting by ${question.mode}`;
  }
}
