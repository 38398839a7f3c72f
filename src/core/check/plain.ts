/** Floor 0. Text of strangers for a terminal or a page: records and servers say what they like, also escape sequences. */

// C0, DEL, C1, line separators, and the marks that turn the direction of writing.
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** Every control character as `\u001b`: seen, and without effect. */
export function plain(text: string): string {
  return text.replaceAll(CONTROL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
