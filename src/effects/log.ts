/**
 * Floor 2. The log of the daemon: JSON, a line each, for a collector; one readable line each on a terminal. No secret that it knows of gets
 * out: not in a field, not in the message of an error, not escaped within another JSON.
 */
import { styleText } from 'node:util';
import { pino } from 'pino';
import { REDACTED } from '../core/secret.ts';
import { printable } from './net/printable.ts';

export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  readonly debug: (fields: LogFields, message: string) => void;
  readonly info: (fields: LogFields, message: string) => void;
  readonly warn: (fields: LogFields, message: string) => void;
  readonly error: (fields: LogFields, message: string) => void;
  /** Keeps these out of every line from now on, beside those it knows already: an old secret stays one. */
  readonly hide: (secrets: Iterable<string>) => void;
}

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly now: () => Date;
  /** Takes whole lines. */
  readonly stream: { write(text: string): unknown; readonly isTTY?: boolean };
}

/** What is shorter is no secret, and lines would lose half their letters. */
const SHORTEST_SECRET = 4;

export function openLog({ level, now, stream }: LogOptions): Log {
  const hidden = new Set<string>();
  const scrub = (line: string): string => {
    let clean = line;
    for (const secret of hidden) clean = clean.replaceAll(secret, REDACTED);
    return clean === line || isJson(clean) ? clean : `${JSON.stringify({ level: 'warn', msg: clean.trimEnd() })}\n`;
  };
  const isTerminal = stream.isTTY === true;
  const log = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${now().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: scrub },
    },
    { write: (line: string) => void stream.write(isTerminal ? readableLine(line) : line) },
  );
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    error: (fields, message) => log.error(fields, message),
    hide: (secrets) => {
      for (const secret of secrets)
        if (secret.length >= SHORTEST_SECRET) formsOf(secret).forEach((form) => hidden.add(form));
    },
  };
}

/** Not so where a secret was in a number: then the rest of the line is told as text. */
function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

/** As it stands, in a URL, in JSON, and in JSON that is a text of JSON (the answer of an API in an error). Longest first. */
function formsOf(secret: string): readonly string[] {
  const escaped = inJson(secret);
  return [inJson(escaped), escaped, encodeURIComponent(secret.toWellFormed()), secret];
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Of a message or of one field. */
const LONGEST = 1000;
const COLOURS = { debug: 'dim', info: 'green', warn: 'yellow', error: 'red' } as const;

/** `12:30:01 INFO the run ended reason=start changed=2`, from a line of JSON. */
function readableLine(line: string): string {
  const fields = new Map<string, unknown>(Object.entries(JSON.parse(line)));
  const take = (name: string): string => {
    const value = fields.get(name);
    fields.delete(name);
    return typeof value === 'string' ? value : '';
  };
  const [time, level, message] = [take('time').slice(11, 19), take('level'), printable(take('msg'), LONGEST)];
  const rest = Array.from(fields, ([name, value]) => ` ${name}=${readableValue(value)}`).join('');
  const colour = Object.entries(COLOURS).find(([name]) => name === level)?.[1] ?? 'dim';
  const label = styleText(colour, level.toUpperCase().padEnd(5), { stream: process.stderr });
  return `${time} ${label} ${message}${styleText('dim', rest, { stream: process.stderr })}\n`;
}

function readableValue(value: unknown): string {
  return typeof value === 'string' && /^[\w.:/@+-]+$/.test(value) ? value : printable(JSON.stringify(value), LONGEST);
}
