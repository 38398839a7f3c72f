/** Floor 3. The name in a `Host` header. */

/** Without its port, in lower case; null: none. What is no name of ours has nothing to show, so it is not read any closer. */
export function hostOf(host: string | undefined): string | null {
  const text = host?.replace(/:\d{1,5}$/, '').toLowerCase() ?? '';
  return text === '' ? null : text;
}
