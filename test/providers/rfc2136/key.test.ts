/** Keys: what a key file may look like, and what is said of one that is none. No secret comes into a message. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { readKey } from '../../../providers/rfc2136/key.ts';
import { open } from '../../../providers/rfc2136/provider.ts';
import { parseServerAddress } from '../../../providers/rfc2136/server.ts';
import { Secret } from '../../../src/core/secret.ts';
import { tempDirectory } from '../../effects/temp-directory.ts';
import { testContext } from '../context.ts';
import { outcome } from './rig.ts';

const SECRET = 'c2VjcmV0LXNlY3JldC1zZWNyZXQtMTIzNDU2Nzg5MA==';
const { files } = testContext();

function keyFile(text: string): string {
  const path = join(tempDirectory(), 'stsync.key');
  writeFileSync(path, text);
  return path;
}

const body = `algorithm hmac-sha256;\n\tsecret "${SECRET}";`;

function opening(path: string): Promise<string> {
  return outcome(open({ server: '127.0.0.1', keyFile: path }, testContext()));
}

describe('a key file', () => {
  it.each([
    ['as tsig-keygen writes it', `key "stsync" {\n\t${body}\n};\n`],
    ['on one line, bare words', `key stsync { algorithm hmac-sha256; secret ${SECRET}; };`],
    ['secret first', `key "stsync"{secret "${SECRET}";algorithm "hmac-sha256";};`],
    ['with comments', `# made 2026\n// by hand\n/* key "no" { */ key "stsync" { /* x */ ${body} # end\n};`],
    ['with a byte order mark and Windows lines', `\uFEFFkey "stsync" {\r\n${body}\r\n};\r\n`],
    [
      'beside other statements',
      `options { directory "/x"; };\nkey "stsync" { ${body} };\nserver 192.0.2.1 { keys { stsync; }; };`,
    ],
    ['with capitals and a final dot', `key "StSync." { algorithm HMAC-SHA256.; secret "${SECRET}"; };`],
  ])('is read: %s', async (_, text) => {
    const key = await readKey({ keyFile: keyFile(text) }, files);
    expect({ ...key, secret: key.secret.reveal() }).toEqual({
      name: 'stsync',
      algorithm: 'hmac-sha256',
      secret: SECRET,
    });
  });

  it.each([
    ['', /has no key in it \(a key file is what `tsig-keygen NAME` prints/],
    ['stsync:c2VjcmV0', /is no key file/],
    [`key "stsync" { ${body} `, /is no key file/],
    [`key "stsync" { ${body} }`, /is no key file/],
    [
      'key "a" { algorithm hmac-sha256; secret "YWE="; }; key "b" { algorithm hmac-sha256; secret "YWE="; };',
      /has 2 keys in it/,
    ],
    [`key "a..b" { ${body} };`, /has no name, or a bad one/],
    [`key "stsync" { secret "${SECRET}"; };`, /has no algorithm \(one of hmac-sha256, hmac-sha384/],
    [`key "stsync" { algorithm hmac-md5; secret "${SECRET}"; };`, /has the algorithm "hmac-md5"/],
    [`key "stsync" { algorithm constructor; secret "${SECRET}"; };`, /has the algorithm "constructor"/],
    ['key "stsync" { algorithm hmac-sha256; };', /is not Base64/],
    [`key "stsync" { algorithm hmac-sha256; secret "${SECRET.slice(1)}!"; };`, /is not Base64/],
    ['{{{{', /is no key file/],
    ['};', /is no key file/],
  ])('is refused, without its secret: %s', async (text, said) => {
    const path = keyFile(text);
    const message = await outcome(readKey({ keyFile: path }, files));
    expect(message).toMatch(/^PROVIDER_CREDENTIALS: /);
    expect(message).toMatch(said);
    expect(message).toContain(path);
    expect(message).not.toContain(SECRET.slice(1, 12));
  });

  it('that is not there, or cannot be read, is said to be so when the provider is opened', async () => {
    const directory = tempDirectory();
    expect(await opening(join(directory, 'none.key'))).toMatch(/^PROVIDER_CREDENTIALS: .*none.key is not there/);
    expect(await opening(directory)).toMatch(/^PROVIDER_CREDENTIALS: .*cannot be read: EISDIR/);
  });
});

describe('a key in the config', () => {
  it('is read', async () => {
    const tsig = { name: 'K.Example.', algorithm: 'hmac-sha512', secret: new Secret(SECRET) };
    const key = await readKey({ tsig }, files);
    expect(key).toMatchObject({ name: 'k.example', algorithm: 'hmac-sha512' });
    expect(JSON.stringify(key)).not.toContain(SECRET);
  });

  it('is refused when its secret is no Base64, without showing it', async () => {
    const tsig = { name: 'k', algorithm: 'hmac-sha256', secret: new Secret('my password') };
    expect(await outcome(readKey({ tsig }, files))).toMatch(/^PROVIDER_CREDENTIALS: (?!.*my password)/);
    expect(await outcome(readKey({}, files))).toMatch(/^PROVIDER_CREDENTIALS: there is no key/);
  });
});

it.each([
  ['ns1.example.com', 'ns1.example.com', 53],
  ['ns1.example.com:5353', 'ns1.example.com', 5353],
  ['192.0.2.1:54', '192.0.2.1', 54],
  ['2001:db8::1', '2001:db8::1', 53],
  ['[2001:db8::1]', '2001:db8::1', 53],
  ['[2001:db8::1]:54', '2001:db8::1', 54],
])('the server %s is %s at port %i', (text, host, port) => {
  expect(parseServerAddress(text)).toEqual({ host, port, text });
});
