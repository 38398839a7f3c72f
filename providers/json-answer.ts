/** Answers of HTTP APIs, read: JSON of which nothing is believed before it was looked at. */

/** What was sent is not of the API: no JSON, or JSON of another shape. */
export class NotAsDescribed extends Error {}

export type JsonObject = Readonly<Record<string, unknown>>;

/** Throws {@link NotAsDescribed}, as all of these do. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new NotAsDescribed('something that is no JSON');
  }
}

/** An empty list may be left out, or null. */
export function listOf(value: unknown): readonly unknown[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw new NotAsDescribed('no list where one belongs');
  return value;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `what`: for the sentence, with its article. */
export function objectOf(value: unknown, what: string): JsonObject {
  if (!isObject(value)) throw new NotAsDescribed(`no object where ${what} belongs`);
  return value;
}
