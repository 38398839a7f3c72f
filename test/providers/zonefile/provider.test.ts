/**
 * The provider `zonefile` on real files: which zone holds a name, what is refused, check, reload, journal, lock, links. Over 300 lines since
 * all of it shares one way to start.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { getEventListeners } from 'node:events';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { open } from '../../../providers/zonefile/provider.ts';
import { StsyncError } from '../../../src/core/error.ts';
import { txtSet, type RecordChange, type RecordSet, type RecordType } from '../../../src/core/record-set.ts';
import type { Provider } from '../../../src/provider.ts';
import { cannotMount, readOnlyMount, smallDisk } from '../../effects/small-disk.ts';
import { tempDirectory } from '../../effects/temp-directory.ts';
import { testContext } from '../context.ts';
import { HEAD } from './zones.ts';

const signal = new AbortController().signal;
const NAME = '_mta-sts.example.com';

/** A directory with these files and a provider on it. */
async function start(
  files: Readonly<Record<string, string>>,
  options: Readonly<Record<string, string>> = {},
  directory = tempDirectory(),
): Promise<{ directory: string; file: string; provider: Provider }> {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const provider = await open({ directory, ...options }, testContext());
  return { directory, file: join(directory, 'example.com.zone'), provider };
}

async function texts(provider: Provider, name: string, type: RecordType = 'TXT'): Promise<readonly string[]> {
  const [set] = await provider.read([{ name, type }], signal);
  return set?.rdata ?? [];
}

function put(after: RecordSet, before: RecordSet | null = null): RecordChange {
  return { name: after.name, type: after.type, before, after };
}

const change = put(txtSet(NAME, 60, ['new']));

/** `CODE message | hint` of our error. */
async function fault(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: unknown) => {
      if (error instanceof StsyncError) return `${error.code} ${error.message} | ${error.hint}`;
      throw error;
    },
  );
}

function record(label: string, value: string): string {
  return `${HEAD}${label} TXT ${value}\n`;
}

