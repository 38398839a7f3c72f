import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

import { AxeBuilder } from '@axe-core/playwright';
import { getRequestListener } from '@hono/node-server';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { dashboardApp } from '../../../src/services/dashboard/dashboard-app.ts';
import { describeWith, findProgram } from '../../servers/programs.ts';
import { removeDirectory, serverDirectory } from '../../servers/run.ts';
import { sampleWorld } from './sample-fleet.ts';

const PAGES = [
  '/',
  '/domains/example.com',
  '/domains/example.org?days=7',
  '/reports',
  '/reports/1',
  '/rejected',
  '/journal',
];
const SLOW_MS = 120_000;

describeWith(['chromium'], 'the dashboard in Chromium', () => {
  const directory = serverDirectory();
  let server: Server;
  let browser: Browser;
  let base: string;

  beforeAll(async () => {
    const app = dashboardApp(sampleWorld(directory));
    const answer = getRequestListener(app.fetch);
    server = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    browser = await chromium.launch({
      executablePath: findProgram('chromium') ?? '',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  }, SLOW_MS);

  afterAll(async () => {
    await browser?.close();
    server?.closeAllConnections();
    server?.close();
    removeDirectory(directory);
  });

  /** Opens a page, and gives what it should not have said or asked for. */
  async function withPage<T>(
    options: BrowserContextOptions,
    look: (page: Page, faults: readonly string[]) => Promise<T>,
  ): Promise<T> {
    const context = await browser.newContext(options);
    try {
      const page = await context.newPage();
      const faults: string[] = [];
      page.on('console', (message) => void (message.type() === 'error' && faults.push(message.text())));
      page.on('pageerror', (error) => void faults.push(error.message));
      page.on('request', (request) => void (request.url().startsWith(base) || faults.push(request.url())));
      page.on('requestfailed', (request) => void faults.push(`failed: ${request.url()}`));
      return await look(page, faults);
    } finally {
      await context.close();
    }
  }

  test.each(
    (['light', 'dark'] as const).flatMap((colorScheme) => [1280, 390].map((width) => ({ colorScheme, width }))),
  )(
    'is clean for axe, quiet, asks nobody else and fits: $colorScheme, $width px',
    async ({ colorScheme, width }) => {
      // axe takes seconds a page: all of them once, those that hold the most in each way.
      const isFirst = colorScheme === 'light' && width === 1280;
      for (const path of isFirst ? PAGES : PAGES.slice(0, 2)) {
        await withPage({ colorScheme, viewport: { width, height: 900 } }, async (page, faults) => {
          await page.goto(base + path);
          await page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
          const { violations } = await new AxeBuilder({ page }).analyze();
          expect(violations.map(({ id, nodes }) => `${path} ${id}: ${nodes[0]?.html}`)).toEqual([]);
          expect([path, ...faults]).toEqual([path]);
          expect([path, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([path, width]);
        });
      }
    },
    SLOW_MS,
  );

  test(
    'needs no script: the filter is a form, the order a link',
    async () => {
      await withPage({ javaScriptEnabled: false }, async (page) => {
        await page.goto(`${base}/`);
        await page.getByLabel('Domain', { exact: true }).fill('EXAMPLE.');
        await page.getByLabel('Mode').selectOption('enforce');
        await page.getByRole('button', { name: 'Filter' }).click();
        expect(new URL(page.url()).search).toBe('?q=EXAMPLE.&status=&mode=enforce');
        const names = (): Promise<readonly string[]> => page.locator('.fleet tbody th > a').allTextContents();
        expect(await names()).toEqual(['example.org', 'billing.example.com', 'example.com', 'example.net']);
        await page.getByRole('link', { name: 'Failed', exact: true }).click();
        expect(await names()).toEqual(['example.com', 'example.org', 'example.net', 'billing.example.com']);
        await page.getByRole('link', { name: 'example.org', exact: true }).click();
        expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('example.org');
      });
    },
    SLOW_MS,
  );

  test(
    'is used by keyboard: first past the head of the page, then from link to link',
    async () => {
      await withPage({}, async (page) => {
        await page.goto(`${base}/`);
        const focused = (): Promise<unknown> => page.evaluate('document.activeElement.textContent');
        await page.keyboard.press('Tab');
        expect(await focused()).toBe('Skip to content');
        await page.keyboard.press('Enter');
        await page.keyboard.press('Tab');
        expect(await focused()).toContain('failed');
        for (let n = 0; n < 40 && (await focused()) !== 'example.org'; n++) await page.keyboard.press('Tab');
        const ring = 'getComputedStyle(document.activeElement).outlineStyle';
        expect([await focused(), await page.evaluate(ring)]).toEqual(['example.org', 'solid']);
        await page.keyboard.press('Enter');
        await page.waitForURL(`${base}/domains/example.org`);
      });
    },
    SLOW_MS,
  );

  test(
    'has its charts under their names, each with a table of the same numbers',
    async () => {
      await withPage({}, async (page) => {
        await page.goto(`${base}/domains/example.com`);
        const charts = [
          'Sessions by day',
          'Failures by result',
          'Sessions by policy version',
          'Failures by sending source',
          'Failures by receiving MX',
        ];
        for (const name of charts) {
          expect(await page.getByRole('img', { name }).count()).toBe(1);
          await page.getByText(`Table of ${name.toLowerCase()}`).click();
          expect(
            await page
              .getByRole('region', { name: `Table of ${name.toLowerCase()}` })
              .locator('tbody tr')
              .count(),
          ).toBeGreaterThan(1);
        }
      });
    },
    SLOW_MS,
  );

  test(
    'prints, light also where the screen is dark',
    async () => {
      await withPage({ colorScheme: 'dark' }, async (page) => {
        await page.goto(`${base}/domains/example.com`);
        expect((await page.pdf({ format: 'A4', printBackground: true })).subarray(0, 5).toString()).toBe('%PDF-');
        await page.emulateMedia({ media: 'print' });
        expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
        expect(await page.getByRole('navigation', { name: 'Pages' }).isVisible()).toBe(false);
      });
    },
    SLOW_MS,
  );
});
