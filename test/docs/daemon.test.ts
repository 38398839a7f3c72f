/** docs/daemon.md: its endpoints and metrics are those of the daemon, its configs are configs, its alerts ask for what is there. */
import { describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { descriptors } from '../../providers/registry.ts';
import { parseConfig } from '../../src/core/config/parse-config.ts';
import { messageOf } from '../../src/core/notify/message.ts';
import { payloadOf } from '../../src/core/notify/payload.ts';
import { mayAsk } from '../../src/services/daemon/may-ask.ts';
import { noFleet } from '../../src/services/daemon/fleet-state.ts';
import { openMetrics } from '../../src/services/daemon/metrics.ts';
import { operatorApp } from '../../src/services/daemon/operator-app.ts';
import { Folder } from '../cli/daemon-rig.ts';
import { withFreshPorts } from '../servers/run.ts';
import { blocksOf, readDocument, tableRows } from './markdown.ts';

const markdown = readDocument('docs/daemon.md');
const AUTHORIZED = { authorization: 'Bearer the-token' };

interface Running {
  readonly status: (path: string, headers?: Readonly<Record<string, string>>) => Promise<number>;
  readonly metrics: () => Promise<string>;
}

function nothing(): void {
  // What is asked here needs no world.
}

/** A daemon whose first run is over, and which knows its domain. */
async function withDaemon(work: (daemon: Running) => Promise<void>): Promise<void> {
  await withFreshPorts(1, async ([port]) => {
    const daemon = `{ listen: "127.0.0.1:${port}", auth: { type: token, token: "\${env:TOKEN}" }, domainMetrics: true }`;
    const running = new Folder({ top: `daemon: ${daemon}` }).start({ TOKEN: 'the-token' });
    await running.run(1);
    const ask = (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}${path}`, { headers });
    await vi.waitFor(async () => expect((await ask('/readyz')).status).toBe(200), { timeout: 20_000 });
    await work({
      status: async (path, headers) => (await ask(path, headers)).status,
      metrics: async () => (await ask('/metrics', AUTHORIZED)).text(),
    });
    await running.stop();
  });
}

/** Name, type and labels of each metric of a scrape, in its order. */
function metricsOf(scrape: string): readonly (readonly [string, string, string])[] {
  return [...scrape.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', type = '']) => {
    const labels = new RegExp(`^${name}\\{(.*)\\} `, 'm').exec(scrape)?.[1] ?? '';
    const names = [...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => `\`${label}\``);
    return [name, type, names.join(', ')];
  });
}

/** The rows of a table, names without their quotes. */
function dashboardQueries(): readonly string[] {
  interface Panel {
    readonly targets: readonly { readonly expr: string }[];
  }
  const { panels }: { readonly panels: readonly Panel[] } = JSON.parse(readDocument('docs/deploy/grafana.json'));
  return panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
}

function rowsOf(heading: string): readonly (readonly string[])[] {
  return tableRows(markdown, heading).map(([name = '', ...rest]) => [name.replaceAll('`', ''), ...rest]);
}

describe('docs/daemon.md against a daemon that runs', () => {
  it('has the metrics that are scraped, with type and labels, and neither alerts nor the dashboard of Grafana ask for another', async () => {
    await withDaemon(async ({ metrics }) => {
      const scraped = metricsOf(await metrics());
      expect(scraped.length).toBeGreaterThan(10);
      const said = rowsOf('## Metrics').map(([name, type, labels]) => `${name} ${type} ${labels}`);
      expect(said.toSorted()).toEqual(scraped.map((one) => one.join(' ')).toSorted());
      const { groups }: { groups: readonly { readonly rules: readonly { readonly expr: string }[] }[] } = parse(
        readDocument('docs/deploy/prometheus-rules.yaml'),
      );
      const rules = groups.flatMap((group) => group.rules.map(({ expr }) => expr));
      const asked = [...rules, ...dashboardQueries()].flatMap((expr) => expr.match(/stsync_\w+/g) ?? []);
      expect(asked.length).toBeGreaterThan(5);
      const names = new Set(scraped.map(([name]) => name));
      expect(asked.filter((name) => !names.has(name))).toEqual([]);
    });
  });

  it('says of each endpoint who may ask', async () => {
    await withDaemon(async ({ status }) => {
      for (const [path = '', who] of rowsOf('## Endpoints')) {
        const real = path.replace(':domain', 'example.com');
        const expected = { all: [200, 200], '`auth`': [401, 200], signature: [404, 404] }[who ?? ''];
        expect([path, await status(real), await status(real, AUTHORIZED)]).toEqual([path, ...(expected ?? ['?'])]);
      }
    });
  });
});

const noPages = async () => () => new Response();

describe('docs/daemon.md', () => {
  it('has every endpoint and no other', () => {
    const metrics = openMetrics(
      () => noFleet,
      { calls: () => [], certificates: () => null, reports: () => null, now: () => new Date(0) },
      '0',
    );
    const log = { debug: nothing, info: nothing, warn: nothing, error: nothing, hide: nothing };
    const world = { state: () => noFleet, trigger: nothing, metrics, log, now: () => new Date(0), mayAsk };
    const { routes } = operatorApp({ ...world, openStore: () => null, dashboard: noPages, shared: noPages });
    const paths = new Set(routes.filter(({ method }) => method !== 'ALL').map(({ path }) => path));
    expect(rowsOf('## Endpoints').map(([path]) => path)).toEqual(expect.arrayContaining([...paths]));
    expect(rowsOf('## Endpoints')).toHaveLength(paths.size);
  });

  it('shows notifications that are read as they stand', () => {
    const block = blocksOf(markdown).find(({ text }) => text.startsWith('notifications:'))?.text ?? '';
    const source = {
      file: 'domains.yaml',
      directory: '/etc/stsync',
      text: new TextEncoder().encode(`version: 1\n${block}`),
    };
    const parsed = parseConfig([source], {
      descriptors,
      secrets: { env: () => 'https://chat.example.net/hook', file: () => 'https://chat.example.net/hook' },
      resolvePath: (directory, path) => `${directory}/${path}`,
    });
    expect(parsed.ok ? parsed.warnings : parsed.faults).toEqual([]);
    const kinds = parsed.ok
      ? parsed.config.notifications.map((one) => (one.type === 'mail' ? 'mail' : one.template.kind))
      : [];
    expect(kinds).toEqual(['slack', 'teams', 'generic', 'file', 'mail']);
  });

  it('shows a template of one’s own that gives JSON with the message in it, and names what the generic one has', () => {
    const text = blocksOf(markdown).find(({ language }) => language === 'json')?.text ?? '';
    const change = {
      domain: 'example.com',
      event: 'failed',
      from: 'in sync',
      to: 'failed',
      findings: [],
      isLast: false,
    } as const;
    const message = messageOf([change], null, { at: new Date('2026-11-24T12:00:00Z'), commit: 'abc' });
    if (message === null) throw new Error('no message');
    const payload = payloadOf(message, { kind: 'file', path: 'chat.json', text });
    const value: unknown = payload.ok ? JSON.parse(payload.value) : payload.issues;
    expect(value).toMatchObject({ title: 'example.com failed', details: { changes: [{ domain: 'example.com' }] } });
    expect(JSON.stringify(value)).not.toContain('{{');
    for (const key of Object.keys(message)) expect(markdown).toContain(`\`${key}\``);
  });
});
