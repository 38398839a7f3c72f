/** Floor 4. Colour and progress: only on a terminal, never in a pipe, and not under NO_COLOR. */
import { styleText } from 'node:util';
import { StsyncError } from '../core/error.ts';
import type { TextOptions } from '../core/plan/render-text.ts';

const styles = { added: 'green', changed: 'yellow', removed: 'red', error: 'red', dim: 'dim', bold: 'bold' } as const;

/** Paints for this stream; `styleText` looks at the terminal and at NO_COLOR itself. */
export function painter(stream: NodeJS.WriteStream): TextOptions['paint'] {
  return (style, text) => styleText(styles[style], text, { stream });
}

/** Shows `done/total` on one line of stderr, at most ten times a second, and wipes it at the end. Says nothing where stderr is no terminal. */
export function progressLine(label: string): {
  readonly update: (done: number, total: number) => void;
  readonly end: () => void;
} {
  if (!process.stderr.isTTY) return { update: () => undefined, end: () => undefined };
  let last = 0;
  return {
    update: (done, total) => {
      const now = Date.now();
      if (total < 2 || (now - last < 100 && done < total)) return;
      last = now;
      const width = 24;
      const filled = Math.round((done / total) * width);
      process.stderr.write(`\r${label} [${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${done}/${total}`);
    },
    end: () => {
      if (last > 0) process.stderr.write('\r\u001b[K');
    },
  };
}

/**
 * Writes to stdout and waits until it is taken, so that an exit right after loses nothing. A reader that is gone wants no more of it; what
 * else keeps it from being written is `OUT_UNWRITABLE`.
 */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error == null || ('code' in error && error.code === 'EPIPE')) return resolve();
      const message = `the result cannot be written to standard output: ${error.message}`;
      reject(new StsyncError('OUT_UNWRITABLE', message, { hint: 'look at the place it is sent to', cause: error }));
    });
  });
}
