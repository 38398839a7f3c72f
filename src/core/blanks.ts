/**
 * Floor 0. Blanks as the RFCs count them: WSP is space and tab (RFC 5234 appendix B.1). By hand, since `/[ \t]+$/` takes quadratic time on a
 * long run of blanks, and these texts come from strangers.
 */

/** Without blanks at the start. */
export function trimStartBlanks(text: string): string {
  let at = 0;
  while (isBlank(text, at)) at++;
  return text.slice(at);
}

/** Without blanks at the end. */
export function trimEndBlanks(text: string): string {
  let at = text.length;
  while (isBlank(text, at - 1)) at--;
  return text.slice(0, at);
}

function isBlank(text: string, at: number): boolean {
  return text[at] === ' ' || text[at] === '\t';
}
