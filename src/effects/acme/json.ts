/** Floor 2. JSON of a CA, read field by field: nothing of it is taken for granted. */

export type JsonObject = Readonly<Record<string, unknown>>;

/** The object that the bytes are in UTF-8 JSON, or null. */
export function parseObject(bytes: Uint8Array): JsonObject | null {
  try {
    return objectOf(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch {
    return null;
  }
}

export function objectOf(value: unknown): JsonObject | null {
  return isObject(value) ? value : null;
}

export function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** What a list has that `read` can make something of; no list is an empty one. */
export function listOf<T>(value: unknown, read: (one: unknown) => T | null): readonly T[] {
  return Array.isArray(value) ? value.map(read).filter((one) => one !== null) : [];
}

/** An absolute https URL (RFC 8555 §6.1), or null. */
export function urlOf(value: unknown): string | null {
  return typeof value === 'string' && URL.parse(value)?.protocol === 'https:' ? value : null;
}

/** A time of RFC 3339, or null. */
export function dateOf(value: unknown): Date | null {
  const date = typeof value === 'string' ? new Date(value) : null;
  return date === null || Number.isNaN(date.getTime()) ? null : date;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