describe('the zone of a name', () => {
  it('is the longest that has a file, .zone before .db, upper case too', async () => {
    const { provider } = await start({
      'example.com.zone': record('_mta-sts', 'zone'),
      'example.com.db': record('_mta-sts', 'db'),
      'sub.example.com.db': record('_mta-sts', 'sub'),
      'Example.ORG.zone': record('_mta-sts', 'org'),
      'example.com.zone.bak': 'no zone',
      '.zone': 'no zone',
    });
    expect(await texts(provider, NAME)).toEqual(['"zone"']);
    expect(await texts(provider, '_mta-sts.sub.example.com')).toEqual(['"sub"']);
    expect(await texts(provider, '_mta-sts.example.org')).toEqual(['"org"']);
    expect(await texts(provider, '_mta-sts.other.example.com')).toEqual([]);
    expect(await fault(texts(provider, '_mta-sts.ample.com'))).toMatch(
      /^ZONE_NOT_FOUND no zone file in .* holds _mta-sts.ample.com \| create/,
    );
  });

  it('is found when its file is new', async () => {
    const { directory, provider } = await start({ 'example.com.zone': HEAD });
    expect(await fault(texts(provider, '_mta-sts.example.net'))).toMatch(/^ZONE_NOT_FOUND/);
    writeFileSync(join(directory, 'example.net.zone'), record('_mta-sts', 'new'));
    expect(await texts(provider, '_mta-sts.example.net')).toEqual(['"new"']);
    rmSync(join(directory, 'example.net.zone'));
    expect(await fault(texts(provider, '_mta-sts.example.net'))).toMatch(/^ZONE_NOT_FOUND/);
  });

  it('does not reach below a delegation or a DNAME', async () => {
    const text = `${HEAD}@ NS ns\nsub NS ns.sub\nns.sub A 192.0.2.1\nd DNAME example.net.\nd TXT x\n`;
    const { provider } = await start({ 'example.com.zone': text });
    const cut =
      /^ZONE_NOT_FOUND example.com delegates sub.example.com \(.*example.com.zone:4:1\), so .* is not in this zone/;
    expect(await fault(texts(provider, '_mta-sts.sub.example.com'))).toMatch(cut);
    expect(await fault(texts(provider, 'sub.example.com', 'MX'))).toMatch(cut);
    expect(await fault(provider.apply([put(txtSet('_mta-sts.sub.example.com', 60, ['x']))], signal))).toMatch(cut);
    expect(await texts(provider, 'd.example.com')).toEqual(['"x"']);
    expect(await fault(texts(provider, '_mta-sts.d.example.com'))).toMatch(
      /^ZONE_NOT_FOUND .* redirects \(DNAME\) d.example.com/,
    );
    expect(await texts(provider, 'example.com')).toEqual([]);
  });

  it('does not answer for what a $GENERATE may make, and leaves the line alone', async () => {
    const generate = '$GENERATE 1-9/2 host$ A 192.0.2.$\n$GENERATE 0-3 x.${0,3,x}.b TXT y\n$GENERATE 0-1 cut$ NS ns\n';
    const { file, provider } = await start({ 'example.com.zone': HEAD + generate });
    expect(await fault(texts(provider, 'host5.example.com', 'MX'))).toMatch(
      /^ZONE_UNREADABLE \$GENERATE at .*:3:1 may make host5.example.com/,
    );
    expect(await fault(texts(provider, 'x.0a0.b.example.com'))).toMatch(/^ZONE_UNREADABLE/);
    expect(await fault(texts(provider, '_mta-sts.cut1.example.com'))).toMatch(/^ZONE_UNREADABLE .*:5:1/);
    expect(await fault(provider.exists?.('00c.b.example.com', signal) ?? Promise.resolve())).toMatch(
      /^ZONE_UNREADABLE/,
    );
    expect(await texts(provider, '_mta-sts.host5.example.com')).toEqual([]);
    expect(await texts(provider, 'hostx.example.com')).toEqual([]);
    await provider.apply([change], signal);
    expect(readFileSync(file, 'utf8')).toContain(generate);
  });
});

