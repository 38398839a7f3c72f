/** A world that is not as it should be: what the user is told (what, where, cure), what stays as it was, and that the next run goes on. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { cannotMount, readOnlyMount, smallDisk } from '../effects/small-disk.ts';
import { listing, tempDirectory } from '../effects/temp-directory.ts';
import { type Ran, runCli, startCli } from '../support/built-cli.ts';

interface Places {
  readonly zones: string;
  readonly www: string;
  readonly state: string;
}

/** A folder with the zones of `folder/` and a config of its own; `changed` puts one of the places elsewhere. */
function makeFolder(changed: Partial<Places> = {}, options = ''): Places & { readonly folder: string } {
  const folder = tempDirectory();
  cpSync(join(import.meta.dirname, 'folder'), folder, { recursive: true });
  const places = {
    zones: join(folder, 'zones'),
    www: join(folder, 'www'),
    state: join(folder, 'stsync.db'),
    ...changed,
  };
  writeFileSync(
    join(folder, 'domains.yaml'),
    `version: 1
providers: { local: { type: zonefile, directory: ${places.zones}${options} } }
publisher: { type: directory, directory: ${places.www}, hostname: policies.example.net, proof: file }
state: ${places.state}
defaults: { provider: local, observe: provider, tlsReports: ["mailto:tls@example.net"] }
domains:
  one.example: { mx: [mx1.one.example] }
`,
  );
  return { folder, ...places };
}

function sync(folder: string, ...rest: readonly string[]): Promise<Ran> {
  return runCli(['sync', ...rest], { cwd: folder });
}

/** Once the trouble is over: the run finishes the work, and another has nothing to do. */
async function expectMended(folder: string): Promise<void> {
  const again = await sync(folder);
  expect(again).toMatchObject({ code: 0, stderr: '' });
  expect((await sync(folder, '--dry-run')).stdout).toBe('1 domain: 1 in sync (dry run: nothing was written)\n');
}

/** A read-only copy of a directory; who is not root is kept out by the mode alone. */
function closed(directory: string): string {
  if (process.getuid?.() === 0) return readOnlyMount(directory);
  chmodSync(directory, 0o555);
  onTestFinished(() => chmodSync(directory, 0o755));
  return directory;
}
const noClosed = process.getuid?.() === 0 ? cannotMount : null;

/** A disk with the files of `directory` on it and no room for one more byte. */
function fullDisk(directory: string): string {
  const disk = smallDisk(1024 * 1024);
  cpSync(directory, disk, { recursive: true });
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(join(disk, 'ballast'), new Uint8Array(bavail * bsize));
  return disk;
}

describe('a directory', () => {
  test('of zones that is not there', async () => {
    const { folder, zones } = makeFolder();
    renameSync(zones, `${zones}-away`);
    const ran = await sync(folder);
    expect(ran).toMatchObject({ code: 1, stderr: '' });
    expect(ran.stdout).toBe(`one.example  failed  testing
  ! ZONE_UNREADABLE: the directory of the zone files, ${zones}, is not there
      create it, mount it, or correct \`directory\` of the provider

1 domain: 1 failed
`);
    renameSync(`${zones}-away`, zones);
    await expectMended(folder);
  });

  test.skipIf(noClosed !== null)(`of zones that is closed to writing ${noClosed ?? ''}`, async () => {
    const zones = closed(makeFolder().zones);
    const { folder } = makeFolder({ zones });
    const files = listing(zones);
    const ran = await sync(folder);
    expect(ran).toMatchObject({ code: 1, stderr: '' });
    expect(ran.stdout).toMatch(
      `! ZONE_UNWRITABLE: _smtp._tls.one.example TXT: ${zones}/one.example.zone cannot be written: `,
    );
    expect(ran.stdout).toMatch(
      /cannot be written: (the file system is read-only\n {6}make it writable|permission denied\n {6}give the user)/,
    );
    // Nobody is told of a policy whose host has no record.
    expect(ran.stdout).toContain('served-before-id: rests on upsert mta-sts.one.example, which is failed');
    expect(listing(zones)).toEqual(files);
  });

  test('of policies that is not there', async () => {
    const { folder, www } = makeFolder();
    rmSync(www, { recursive: true });
    const ran = await sync(folder);
    expect(ran).toMatchObject({ code: 1, stderr: '' });
    expect(ran.stdout).toContain(`! PUBLISHER_UNREADABLE: the publisher's directory ${www} is not there
      create it, mount it, or correct "publisher.directory"; stsync makes only what is below it
`);
    mkdirSync(www);
    await expectMended(folder);
  });

  test.skipIf(noClosed !== null)(`of policies that is closed to writing ${noClosed ?? ''}`, async () => {
    const www = closed(makeFolder().www);
    const { folder, zones } = makeFolder({ www });
    const ran = await sync(folder);
    expect(ran).toMatchObject({ code: 1, stderr: '' });
    expect(ran.stdout).toMatch(`! PUBLISHER_UNWRITABLE: mta-sts.one.example: the publisher's directory ${www}: `);
    expect(ran.stdout).toMatch(/the file system is read-only: make it writable|give the user of stsync the rights/);
    expect(readFileSync(join(zones, 'one.example.zone'), 'utf8')).not.toContain('_mta-sts');
  });

  test('of the state that is not there', async () => {
    const { folder } = makeFolder({ state: './nowhere/stsync.db' });
    const files = listing(folder);
    const ran = await sync(folder);
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr)
      .toBe(`stsync: STATE_UNWRITABLE the state ${folder}/nowhere/stsync.db has no directory ${folder}/nowhere
  create the directory, or correct "state:"
`);
    expect(listing(folder)).toEqual(files);
    expect((await sync(folder, '--dry-run')).code).toBe(2);
  });
});

