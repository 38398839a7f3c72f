/** docs/deploy/*.socket, judged by systemd itself, and that their names are those that the config takes. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { good } from '../core/config/load.ts';
import { readDocument, root } from '../docs/markdown.ts';
import { tempDirectory } from '../effects/temp-directory.ts';
import { describeWith } from '../servers/programs.ts';

const NAMES = ['https', 'http'] as const;

describeWith(['systemd-analyze'], 'the socket units under systemd-analyze', () => {
  it.each(NAMES)('have no fault and no warning: stsync-%s.socket', (name) => {
    const directory = tempDirectory();
    const service = readDocument('docs/deploy/stsync.service').replace(
      '=/usr/local/bin/stsync ',
      `=${process.execPath} `,
    );
    writeFileSync(join(directory, 'stsync.service'), service);
    const path = join(directory, `stsync-${name}.socket`);
    copyFileSync(join(root, 'docs/deploy', `stsync-${name}.socket`), path);
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', path], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], SYSTEMD_COLORS: '0' },
    });
    expect({ status, said: `${stdout}${stderr}` }).toEqual({ status: 0, said: '' });
  });
});

describe('the socket units', () => {
  it.each(NAMES)('give their socket the name that the config takes: %s', (name) => {
    const unit = readDocument(`docs/deploy/stsync-${name}.socket`);
    expect(unit).toContain(`\nFileDescriptorName=${name}\n`);
    expect(unit).toContain('\nService=stsync.service\n');
    const [, key = '', listen = ''] = /`(\w+): "(systemd:\w+)"`/.exec(unit) ?? [];
    const { policyServers } = good(
      `version: 1
providers: { main: { type: zonefile, directory: . } }
publisher: { type: server, hostname: h.example, ${key}: "${listen}" }
defaults: { provider: main }
domains: { example.com: { mx: [mx1.example.com] } }
`,
    );
    expect(policyServers[0]).toMatchObject({ [name === 'https' ? 'listen' : 'http']: [`systemd:${name}`] });
  });
});
