import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { openReportSpool, type ReportSpool } from '../../../src/effects/reports/report-spool.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { cannotMount, smallDisk } from '../small-disk.ts';
import { tempDirectory } from '../temp-directory.ts';

const clock = new FakeClock('2026-09-08T00:00:00Z');
const limits = { files: 3, bytes: 100 };

async function put(spool: ReportSpool, text: string, peer: string | null = null): Promise<boolean> {
  const file = await spool.begin(peer);
  if (file === null) return false;
  const isIn = await file.write(Buffer.from(text));
  await (isIn ? file.commit() : file.discard());
  return isIn;
}

async function texts(spool: ReportSpool): Promise<readonly (string | undefined)[]> {
  const files = await Promise.all((await spool.list()).map((name) => spool.read(name)));
  return files.map((file) => file?.peer + ' ' + Buffer.from(file?.bytes ?? []).toString());
}

describe('the spool', () => {
  test('gives back what was committed, in order, to another process too, and says who sent it', async () => {
    const directory = join(tempDirectory(), 'spool');
    const spool = openReportSpool(directory, clock, limits);
    await put(spool, 'a', '192.0.2.1');
    await put(spool, 'b', '2001:db8::1');
    await clock.pass(1);
    await put(spool, 'c', '../../etc');
    expect(await texts(openReportSpool(directory, clock, limits))).toEqual(['192.0.2.1 a', '2001:db8::1 b', 'null c']);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  });

  test('takes no more files and bytes than it may, also those that another process has put there', async () => {
    const directory = tempDirectory();
    const spool = openReportSpool(directory, clock, limits);
    expect(await put(spool, 'x'.repeat(90))).toBe(true);
    expect(await put(spool, 'x'.repeat(11))).toBe(false);
    const other = openReportSpool(directory, clock, limits);
    await other.list();
    expect([await put(other, '1'), await put(other, '2'), await put(other, '3')]).toEqual([true, true, false]);
  });

  test('counts also what is still coming in', async () => {
    const spool = openReportSpool(tempDirectory(), clock, limits);
    const first = await spool.begin(null);
    expect(await first?.write(Buffer.alloc(60))).toBe(true);
    expect(await put(spool, 'x'.repeat(60))).toBe(false);
    await first?.discard();
    expect(await put(spool, 'x'.repeat(60))).toBe(true);
  });

  test('looks at what is there while something comes in', async () => {
    const spool = openReportSpool(tempDirectory(), clock, limits);
    const file = await spool.begin(null);
    await file?.write(Buffer.from('a'));
    expect(await spool.list()).toEqual([]);
    await file?.commit();
    expect(await texts(spool)).toEqual(['null a']);
  });

  test('has room again for what was taken out', async () => {
    const spool = openReportSpool(tempDirectory(), clock, limits);
    await put(spool, 'x'.repeat(100));
    const [name = ''] = await spool.list();
    await spool.remove(name);
    expect(await spool.read(name)).toBeNull();
    expect(await put(spool, 'x'.repeat(100))).toBe(true);
  });

  test('shows nothing of what never ended, and removes what a dead process left of it', async () => {
    const directory = tempDirectory();
    const dead = openReportSpool(directory, clock, limits);
    const file = await dead.begin(null);
    await file?.write(Buffer.from('half'));
    const [name = ''] = readdirSync(directory);
    mkdirSync(join(directory, 'new'));
    // As of a process that is gone.
    writeFileSync(join(directory, 'new', name.replace(`-${process.pid}-1`, '-999999999-1')), 'half');
    const spool = openReportSpool(join(directory, 'new'), clock, limits);
    expect(await spool.list()).toEqual([]);
    expect(readdirSync(join(directory, 'new'))).toEqual([]);
    await file?.discard();
  });

  test.skipIf(cannotMount !== null)('leaves nothing of what the disk does not take', async () => {
    const directory = smallDisk(16 * 4096);
    const spool = openReportSpool(directory, clock, { files: 10, bytes: 10_000_000 });
    const file = await spool.begin(null);
    await expect(file?.write(Buffer.alloc(1_000_000))).rejects.toMatchObject({ code: 'ENOSPC' });
    await file?.discard();
    expect(readdirSync(directory)).toEqual([]);
    expect(await put(spool, 'small')).toBe(true);
  });
});