describe('a full disk', () => {
  test.skipIf(cannotMount !== null)(`under the zones ${cannotMount ?? ''}`, async () => {
    const zones = fullDisk(makeFolder().zones);
    const { folder } = makeFolder({ zones });
    const before = readFileSync(join(zones, 'one.example.zone'));
    const ran = await sync(folder);
    expect(ran).toMatchObject({ code: 1, stderr: '' });
    expect(ran.stdout).toContain(`cannot be written: no space left on the disk
      free some space and run again: the old zone file is still there
`);
    expect(readFileSync(join(zones, 'one.example.zone'))).toEqual(before);
    unlinkSync(join(zones, 'ballast'));
    await expectMended(folder);
  });

  test.skipIf(cannotMount !== null)(`under the policies ${cannotMount ?? ''}`, async () => {
    const www = fullDisk(makeFolder().www);
    const { folder, zones } = makeFolder({ www });
    const ran = await sync(folder);
    expect(ran).toMatchObject({ code: 1, stderr: '' });
    expect(ran.stdout).toContain(
      `! PUBLISHER_UNWRITABLE: mta-sts.one.example: the publisher's directory ${www}: ENOSPC: no space left on device`,
    );
    expect(ran.stdout).toContain('      free some space and run again: the old policy is still there\n');
    expect(readFileSync(join(zones, 'one.example.zone'), 'utf8')).not.toContain('_mta-sts');
    unlinkSync(join(www, 'ballast'));
    await expectMended(folder);
  });

  test.skipIf(cannotMount !== null)(`under the state ${cannotMount ?? ''}`, async () => {
    const disk = fullDisk(tempDirectory());
    const { folder } = makeFolder({ state: join(disk, 'stsync.db') });
    const files = listing(folder);
    const ran = await sync(folder);
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toMatch(
      /^stsync: STATE_UNWRITABLE the state .* cannot grow: the disk is full\n {2}free some space and run again: it goes on\n$/,
    );
    expect(listing(folder)).toEqual(files);
    unlinkSync(join(disk, 'ballast'));
    await expectMended(folder);
  });
});

describe('a state', () => {
  test('that is no database', async () => {
    const { folder, state } = makeFolder();
    writeFileSync(state, 'dear diary, '.repeat(100));
    const ran = await sync(folder);
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toBe(`stsync: STATE_UNREADABLE the state ${state} is not a database
  let "state:" name another file, or move this one away
`);
    expect(readFileSync(state, 'utf8')).toMatch(/^dear diary/);
    expect((await sync(folder, '--dry-run')).stderr).toBe(ran.stderr);
  });

  test('that is a directory', async () => {
    const { folder, state } = makeFolder();
    mkdirSync(state);
    const ran = await sync(folder);
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toBe(`stsync: STATE_UNWRITABLE the state ${state} is a directory\n  let "state:" name a file\n`);
  });

  test.skipIf(noClosed !== null)(
    `that cannot be written: looking works, a run does not ${noClosed ?? ''}`,
    async () => {
      const { folder, state } = makeFolder();
      await expectMended(folder);
      const directory = tempDirectory();
      renameSync(state, join(directory, 'stsync.db'));
      const mounted = closed(directory);
      const other = makeFolder({
        state: join(mounted, 'stsync.db'),
        zones: join(folder, 'zones'),
        www: join(folder, 'www'),
      });
      expect((await sync(other.folder, '--dry-run')).stdout).toBe(
        '1 domain: 1 in sync (dry run: nothing was written)\n',
      );
      const ran = await sync(other.folder);
      expect(ran).toMatchObject({ code: 1, stdout: '' });
      expect(ran.stderr).toMatch(
        /^stsync: STATE_UNWRITABLE the state .* is (on a read-only file system or write-protected|closed to this user)\n {2}/,
      );
    },
  );
});

