/** Signed questions and updates over one connection: every request is signed, every answer is checked before anybody sees it. */
import { StsyncError } from '../../src/core/error.ts';
import { badAnswer, type Asked } from './faults.ts';
import { rcodeFault, signatureFault } from './judge-answer.ts';
import type { TsigKey } from './key.ts';
import {
  formatQuery,
  formatUpdate,
  OPCODES,
  parseMessage,
  TYPES,
  type Message,
  type OutRecord,
  type Question,
} from './message.ts';
import type { Line } from './pool.ts';
import type { ServerAddress } from './server.ts';
import { signMessage, verifyAnswer } from './tsig.ts';
import { MalformedMessage } from './wire-name.ts';

/** What a session works with. `now`: the clock of the provider. */
export interface SessionOptions {
  readonly server: ServerAddress;
  readonly key: TsigKey;
  readonly now: () => Date;
}

export interface Session {
  /**
   * Asks all at once and gives the answers in the same order: rightly signed, NOERROR or NXDOMAIN. Questions are signed too: a server may
   * show its zones to the key alone (allow-query, views), and a wrong key or clock shows before anything is to be changed.
   */
  ask(questions: readonly Question[], signal: AbortSignal): Promise<readonly Message[]>;
  /** Sends one update of one zone; when it returns the server has signed that all of it is done. */
  update(
    zone: string,
    prerequisites: readonly OutRecord[],
    updates: readonly OutRecord[],
    signal: AbortSignal,
  ): Promise<void>;
}

/** A request on its way. */
interface Request extends Asked {
  readonly id: number;
  readonly question: Question;
  readonly bytes: Buffer;
  readonly mac: Buffer;
}

/** A message has at most this many bytes over TCP. */
const MAX_MESSAGE = 65_535;
/** So many questions are sent before the first answer is read. */
const MAX_AT_ONCE = 100;

export function openSession({ server, key, now }: SessionOptions, line: Line): Session {
  const seconds = (): number => Math.floor(now().getTime() / 1000);

  function sign(message: Buffer, question: Question, name: string, isUpdate: boolean): Request {
    const { bytes, mac } = signMessage(message, key, seconds());
    return { server, key, name, isUpdate, id: message.readUInt16BE(0), question, bytes, mac };
  }

  /** Throws what speaks against the answer; gives it otherwise. */
  function judge(request: Request, bytes: Buffer): Message {
    const message = readAnswer(request, bytes);
    const fault = signatureFault(request, message, verify(request, bytes, message)) ?? rcodeFault(request, message);
    if (fault !== null) throw fault;
    return message;
  }

  function verify(request: Request, bytes: Buffer, message: Message): ReturnType<typeof verifyAnswer> {
    return orBadAnswer(request, () => verifyAnswer(bytes, message, key, request.mac, seconds()));
  }

  return {
    async ask(questions, signal) {
      const messages: Message[] = [];
      for (let start = 0; start < questions.length; start += MAX_AT_ONCE) {
        const some = questions.slice(start, start + MAX_AT_ONCE);
        const ids = line.newIds(some.length);
        const requests = some.map((question, at) =>
          sign(formatQuery(ids[at] ?? 0, question), question, question.name, false),
        );
        const answers = await line.exchange(
          requests.map(({ bytes }) => bytes),
          signal,
        );
        messages.push(...requests.map((request, at) => judge(request, answers[at] ?? Buffer.alloc(0))));
      }
      return messages;
    },

    async update(zone, prerequisites, updates, signal) {
      const [id = 0] = line.newIds(1);
      const [first] = updates;
      const message = formatUpdate(id, zone, prerequisites, updates);
      const request = sign(message, { name: zone, type: TYPES.SOA }, first?.name ?? zone, true);
      if (request.bytes.length > MAX_MESSAGE) {
        throw new StsyncError('PROVIDER_REFUSED', `the changes of ${zone} do not fit into one message of 65535 bytes`, {
          hint: 'write less at once',
          where: zone,
        });
      }
      const [answer = Buffer.alloc(0)] = await line.exchange([request.bytes], signal);
      judge(request, answer);
    },
  };
}

/** Is it an answer to this request at all? Throws `PROVIDER_BAD_ANSWER`. */
function readAnswer(request: Request, bytes: Buffer): Message {
  const message = orBadAnswer(request, () => parseMessage(bytes));
  const { isAnswer, opcode, question } = message;
  if (!isAnswer || opcode !== (request.isUpdate ? OPCODES.UPDATE : OPCODES.QUERY)) {
    throw badAnswer(request.server, 'a message that is no answer to ours');
  }
  // RFC 2136 §2.2.2: an answer may leave the zone section out; errors may leave the question out.
  const isSame = question?.name === request.question.name && question.type === request.question.type;
  const mayBeLeftOut = request.isUpdate || !['NOERROR', 'NXDOMAIN'].includes(message.rcode);
  if (!isSame && !(question === null && mayBeLeftOut)) throw badAnswer(request.server, 'an answer to another question');
  if (message.isTruncated) throw badAnswer(request.server, 'an answer cut short, over TCP');
  return message;
}

function orBadAnswer<T>({ server }: Request, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error;
    throw badAnswer(server, `bytes that are no DNS message: ${error.message}`);
  }
}
