/** Floor 3. An effect that throws becomes a fact of its own: "could not be read", with its code and cure (rule 1). */
import { StsyncError } from '../core/error.ts';
import type { Unreadable } from '../core/plan/observation.ts';

export async function orUnreadable<T>(read: () => Promise<T>): Promise<T | Unreadable> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof StsyncError) return unreadable(error);
    throw error;
  }
}

export function unreadable({ code, message, where, hint }: StsyncError): Unreadable {
  const place = where === undefined || message.includes(where) ? message : `${where}: ${message}`;
  return { kind: 'unreadable', code, message: place, hint: hint ?? null };
}
