/** `schedule`, `source`, `daemon` and `notifications`: what they become, and what is refused. The texts of the faults stand in test/bad-config. */
import { describe, expect, it } from 'vitest';
import type { SourceConfig } from '../../../src/core/config/model.ts';
import { Secret } from '../../../src/core/secret.ts';
import { codes, good, HEAD, parse, printed, type World } from './load.ts';

const DOMAIN = 'domains: { example.com: { mx: [mx1.example.com] } }\n';
const world: World = {
  environment: { TOKEN: 'abc', URL: 'https://hooks.slack.com/services/T/B/X', NO_URL: 'a b' },
  secretFiles: { '/etc/stsync/chat.json': '{ "text": "{{message}}" }' },
};

function sourceOf(keys: string): SourceConfig | null {
  return good(`${HEAD}source: { ${keys} }\n${DOMAIN}`).source;
}

function codesOf(text: string): readonly string[] {
  return codes(`${HEAD}${text}\n${DOMAIN}`, world);
}

describe('schedule', () => {
  it.each([
    ['*/15 * * * *', '*/15 * * * *'],
    ['  0  4 * *\tmon-fri ', '0 4 * * mon-fri'],
    ['30 0 4 * * 7', '30 0 4 * * 7'],
    ['0 0 L * ?', '0 0 L * ?'],
    ['0 0 * * 5#2', '0 0 * * 5#2'],
    // What a field means is for node-cron to say.
    ['0 25 * * *', '0 25 * * *'],
  ])('has the shape of a cron line: %j', (line, read) => {
    expect(good(`${HEAD}schedule: ${JSON.stringify(line)}\n${DOMAIN}`).schedule).toBe(read);
  });

  it.each(['* * * *', '@hourly', '* * * * * * *', 'every 15 minutes', '0 4 * * "mon"', '0 4 * * $(x)'])(
    'has not the shape of a cron line: %j',
    (line) => {
      expect(codesOf(`schedule: ${JSON.stringify(line)}`)).toEqual(['BAD_SCHEDULE']);
    },
  );

  it('is given with its place, so that its meaning can be judged, also beside other faults', () => {
    const text = `${HEAD}schedule: "0 25 * * *"\n`;
    const schedule = { line: '0 25 * * *', place: { file: 'domains.yaml', line: 4, column: 11 } };
    expect(parse(text + DOMAIN)).toMatchObject({ ok: true, schedule });
    expect(parse(`${text}domain: {}\n`)).toMatchObject({ ok: false, schedule });
    expect(parse(HEAD + DOMAIN).schedule).toBeNull();
    expect(parse(`${HEAD}schedule: hourly\n${DOMAIN}`).schedule).toBeNull();
  });
});

