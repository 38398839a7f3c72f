/** How often a property is tried: few by default, twenty times as often with SLOW=1. A failure prints its seed. */
export function runs(count: number): { readonly numRuns: number } {
  return { numRuns: process.env['SLOW'] === '1' ? count * 20 : count };
}