/** A command of the provider that stands still, once, until `end`: a named pipe that it reads from. */
function makeGate(folder: string): { readonly command: string; readonly reached: () => Promise<FileHandle> } {
  const pipe = join(folder, 'gate');
  execFileSync('mkfifo', [pipe]);
  const reached = async (): Promise<FileHandle> => {
    // Opens when somebody reads.
    const handle = await open(pipe, 'w');
    unlinkSync(pipe);
    return handle;
  };
  return { command: `if [ -p ${pipe} ]; then cat ${pipe}; fi`, reached };
}

/** A run that stands still in the first `check` or `reload` of its zone file. */
async function stopped(what: 'check' | 'reload'): Promise<{
  readonly folder: string;
  readonly zone: string;
  readonly pid: number | undefined;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly end: () => Promise<Ran>;
}> {
  const gate = makeGate(tempDirectory());
  const { folder, zones } = makeFolder({}, `, ${what}: "${gate.command}"`);
  const { child, ended } = startCli(['sync'], { cwd: folder });
  const handle = await gate.reached();
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await handle.close();
  });
  return {
    folder,
    zone: join(zones, 'one.example.zone'),
    pid: child.pid,
    kill: (signal) => child.kill(signal),
    end: async () => {
      await handle.close();
      return ended;
    },
  };
}

describe('two runs at once', () => {
  test('the second is told who has the state, and waits when it is asked to', async () => {
    const { folder, pid, end } = await stopped('check');
    const second = await sync(folder);
    expect(second).toMatchObject({ code: 1, stdout: '' });
    expect(second.stderr.replace(/since \S+Z/, 'since TIME')).toBe(
      `stsync: LOCKED ${folder}/stsync.db: another stsync (pid ${pid} on ${hostname()}, \`sync\`, since TIME) is using this state
  wait until it ends (\`--wait 60\` does that); if it hangs, end that process: the lock goes with it
`,
    );
    expect((await sync(folder, '--dry-run')).code).toBe(2);
    const third = sync(folder, '--wait', '20');
    expect(await end()).toMatchObject({ code: 0, stderr: '' });
    expect(await third).toMatchObject({ code: 0, stdout: '1 domain: 1 in sync\n', stderr: '' });
  });
});

describe('a zone file that changes between plan and apply', () => {
  test('while the new text is checked: the hand wins, the step is held, the next run goes on', async () => {
    const { folder, zone, end } = await stopped('check');
    writeFileSync(zone, `${readFileSync(zone, 'utf8')}by-hand IN A 192.0.2.99\n`);
    const ran = await end();
    expect(ran).toMatchObject({ code: 3, stderr: '' });
    expect(ran.stdout).toContain(`plan-is-current: ${zone} was changed by somebody else while it was edited`);
    expect(ran.stdout).toContain('run stsync again');
    expect(readFileSync(zone, 'utf8')).toContain('by-hand IN A 192.0.2.99');
    await expectMended(folder);
    expect(readFileSync(zone, 'utf8')).toContain('by-hand IN A 192.0.2.99');
  });

  test('where somebody writes the very record: it stays, both texts are shown', async () => {
    const { folder, zone, end } = await stopped('reload');
    writeFileSync(zone, `${readFileSync(zone, 'utf8')}mta-sts IN CNAME sts.example.org.\n`);
    const ran = await end();
    expect(ran).toMatchObject({ code: 3, stderr: '' });
    expect(ran.stdout).toContain(
      'plan-is-current: mta-sts.one.example CNAME was "nothing" in the plan and is "sts.example.org" now',
    );
    expect(ran.stdout).toContain('run again: the next plan starts from what is there now');
    // It is somebody else's from then on (rule 8), and no id leads senders there.
    expect((await sync(folder)).stdout).toContain(
      'no-foreign-overwrite: mta-sts.one.example has CNAME sts.example.org, which stsync did not write',
    );
    expect(readFileSync(zone, 'utf8')).toContain('mta-sts IN CNAME sts.example.org.');
    expect(readFileSync(zone, 'utf8')).not.toContain('_mta-sts');
  });
});