describe('source', () => {
  it('follows branch main from the root each minute, where nothing else is said, and has its clone beside the state', () => {
    expect(sourceOf('git: "https://git.example.net/dns.git"')).toEqual({
      git: 'https://git.example.net/dns.git',
      branch: 'main',
      path: '.',
      intervalSeconds: 60,
      credential: null,
      directory: '/etc/stsync/stsync.db.source',
    });
    const text = `${HEAD}state: /var/lib/stsync/x.db\nsource: { git: ./dns.git, path: ./mail//domains/ }\n${DOMAIN}`;
    expect(good(text).source).toMatchObject({
      git: '/etc/stsync/dns.git',
      path: 'mail/domains',
      directory: '/var/lib/stsync/x.db.source',
    });
  });

  it.each([
    ['git@git.example.net:team/dns.git', 'keyFile: ./key', { kind: 'key', file: '/etc/stsync/key' }],
    ['ssh://git@git.example.net:2222/dns.git', 'keyFile: /key', { kind: 'key', file: '/key' }],
    ['https://git.example.net/dns.git', 'tokenFile: ./token', { kind: 'token', file: '/etc/stsync/token' }],
    ['http://127.0.0.1:3000/dns.git', 'tokenFile: ./token', { kind: 'token', file: '/etc/stsync/token' }],
    ['file:///srv/dns.git', 'branch: feature/x', null],
    ['http://localhost/dns.git', 'interval: 5', null],
    ['http://[::1]:80/dns.git', 'interval: 1d', null],
  ])('takes %s with %s', (git, key, credential) => {
    expect(sourceOf(`git: "${git}", ${key}`)).toMatchObject({ git, credential });
  });

  it.each([
    ['ext::sh -c whoami', 'BAD_URL'],
    ['fd::17/foo', 'BAD_URL'],
    ['-uwhoami', 'BAD_URL'],
    ['--upload-pack=whoami', 'BAD_URL'],
    ['ssh://-oProxyCommand=whoami/dns.git', 'BAD_URL'],
    ['ssh://git:pass@git.example.net/dns.git', 'BAD_URL'],
    ['https://token@git.example.net/dns.git', 'BAD_URL'],
    ['http://git.example.net/dns.git', 'BAD_URL'],
    ['http://127.0.0.1.example.net/dns.git', 'BAD_URL'],
    ['git://git.example.net/dns.git', 'BAD_URL'],
    ['https://', 'BAD_URL'],
    [String.raw`https://git.example.net/\n--x`, 'BAD_URL'],
    ['${env:TOKEN}', 'SECRET_MISPLACED'],
  ])('refuses the repository %s', (git, code) => {
    expect(codesOf(`source: { git: "${git}" }`)).toEqual([code]);
  });

  it.each(['..', 'a..b', 'a b', 'a~1', '-x', 'x.lock', 'a/.b', '/x', 'x/', '@', 'a@{1}', String.raw`a\\b`])(
    'refuses the branch %s',
    (branch) => {
      expect(codesOf(`source: { git: ./x, branch: "${branch}" }`)).toEqual(['BAD_VALUE']);
    },
  );

  it.each(['../x', 'a/../../b', '/etc', '.git', 'a/.GIT/x', 'C:/x'])('refuses the path %s', (path) => {
    expect(codesOf(`source: { git: ./x, path: "${path}" }`)).toEqual(['BAD_VALUE']);
  });

  it.each([
    ['git: ./x, keyFile: k', 'BAD_VALUE'],
    ['git: "git@h.example:x", tokenFile: t', 'BAD_VALUE'],
    ['git: "git@h.example:x", keyFile: k, tokenFile: t', 'EXCLUSIVE_KEYS'],
    ['git: ./x, interval: 4', 'OUT_OF_RANGE'],
    ['branch: main', 'MISSING_KEY'],
  ])('refuses { %s }', (keys, code) => {
    expect(codesOf(`source: { ${keys} }`)).toEqual([code]);
  });

  it('prints no password or token of the URL', () => {
    const urls = ['https://u:hunter2@h.example/x', 'https://hunter2@h.example/x', 'ssh://u:hunter2@h.example/x'];
    const text = urls.map((url) => printed(`${HEAD}source: { git: "${url}" }\n${DOMAIN}`)).join('\n');
    expect(text.match(/BAD_URL/g)).toHaveLength(3);
    expect(text).not.toContain('hunter2');
  });
});

describe('daemon', () => {
  it('may be empty', () => {
    expect(good(`${HEAD}daemon:\n${DOMAIN}`).daemon).toMatchObject({ listen: '127.0.0.1:9780', timezone: 'UTC' });
  });

  it('reads every key', () => {
    const text = `daemon:
  listen: "[2001:DB8::1]:9780"
  auth: { type: header, header: X-Forwarded-User, from: [10.0.0.5, 10.1.0.0/16, "2001:DB8::/64"] }
  hooks: { secret: "\${env:TOKEN}" }
  timezone: europe/berlin
  domainMetrics: true\n`;
    const { daemon } = good(HEAD + text + DOMAIN, world);
    expect(daemon).toMatchObject({
      listen: '[2001:db8::1]:9780',
      auth: { type: 'header', header: 'x-forwarded-user', from: ['10.0.0.5/32', '10.1.0.0/16', '2001:db8::/64'] },
      timezone: 'Europe/Berlin',
      domainMetrics: true,
    });
    expect(daemon.hooks?.secret.reveal()).toBe('abc');
  });

  it.each([
    ['listen: off', null],
    ['listen: "127.0.0.53:80"', '127.0.0.53:80'],
    ['listen: "[::1]:80"', '[::1]:80'],
    ['listen: "0.0.0.0:80", auth: { type: token, token: "${env:TOKEN}" }', '0.0.0.0:80'],
  ])('may have { %s }', (keys, listen) => {
    expect(good(`${HEAD}daemon: { ${keys} }\n${DOMAIN}`, world).daemon.listen).toBe(listen);
  });

  it.each(['0.0.0.0:80', '192.0.2.1:80', '[::]:80', '[::ffff:127.0.0.1]:80', '[2001:db8::1]:80', '128.0.0.1:80'])(
    'has to say who may ask when it listens on %s',
    (listen) => {
      expect(codesOf(`daemon: { listen: "${listen}" }`)).toEqual(['AUTH_NEEDED']);
      // A faulty `auth` is one fault and not two.
      expect(codesOf(`daemon: { listen: "${listen}", auth: { type: token } }`)).toEqual(['MISSING_KEY']);
    },
  );

  it('names the three choices there', () => {
    const text = printed(`${HEAD}daemon: { listen: "0.0.0.0:80" }\n${DOMAIN}`);
    for (const choice of ['type: token', 'type: header', '127.0.0.1']) expect(text).toContain(choice);
  });

  it.each([
    ['timezone: Mars/Olympus', 'BAD_VALUE'],
    ['timezone: "+02:00"', 'BAD_VALUE'],
    ['auth: { type: header, header: "X User", from: [10.0.0.1] }', 'BAD_VALUE'],
    ['auth: { type: header, header: Cookie, from: [10.0.0.1] }', 'BAD_VALUE'],
    ['auth: { type: header, header: X-User, from: [] }', 'BAD_VALUE'],
    ['auth: { type: header, header: X-User, from: ["::/0"] }', 'BAD_ADDRESS'],
    ['auth: { type: header, header: X-User, from: [10.0.0.0/33] }', 'BAD_ADDRESS'],
    ['auth: { type: header, header: X-User, from: [proxy] }', 'BAD_ADDRESS'],
    ['auth: { type: header, header: X-User }', 'MISSING_KEY'],
    ['listen: 9780', 'WRONG_TYPE'],
    ['listen: "127.0.0.1"', 'BAD_ADDRESS'],
  ])('refuses { %s }', (keys, code) => {
    expect(codesOf(`daemon: { ${keys} }`)).toEqual([code]);
  });
});