describe('a zone is refused for writing, and not touched,', () => {
  it.each<[string, Readonly<Record<string, string>>, RegExp]>([
    [
      'with a journal beside it',
      { 'example.com.zone.jnl': '' },
      /^ZONE_DYNAMIC .*example.com.zone.jnl \| .*rfc2136.*rndc freeze example.com/,
    ],
    [
      'with signatures in it',
      { 'example.com.zone': `${HEAD}a RRSIG A 8 2 60 1 1 1 example.com. AAAA\n` },
      /^ZONE_UNWRITABLE .* is signed in the file \(.*:3:1\)/,
    ],
    [
      'with a syntax error',
      { 'example.com.zone': `${HEAD}a TXT "x\n` },
      /^ZONE_SYNTAX .*example.com.zone:3:7: a quoted string/,
    ],
    ['without an SOA', { 'example.com.zone': '' }, /^ZONE_SYNTAX .*:1:1: there is no SOA record of example.com/],
    [
      'with an included file that is not there',
      { 'example.com.zone': `${HEAD}$INCLUDE gone\n` },
      /^ZONE_UNREADABLE .* includes .*gone, which is not there/,
    ],
    [
      'that another live process has locked',
      { 'example.com.zone.lock': JSON.stringify({ pid: 1, host: hostname(), startedAt: 'noon', process: null }) },
      /^LOCKED .*example.com.zone is locked by pid 1 on .* since noon/,
    ],
  ])('%s', async (_, files, expected) => {
    const { directory, file, provider } = await start({ 'example.com.zone': HEAD, ...files });
    const before = readFileSync(file, 'utf8');
    expect(await fault(provider.apply([change], signal))).toMatch(expected);
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(readdirSync(directory).toSorted()).toEqual(Object.keys({ 'example.com.zone': '', ...files }).toSorted());
  });

  it('but not for what inline signing leaves beside it', async () => {
    const files = { 'example.com.zone.signed': '', 'example.com.zone.signed.jnl': '', 'example.com.zone.jbk': '' };
    const { provider } = await start({ 'example.com.zone': HEAD, ...files });
    await provider.apply([change], signal);
    expect(await texts(provider, NAME)).toEqual(['"new"']);
  });

  it('when the directory is missing or a file', async () => {
    const directory = tempDirectory();
    const missing = await start({}, { directory: join(directory, 'gone') }, directory);
    expect(await fault(texts(missing.provider, NAME))).toMatch(
      /^ZONE_UNREADABLE the directory of the zone files, .*gone, is not there/,
    );
    writeFileSync(join(directory, 'file'), '');
    const file = await start({}, { directory: join(directory, 'file') }, directory);
    expect(await fault(texts(file.provider, NAME))).toMatch(
      /^ZONE_UNREADABLE .*file cannot be read: a file stands where a directory belongs/,
    );
  });

  it('when a directory has its name', async () => {
    const { file, provider } = await start({});
    mkdirSync(file);
    expect(await fault(texts(provider, NAME))).toMatch(
      /^ZONE_UNREADABLE .* a directory stands where a zone file belongs/,
    );
  });

  describe.skipIf(cannotMount !== null)(`on a bad disk${cannotMount === null ? '' : ` (${cannotMount})`}`, () => {
    it('that is read-only', async () => {
      const writable = tempDirectory();
      writeFileSync(join(writable, 'example.com.zone'), HEAD);
      const { provider } = await start({}, {}, readOnlyMount(writable));
      expect(await texts(provider, NAME)).toEqual([]);
      expect(await fault(provider.apply([change], signal))).toMatch(
        /^ZONE_UNWRITABLE .* cannot be written: the file system is read-only \| make it writable/,
      );
    });

    it('that is full: the old file stays, and no temporary one', async () => {
      const directory = smallDisk(64 * 1024);
      const text = HEAD + '; filler\n'.repeat(4000);
      const { file, provider } = await start({ 'example.com.zone': text }, {}, directory);
      expect(await fault(provider.apply([change], signal))).toMatch(
        /^ZONE_UNWRITABLE .* cannot be written: no space left on the disk/,
      );
      expect(readFileSync(file, 'utf8')).toBe(text);
      expect(readdirSync(directory)).toEqual(['example.com.zone']);
    });
  });
});

describe('`check`', () => {
  it('sees the new text beside the zone file before it counts', async () => {
    const check =
      'echo "$STSYNC_ZONE" > "${STSYNC_FILE%/*}/seen"; cat "$STSYNC_FILE" >> "${STSYNC_FILE%/*}/seen"; cat example.com.zone 2>&-; true';
    const { directory, file, provider } = await start({ 'example.com.zone': HEAD }, { check });
    await provider.apply([change], signal);
    expect(readFileSync(join(directory, 'seen'), 'utf8')).toBe(`example.com\n${readFileSync(file, 'utf8')}`);
    expect(readdirSync(directory).toSorted()).toEqual(['example.com.zone', 'seen']);
  });

  it('that fails changes nothing, says what it said, and does not reload', async () => {
    const options = {
      check: 'echo first; echo "no good: $STSYNC_FILE" >&2; exit 3',
      reload: 'touch "$STSYNC_FILE.reloaded"',
    };
    const { directory, file, provider } = await start({ 'example.com.zone': HEAD }, options);
    expect(await fault(provider.apply([change], signal))).toMatch(
      `ZONE_CHECK_FAILED \`check\` of example.com failed (exit 3): first / no good: ${file}; nothing was changed`,
    );
    expect(readFileSync(file, 'utf8')).toBe(HEAD);
    expect(readdirSync(directory)).toEqual(['example.com.zone']);
  });

  it('that is aborted changes nothing', async () => {
    const { file, provider } = await start({ 'example.com.zone': HEAD }, { check: 'sleep 20' });
    await expect(provider.apply([change], AbortSignal.timeout(100))).rejects.toThrow(/timeout/);
    expect(readFileSync(file, 'utf8')).toBe(HEAD);
  });

  it('gives somebody else the time to change the file: that wins', async () => {
    const { file, provider } = await start(
      { 'example.com.zone': HEAD },
      { check: 'echo "; hand" >> "${STSYNC_FILE%/*}/example.com.zone"' },
    );
    expect(await fault(provider.apply([change], signal))).toMatch(
      /^CHANGED_SINCE_READ .* was changed by somebody else/,
    );
    expect(readFileSync(file, 'utf8')).toBe(`${HEAD}; hand\n`);
  });
});

