/** Floor 2. Text from strangers on its way to a terminal. */

/** One line of visible ASCII, cut at `maxLength`: no escape sequence, no line break, no direction mark gets through. */
export function printable(text: string, maxLength = 120): string {
  const line = text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[^ -~]/g, '?')
    .trim();
  return line.length <= maxLength ? line : `${line.slice(0, maxLength)}...`;
}