describe('a zone', () => {
  test('that a name server updates by itself is not written', async () => {
    const { folder, zones } = makeFolder();
    writeFileSync(join(zones, 'one.example.zone.jnl'), '');
    const files = listing(zones);
    const ran = await sync(folder);
    expect(ran).toMatchObject({ code: 1, stderr: '' });
    expect(ran.stdout).toContain(`one.example is updated dynamically: there is a journal, ${zones}/one.example.zone.jnl
      use a provider of type rfc2136 for it, or \`rndc freeze one.example\` and remove the journal
`);
    expect(listing(zones)).toEqual(files);
  });

  test('with a fault is shown with line and column, and blocks no other', async () => {
    const { folder, zones } = makeFolder();
    writeFileSync(join(zones, 'two.example.zone'), '$TTL 1h\n@ IN SOA ns1 hostmaster ( 1 4h\n');
    writeFileSync(
      join(folder, 'domains.yaml'),
      `${readFileSync(join(folder, 'domains.yaml'), 'utf8')}  two.example: { mx: [mx1.two.example] }\n`,
    );
    const ran = await sync(folder);
    expect(ran).toMatchObject({ code: 3, stderr: '' });
    expect(ran.stdout).toMatch(
      new RegExp(
        `^two.example {2}failed.*\\n {2}! ZONE_SYNTAX: ${zones}/two.example.zone:2:25: a "\\(" that is never closed\\n {6}correct`,
      ),
    );
    expect(ran.stdout).toContain('one.example  changed');
    expect(ran.stdout).toContain('2 domains: 1 failed, 1 changed\n');
  });
});

describe('the end of a run', () => {
  test('a result file that cannot be written is said after the result', async () => {
    const { folder, zones } = makeFolder();
    const ran = await sync(folder, '--out', zones);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain('1 domain: 1 changed');
    expect(ran.stderr).toBe(
      `stsync: OUT_UNWRITABLE the result cannot be written to ${zones}\n  look at the rights and the space in ${folder}\n`,
    );
  });

  test('a reader that goes away early is no failure, and the work is done', async () => {
    const { folder } = makeFolder();
    for (const args of [['sync'], ['--help'], ['schema'], ['log']]) {
      const { child, ended } = startCli(args, { cwd: folder });
      child.stdout?.destroy();
      expect(await ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    }
    expect((await sync(folder)).stdout).toBe('1 domain: 1 in sync\n');
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it between two steps; the next run finishes', async (signal) => {
    const { folder, zone, kill, end } = await stopped('reload');
    kill(signal);
    const ran = await end();
    expect(ran.stderr).toBe('');
    expect(ran.stdout).toMatch(/INTERRUPTED|interrupted/);
    expect(ran.code).toBe(1);
    expect(readFileSync(zone, 'utf8')).not.toContain('_mta-sts');
    await expectMended(folder);
  });
});

test('no output has a secret in it', async () => {
  const { folder } = makeFolder();
  const secret = 'hush-hush-0123456789';
  writeFileSync(join(folder, 'token'), `${secret}\n`);
  cpSync(join(folder, 'not-built.yaml'), join(folder, 'domains.yaml'));
  const config = readFileSync(join(folder, 'domains.yaml'), 'utf8');
  writeFileSync(join(folder, 'file.yaml'), config.replace('${env:PDNS_API_KEY}', '${file:./token}'));
  const runs = [
    'sync',
    'sync --verbose',
    'sync --format json --dry-run',
    'show two.example',
    'show two.example --format json',
    'log',
    'validate',
  ];
  for (const run of [...runs, ...runs.map((one) => `${one} --config file.yaml`)]) {
    const { stdout, stderr } = await runCli(run.split(' '), { cwd: folder, env: { PDNS_API_KEY: secret } });
    expect(stdout + stderr).not.toContain(secret.slice(0, 9));
  }
});
