/** docs/deploy/stsync.service, judged by systemd itself. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDocument } from '../docs/markdown.ts';
import { tempDirectory } from '../effects/temp-directory.ts';
import { describeWith } from '../servers/programs.ts';

const unit = readDocument('docs/deploy/stsync.service');
const EXECUTABLE = '/usr/local/bin/stsync';

/** The values of a setting, in order. */
function valuesOf(setting: string): readonly string[] {
  return [...unit.matchAll(new RegExp(`^${setting}=(.*)$`, 'gm'))].map(([, value]) => value ?? '');
}

/** What `systemd-analyze` says of a unit; stsync itself need not be installed. */
function analyze(text: string, ...args: readonly string[]): { readonly status: number | null; readonly said: string } {
  const path = join(tempDirectory(), 'stsync.service');
  writeFileSync(path, text.replace(`=${EXECUTABLE} `, `=${process.execPath} `));
  const { status, stdout, stderr } = spawnSync('systemd-analyze', [...args, path], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], SYSTEMD_COLORS: '0' },
  });
  return { status, said: `${stdout}${stderr}` };
}

describeWith(['systemd-analyze', 'kill'], 'docs/deploy/stsync.service under systemd-analyze', () => {
  it('has no fault and no warning', () => {
    expect(analyze(unit, 'verify')).toEqual({ status: 0, said: '' });
  });

  it('would have one with a setting that is misspelt', () => {
    expect(analyze(unit.replace('ProtectHome', 'ProtectHoem'), 'verify').said).toContain('ProtectHoem');
  });

  it('is exposed to less than 2.0 of 10', () => {
    const { status, said } = analyze(unit, 'security', '--offline=true', '--threshold=20');
    expect(said).toMatch(/Overall exposure level for stsync\.service: 1\.\d OK/);
    expect(status).toBe(0);
  });
});

describe('docs/deploy/stsync.service', () => {
  it('takes readiness from a child, reloads by SIGHUP, and leaves a stop more time than it takes', () => {
    expect(valuesOf('Type')).toEqual(['notify']);
    expect(valuesOf('NotifyAccess')).toEqual(['all']);
    expect(valuesOf('ExecReload')).toEqual(['/bin/kill -HUP $MAINPID']);
    expect(valuesOf('KillMode')).toEqual(['mixed']);
    expect(valuesOf('TimeoutStopSec')).toEqual(['30']);
    expect(valuesOf('Restart')).toEqual(['on-failure']);
  });

  it('forbids nothing that Node needs', () => {
    expect(valuesOf('MemoryDenyWriteExecute')).toEqual([]);
    expect(valuesOf('RestrictAddressFamilies')[0]?.split(' ')).toEqual(['AF_INET', 'AF_INET6', 'AF_UNIX']);
  });

  it('has its state and its credentials where docs/daemon.md reads them', () => {
    const document = readDocument('docs/daemon.md');
    const [directory] = valuesOf('StateDirectory');
    const [id, folder] = valuesOf('LoadCredential')[0]?.split(':') ?? [];
    expect(document).toContain(`state: /var/lib/${directory}/stsync.db`);
    expect(document).toContain(`install -m 0600 token.txt ${folder}/cloudflare`);
    expect(document).toContain(`\${file:/run/credentials/stsync.service/${id}_cloudflare}`);
    expect(valuesOf('ExecStart')).toEqual([`${EXECUTABLE} daemon --config /etc/stsync/domains.yaml`]);
    expect(document).toContain(`\`${EXECUTABLE}\``);
  });
});
