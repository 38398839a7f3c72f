/** Floor 0. "Did you mean": the nearest of a few allowed words. */

/**
 * A hint for a word that is not allowed: the nearest allowed one, or all of them where none is near and they are few.
 * `suggest('max_age', ['maxAge', 'mode'])` gives "did you mean `maxAge`?".
 */
export function suggest(word: string, allowed: readonly string[]): string | undefined {
  const near = nearest(word, allowed);
  if (near !== null) return `did you mean \`${near}\`?`;
  if (allowed.length === 0 || allowed.length > 24) return undefined;
  return `allowed: ${allowed.join(', ')}`;
}

/** The allowed word within a third of the letters; case, `-` and `_` do not count. Null when none is that near. */
function nearest(word: string, allowed: readonly string[]): string | null {
  const wanted = fold(word);
  // A long word is no typing error of a short one, and the distance costs the product of both lengths.
  if (wanted.length > 64) return null;
  let best: string | null = null;
  let bestDistance = Math.floor(Math.max(wanted.length, 3) / 3) + 1;
  for (const one of allowed) {
    const distance = editDistance(wanted, fold(one));
    if (distance < bestDistance) [best, bestDistance] = [one, distance];
  }
  return best;
}

function fold(word: string): string {
  return word.toLowerCase().replaceAll(/[-_]/g, '');
}

/** Levenshtein distance with neighbours swapped as one edit. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (isSame ? 0 : 1));
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwap) cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