describe('`reload`', () => {
  it('runs once after the write', async () => {
    const { directory, file, provider } = await start(
      { 'example.com.zone': HEAD },
      { reload: 'cat "$STSYNC_FILE" >> "$STSYNC_FILE.$STSYNC_ZONE"' },
    );
    await provider.apply([change, put(txtSet('_smtp._tls.example.com', 60, ['x']))], signal);
    expect(readFileSync(join(directory, 'example.com.zone.example.com'), 'utf8')).toBe(readFileSync(file, 'utf8'));
  });

  it('that fails says that the file is written, and can be tried again', async () => {
    const { directory, file, provider } = await start(
      { 'example.com.zone': HEAD },
      { reload: 'echo down; test -e "$STSYNC_FILE.up"' },
    );
    const error: unknown = await provider.apply([change], signal).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'ZONE_RELOAD_FAILED', retryable: true });
    expect(error).toMatchObject({ message: `${file} is written, but \`reload\` of example.com failed: exit 1: down` });
    expect(await texts(provider, NAME)).toEqual(['"new"']);
    // The same change again has nothing to write, and reloads.
    const written = readFileSync(file, 'utf8');
    expect(await fault(provider.apply([change], signal))).toMatch(/^ZONE_RELOAD_FAILED/);
    writeFileSync(join(directory, 'example.com.zone.up'), '');
    await provider.apply([change], signal);
    expect(readFileSync(file, 'utf8')).toBe(written);
  });
});

