/** Floor 0. Faults of the YAML: how they are collected, ordered and printed. */
import { type ConfigCode, configCodes } from '../codes.ts';
import { byCodePoint } from '../names.ts';
import type { ConfigFault, Place } from './model.ts';

/**
 * One fault as people read it: `file:line:col: CODE message`, the hint on a second line.
 *
 * ```
 * domains.yaml:3:5: UNKNOWN_KEY `max_age` is not a key of a domain
 *   hint: did you mean `maxAge`?
 * ```
 */
export function formatFault(fault: ConfigFault): string {
  const line = `${formatPlace(fault.place)}: ${fault.code} ${fault.message}`;
  return fault.hint === undefined ? line : `${line}\n  hint: ${fault.hint}`;
}

/** `file:line:col`. */
export function formatPlace(place: Place): string {
  return `${place.file}:${place.line}:${place.column}`;
}

/** By file, line and column; then by what it says, so that the order never depends on how the faults were found. */
export function sortFaults(faults: readonly ConfigFault[]): readonly ConfigFault[] {
  return faults.toSorted(
    (a, b) =>
      byCodePoint(a.place.file, b.place.file) ||
      a.place.line - b.place.line ||
      a.place.column - b.place.column ||
      byCodePoint(a.code, b.code) ||
      byCodePoint(a.message, b.message),
  );
}

/** Makes a fault; a hint that is not there is left out. What the YAML says is printed on one line, whatever bytes it has. */
export function makeFault(place: Place, code: ConfigCode, message: string, hint?: string): ConfigFault {
  const fault = { code, message: printable(message), place };
  return hint === undefined ? fault : { ...fault, hint: printable(hint) };
}

function printable(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The config code of a grammar issue; a code that no config fault has becomes `BAD_VALUE`. */
export function configCode(code: string): ConfigCode {
  return configCodes.find((one) => one === code) ?? 'BAD_VALUE';
}
