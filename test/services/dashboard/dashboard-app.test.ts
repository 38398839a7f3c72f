import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { StsyncError } from '../../../src/core/error.ts';
import type { DashboardWorld } from '../../../src/services/dashboard/answers.ts';
import { dashboardApp } from '../../../src/services/dashboard/dashboard-app.ts';
import { PAGE_POLICY } from '../../../src/services/dashboard/page.ts';
import { removeDirectory, serverDirectory } from '../../servers/run.ts';
import { ask, emptyWorld, worldWith } from './rig.ts';
import { sampleWorld } from './sample-fleet.ts';

const PAGES = [
  '/',
  '/?status=held&sort=domain&order=desc',
  '/domains/example.com',
  '/domains/example.com?days=7',
  '/domains/museum.example?days=90',
  '/reports',
  '/reports?domain=example.org',
  '/reports/1',
  '/rejected',
  '/journal',
  '/journal?domain=example.com',
];
const FILES = [
  ...['csv', 'json'].flatMap((format) => [
    `/files/fleet.${format}`,
    `/files/journal.${format}`,
    `/files/reports.${format}`,
    `/files/rejected.${format}`,
    ...['result', 'source', 'mx', 'policy', 'reporter', 'day', 'held'].map(
      (by) => `/domains/example.com/reports.${format}?by=${by}`,
    ),
  ]),
  '/files/report-1.json',
];

let world: DashboardWorld;
const directory = serverDirectory();
beforeAll(() => void (world = sampleWorld(directory)));
afterAll(() => removeDirectory(directory));

describe('the dashboard', () => {
  test.each(PAGES)(
    '%s is a page under the strict policy, with no script, no style of its own, and nothing from elsewhere',
    async (path) => {
      const { status, text, headers } = await ask(world, path);
      expect(status).toBe(200);
      expect(headers.get('content-security-policy')).toBe(PAGE_POLICY);
      expect(headers.get('content-type')).toBe('text/html; charset=UTF-8');
      expect(text).not.toMatch(/<script|\sstyle=|<style|\son\w+=|javascript:/i);
      expect(text).not.toMatch(/(?:href|src|action)="(?!\/(?!\/)|#)/);
      expect(text).toMatch(/^<!doctype html>\n<html lang="en">/);
      expect(text).not.toMatch(/undefined|NaN|\[object/);
    },
  );

  test('leads from each page to no address that is not there', async () => {
    const links = new Set<string>();
    for (const path of PAGES)
      for (const [, link = ''] of (await ask(world, path)).text.matchAll(/(?:href|action)="([^"#]+)"/g))
        links.add(link.replaceAll('&amp;', '&'));
    const app = dashboardApp(world);
    for (const link of links) expect([link, (await app.request(link)).status]).toEqual([link, 200]);
    expect(links.size).toBeGreaterThan(100);
  });

  test.each(FILES)('%s is a file to keep', async (path) => {
    const { status, headers, text } = await ask(world, path);
    expect([status, headers.get('content-disposition')?.startsWith('attachment; filename="')]).toEqual([200, true]);
    if (path.includes('json')) expect(JSON.parse(text)).toMatchObject({ version: 1 });
    else expect(text).toMatch(/^[a-z_,]+\r\n/);
  });

  test.each([
    '/nothing',
    '/domains/unknown.example',
    '/domains/',
    '/reports/0',
    '/reports/999999',
    '/reports/x',
    '/files/report-9999.json',
  ])('%s is not found, and says so on a page under the same policy', async (path) => {
    const { status, headers } = await ask(world, path);
    expect([status, headers.get('content-security-policy')]).toEqual([404, PAGE_POLICY]);
  });

  test.each([
    ['/?status=bad', 'status is one of: failed, held, drift, waiting, changed, in sync'],
    ['/?mode=strict', 'mode is one of: enforce, testing, none'],
    ['/?sort=size', 'sort is one of: domain,'],
    ['/?order=up', 'order is asc or desc'],
    ['/?failures=yes', 'failures is 1 or left out'],
    ['/?page=0', 'page is a number from 1 on'],
    ['/?page=2', 'The table has no such page.'],
    [`/?q=${'a'.repeat(254)}`, 'q is longer than a domain can be'],
    ['/domains/example.com?days=0', 'days is a number from 1 to 366'],
    ['/domains/example.com?days=367', 'days is a number from 1 to 366'],
    ['/domains/example.com?since=2026-02-31', 'since is a day like'],
    ['/domains/example.com?since=2027-01-01', 'not in the future'],
    ['/domains/example.com/reports.csv?by=colour', 'by is one of: result,'],
    ['/journal?before=-1', 'before is a number'],
    ['/reports?before=x', 'before is a number'],
    [`/journal?domain=${'a'.repeat(254)}`, 'domain is longer than a domain can be'],
  ])('%s is refused: %s', async (path, message) => {
    const { status, text } = await ask(world, path);
    expect([status, text.includes(message)]).toEqual([400, true]);
  });

  test('sends the style sheet once: then its tag tells that it is the same', async () => {
    const { headers, text } = await ask(world, '/assets/dashboard.css');
    expect(headers.get('content-type')).toBe('text/css; charset=utf-8');
    expect(text).not.toMatch(/url\(|@import|https?:/);
    const again = await ask(world, '/assets/dashboard.css', { 'if-none-match': headers.get('etag') ?? '' });
    expect([again.status, again.text]).toEqual([304, '']);
  });

  test('has an icon of its own', async () => {
    const { headers, text } = await ask(world, '/favicon.ico');
    expect([headers.get('content-type'), text.startsWith('<svg')]).toEqual(['image/svg+xml', true]);
  });

  test.each(PAGES.filter((path) => !/reports\/1|domains/.test(path)))(
    '%s is there before anything ever ran',
    async (path) => {
      expect((await ask(emptyWorld(), path)).status).toBe(200);
    },
  );

  test('says on a page that the state cannot be read, and why', async () => {
    const look = throwing(
      new StsyncError('STATE_UNREADABLE', 'the state /x is damaged', { hint: 'put a backup in its place' }),
    );
    const { status, text, headers } = await ask({ ...worldWith({ 'example.com': {} }), look }, '/');
    expect([status, headers.get('content-security-policy')]).toEqual([503, PAGE_POLICY]);
    expect(text).toContain('STATE_UNREADABLE the state /x is damaged');
    expect(text).toContain('put a backup in its place');
  });

  test('leaves a fault of its own to the listener, which logs it', async () => {
    const look = throwing(new Error('a fault'));
    await expect(async () => dashboardApp({ ...worldWith({ 'a.example': {} }), look }).request('/')).rejects.toThrow(
      'a fault',
    );
  });
});

function throwing(error: Error): () => never {
  return () => {
    throw error;
  };
}
