/** Floor 0. What a guard says when it holds something back: why, until when, and the cure. */
import type { GuardName } from '../guard-names.ts';

/** A guard that holds part of the wanted state back. `notBefore` null: not by time, but by the cure in `hint`. */
export interface Hold {
  readonly guard: GuardName;
  readonly reason: string;
  readonly hint: string;
  readonly notBefore: Date | null;
}

export function hold(guard: GuardName, reason: string, hint: string, notBefore: Date | null): Hold {
  return { guard, reason, hint, notBefore };
}

/** Testing served by such a hold is on its way to enforce. */
export function endsByItself(one: Hold): boolean {
  return one.guard === 'testing-before-enforce' || one.guard === 'reports-agree';
}

/** The key that frees a guard, as a hint says it. */
export function allowKey(guard: GuardName): string {
  return `set \`allow: [${guard}]\``;
}

export function listNames(names: readonly string[]): string {
  return names.join(', ');
}
