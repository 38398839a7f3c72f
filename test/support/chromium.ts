/** Debian's Chromium, headless, without anything that it would do by itself. */
import { type Browser, chromium } from 'playwright-core';

import { findProgram } from '../servers/programs.ts';

export const CHROMIUM = 'chromium';

export function launchChromium(): Promise<Browser> {
  const quiet = ['background-networking', 'component-update', 'sync'].map((feature) => `--disable-${feature}`);
  return chromium.launch({
    executablePath: findProgram(CHROMIUM) ?? '',
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', ...quiet],
  });
}