describe('notifications', () => {
  it('read every key, and tell all changes where nothing is said', () => {
    const { notifications } = good(
      `${HEAD}notifications:
  - { type: webhook, url: "\${env:URL}", template: teams, on: [held, failed] }
  - { type: webhook, url: "http://127.0.0.1:9000/x", template: ./chat.json }
  - { type: mail, to: [ops@Example.com, o'x+y@bücher.example], from: stsync@example.com }
  - { type: mail, to: [a@b.example], from: a@b.example, server: "localhost:25" }
${DOMAIN}`,
      world,
    );
    const all = new Set(['drift', 'held', 'failed', 'recovered', 'reports']);
    expect(notifications).toEqual([
      { type: 'webhook', url: expect.any(Secret), template: { kind: 'teams' }, on: new Set(['held', 'failed']) },
      {
        type: 'webhook',
        url: expect.any(Secret),
        template: { kind: 'file', path: '/etc/stsync/chat.json', text: '{ "text": "{{message}}" }' },
        on: all,
      },
      {
        type: 'mail',
        to: ['ops@example.com', "o'x+y@xn--bcher-kva.example"],
        from: 'stsync@example.com',
        server: null,
        on: all,
      },
      { type: 'mail', to: ['a@b.example'], from: 'a@b.example', server: 'localhost:25', on: all },
    ]);
    const urls = notifications.flatMap((one) => (one.type === 'webhook' ? [one.url.reveal()] : []));
    expect(urls).toEqual(['https://hooks.slack.com/services/T/B/X', 'http://127.0.0.1:9000/x']);
  });

  it.each([
    ['https://hooks.slack.com/services/T/B/X', 'SECRET_IN_YAML'],
    ['https://x.webhook.office.com/webhookb2/x', 'SECRET_IN_YAML'],
    ['https://prod-1.westeurope.logic.azure.com:443/workflows/x', 'SECRET_IN_YAML'],
    ['https://u:p@chat.example.net/x', 'SECRET_IN_YAML'],
    ['ftp://chat.example.net/x', 'BAD_URL'],
    ['${env:NO_URL}', 'BAD_URL'],
    ['${env:NOT_SET}', 'MISSING_SECRET'],
  ])('refuse the URL %s, and never print it', (url, code) => {
    const text = `${HEAD}notifications: [{ type: webhook, url: "${url}" }]\n${DOMAIN}`;
    expect(codes(text, world)).toEqual([code]);
    expect(printed(text, world)).not.toMatch(/services\/T|webhookb2|workflows|u:p|ftp:|a b/);
  });

  it.each([
    'a',
    'a@',
    '@b.example',
    'a@b@c.example',
    'a b@c.example',
    'A <a@b.example>',
    'a..b@c.example',
    'a@192.0.2.1',
  ])('refuse the mail address %s', (address) => {
    expect(codesOf(`notifications: [{ type: mail, to: ["${address}"], from: a@b.example }]`)).toEqual(['BAD_VALUE']);
  });
});