describe('a write', () => {
  it('keeps the mode, follows a symbolic link, and leaves nothing behind', async () => {
    const real = tempDirectory();
    writeFileSync(join(real, 'zone'), HEAD);
    chmodSync(join(real, 'zone'), 0o640);
    const directory = tempDirectory();
    symlinkSync(join(real, 'zone'), join(directory, 'example.com.zone'));
    const { provider } = await start({}, {}, directory);
    await provider.apply([change], signal);
    expect(readFileSync(join(real, 'zone'), 'utf8')).toMatch(/_mta-sts 60 IN TXT "new"\n$/);
    expect(statSync(join(real, 'zone')).mode & 0o777).toBe(0o640);
    expect([...readdirSync(real), ...readdirSync(directory)]).toEqual(['zone', 'example.com.zone']);
    // A journal beside the real file counts too.
    writeFileSync(join(real, 'zone.jnl'), '');
    expect(await fault(provider.apply([put(txtSet(NAME, 60, ['x']), change.after)], signal))).toMatch(/^ZONE_DYNAMIC/);
  });

  it('sees an included file that changed, also when the zone file did not', async () => {
    const { directory, provider } = await start({
      'example.com.zone': `${HEAD}$INCLUDE inc\n`,
      inc: '_mta-sts TXT one\n',
    });
    expect(await texts(provider, NAME)).toEqual(['"one"']);
    writeFileSync(join(directory, 'inc'), '_mta-sts TXT two\n');
    expect(await texts(provider, NAME)).toEqual(['"two"']);
    expect(await fault(provider.apply([change], signal))).toMatch(/^CHANGED_SINCE_READ .* now "two", then nothing/);
  });

  it('of many callers at once is few writes, each with its own answer', async () => {
    const { file, provider } = await start(
      { 'example.com.zone': `${HEAD}d7 TXT taken\n` },
      { reload: 'echo >> "$STSYNC_FILE.reloads"' },
    );
    const sets = Array.from({ length: 40 }, (_, at) => txtSet(`d${at}.example.com`, 60, ['x']));
    const answers = await Promise.all(sets.map((set) => fault(provider.apply([put(set)], signal))));
    expect(answers.map((answer) => answer.split(' ')[0])).toEqual(
      sets.map((_, at) => (at === 7 ? 'CHANGED_SINCE_READ' : 'no')),
    );
    expect(await provider.read(sets, signal)).toHaveLength(40);
    const writes = readFileSync(`${file}.reloads`, 'utf8').length;
    expect(writes).toBeLessThan(5);
    expect(readFileSync(file, 'utf8')).toContain(` ${2026112400 + writes} `);
  });

  it('that one of many spoils does not spoil the others', async () => {
    const text = `${HEAD}$INCLUDE inc\n`;
    const { provider } = await start({ 'example.com.zone': text, inc: 'bad TXT x\n' });
    const bad = txtSet('bad.example.com', 3600, ['x']);
    const changes = [
      change,
      { ...bad, before: bad, after: null },
      put(txtSet('other.example.com', 60, ['x'])),
      put(txtSet('last.example.com', 60, ['x'])),
    ];
    const answers = await Promise.all(changes.map((one) => fault(provider.apply([one], signal))));
    expect(answers.map((answer) => answer.split(' ')[0])).toEqual(['no', 'ZONE_UNWRITABLE', 'no', 'no']);
    expect(await texts(provider, 'last.example.com')).toEqual(['"x"']);
  });

  it('to several zones goes to each, and by two processes loses nothing', async () => {
    const { directory, file, provider } = await start({ 'example.com.zone': HEAD, 'example.net.db': HEAD });
    await provider.apply([change, put(txtSet('_mta-sts.example.net', 60, ['x']))], signal);
    expect(await texts(provider, '_mta-sts.example.net')).toEqual(['"x"']);
    // The lock of a process that is gone.
    const gone = spawnSync(process.execPath, ['-e', '']).pid;
    writeFileSync(`${file}.lock`, JSON.stringify({ pid: gone, host: hostname(), startedAt: 'noon', process: null }));
    await provider.apply([put(txtSet(NAME, 60, ['again']), change.after)], signal);
    expect(await texts(provider, NAME)).toEqual(['"again"']);
    expect(existsSync(`${file}.lock`)).toBe(false);
    expect(readdirSync(directory).toSorted()).toEqual(['example.com.zone', 'example.net.db']);
  });

  it('reads a file again whose content changed while size and time stayed', async () => {
    const { file, provider } = await start({ 'example.com.zone': `${HEAD}_mta-sts TXT one\n` });
    utimesSync(file, new Date(1000), new Date(1000));
    expect(await texts(provider, NAME)).toEqual(['"one"']);
    writeFileSync(file, `${HEAD}_mta-sts TXT two\n`);
    utimesSync(file, new Date(1000), new Date(1000));
    expect(await texts(provider, NAME)).toEqual(['"two"']);
  });
});

describe('changes that come at the same time', () => {
  it('leave nothing at their signals, which live as long as a daemon', async () => {
    const { provider, directory } = await start({ 'example.com.zone': HEAD });
    const lasting = new AbortController();
    const names = Array.from({ length: 20 }, (_, at) => `_mta-sts.d${at}.example.com`);
    await Promise.all(names.map((name) => provider.apply([put(txtSet(name, 60, ['x']))], lasting.signal)));
    expect(readFileSync(join(directory, 'example.com.zone'), 'utf8')).toContain('d19');
    expect(getEventListeners(lasting.signal, 'abort')).toEqual([]);
  });
});
