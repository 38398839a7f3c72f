/**
 * Floor 3. What the operator listener answers: health, metrics, the API, web hooks, pages. Health says nothing but its status to anybody; the rest is
 * for who may ask (STACK-web section 4), but for the pages that owners of domains have links to. It only reads, but for the hook, which asks for a look at the repository.
 */
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';

import type { DaemonConfig } from '../../core/config/model.ts';
import { checkHookSignature } from '../../core/hook-signature.ts';
import { renderJson } from '../../core/plan/render-json.ts';
import { statuses } from '../../core/plan/model.ts';
import type { Log } from '../../effects/log.ts';
import type { StoreReader } from '../../effects/store.ts';
import type { FleetState, RunReason } from './fleet-state.ts';
import type { Metrics } from './metrics.ts';
import { domainJson, reportOfState, statusJson } from './operator-json.ts';

export interface OperatorWorld {
  readonly state: () => FleetState;
  readonly trigger: (reason: RunReason) => void;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly now: () => Date;
  /** Opens the state for one answer; null: there is none yet. */
  readonly openStore: () => StoreReader | null;
  /** Answers for the dashboard; loaded with the first page that is asked for. */
  readonly dashboard: () => Promise<(request: Request) => Response | Promise<Response>>;
  /** Answers `/shared/...`, to whoever asks: the path says what may be seen. */
  readonly shared: () => Promise<(request: Request) => Response | Promise<Response>>;
  /** May this peer see more than health? */
  readonly mayAsk: (request: OperatorRequest, config: DaemonConfig) => boolean;
}

/** Of a request, what decides who asks. */
export interface OperatorRequest {
  /** Address of the peer; empty where it is not known. */
  readonly peer: string;
  readonly header: (name: string) => string | undefined;
}

export type OperatorEnvironment = { Bindings: { peer: string } };

/** What the dashboard answers beside `/`. */
const PAGES = ['/domains/*', '/reports/*', '/rejected', '/journal', '/files/*', '/assets/*', '/favicon.ico'];
const MAX_HOOK_BYTES = 5_000_000;
const DEFAULT_ROWS = 100;
const MAX_ROWS = 1_000;
/** A daemon whose last good run is older than three intervals, and an hour, is not ready for work. */
const STALE_MS = 3_600_000;

export function operatorApp(world: OperatorWorld): Hono<OperatorEnvironment> {
  const app = new Hono<OperatorEnvironment>();
  app.use(async (c, next) => {
    await next();
    const { headers } = c.res;
    if (!headers.has('Cache-Control')) c.header('Cache-Control', 'no-store');
    c.header('X-Content-Type-Options', 'nosniff');
    if (!headers.has('Content-Security-Policy'))
      c.header('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'; base-uri 'none'");
    c.header('Referrer-Policy', 'no-referrer');
  });
  app.notFound((c) => c.body(null, 404));
  app.onError((error, c) => {
    world.log.error({ error: error.stack ?? error.message }, 'the operator listener could not answer');
    return c.body(null, 500);
  });
  app.get('/healthz', (c) => c.text('ok\n'));
  app.get('/readyz', (c) => (isReady(world) ? c.text('ready\n') : c.text('not ready\n', 503)));
  addHook(app, world);
  app.use('/metrics', guard(world));
  app.use('/api/*', guard(world));
  app.get('/metrics', async (c) => {
    c.header('Content-Type', world.metrics.contentType);
    return c.body(await world.metrics.text());
  });
  addApi(app, world);
  const show = async (c: Context): Promise<Response> => (await world.dashboard())(c.req.raw);
  app.get('/', guard(world), show);
  for (const path of PAGES) app.use(path, guard(world), show);
  app.use('/shared/*', async (c) => {
    // Else strangers could make the daemon load all that pages need.
    const hasLinks = (world.state().inForce?.config.reports.weekly?.link ?? null) !== null;
    return hasLinks ? (await world.shared())(c.req.raw) : c.body(null, 404);
  });
  return app;
}

/** A config is in force, and the one who works did work lately. A stand-by is ready to take over. Sick domains are no reason to restart anything. */
function isReady({ state, now }: OperatorWorld): boolean {
  const { role, inForce, lastGoodRunAt, lastRun, nextRunAt, intervalMs } = state();
  if (inForce === null || role === 'stopping') return false;
  if (role === 'standby') return true;
  if (lastGoodRunAt === null) return false;
  // A schedule like `0 8,9 * * *` has no one interval: the pause that goes on now counts where it is longer.
  const pauseMs = lastRun === null || nextRunAt === null ? 0 : nextRunAt.getTime() - lastRun.startedAt.getTime();
  return now().getTime() - lastGoodRunAt.getTime() <= Math.max(STALE_MS, 3 * intervalMs, 3 * pauseMs);
}

function guard({ state, mayAsk }: OperatorWorld): MiddlewareHandler<OperatorEnvironment> {
  return async (c, next) => {
    const config = state().inForce?.config.daemon;
    if (config !== undefined && mayAsk({ peer: c.env.peer, header: (name) => c.req.header(name) }, config))
      return next();
    if (config?.auth?.type === 'token') c.header('WWW-Authenticate', 'Basic realm="stsync", charset="UTF-8"');
    return c.body(null, config?.auth?.type === 'token' ? 401 : 403);
  };
}

function addHook(app: Hono<OperatorEnvironment>, { state, trigger, log, now }: OperatorWorld): void {
  const limit = bodyLimit({ maxSize: MAX_HOOK_BYTES, onError: (c) => c.body(null, 413) });
  app.post('/hooks/git', limit, async (c) => {
    const hooks = state().inForce?.config.daemon.hooks ?? null;
    if (hooks === null) return c.body(null, 404);
    const body = new Uint8Array(await c.req.arrayBuffer());
    const check = checkHookSignature({ body, header: (name) => c.req.header(name) }, hooks.secret.reveal(), now());
    if (!check.ok) {
      log.warn({ reason: check.reason, peer: c.env.peer }, 'a web hook was refused');
      return c.body(null, 401);
    }
    log.info({ sender: check.sender }, 'a web hook asks for a run');
    trigger('hook');
    return c.body(null, 202);
  });
}

function addApi(app: Hono<OperatorEnvironment>, { state, openStore, now }: OperatorWorld): void {
  app.get('/api/v1/status', (c) => json(c, statusJson(state())));
  app.get('/api/v1/domains', (c) => {
    const status = c.req.query('status');
    if (status !== undefined && !statuses.some((one) => one === status))
      return badRequest(c, `status is one of: ${statuses.join(', ')}`);
    const limit = rowsOf(c.req.query('limit'));
    if (limit === null) return badRequest(c, `limit is a number from 1 to ${MAX_ROWS}`);
    const after = c.req.query('after') ?? '';
    const all = [...state().domains].filter(
      ([domain, one]) => domain > after && (status === undefined || one.status === status),
    );
    const rows = all.slice(0, limit);
    const next = all.length > rows.length ? (rows.at(-1)?.[0] ?? null) : null;
    return json(c, { domains: rows.map(([domain, one]) => domainJson(domain, one)), next });
  });
  app.get('/api/v1/domains/:domain', (c) => {
    const domain = c.req.param('domain');
    const found = state().domains.get(domain);
    return found === undefined ? c.body(null, 404) : json(c, domainJson(domain, found));
  });
  app.get('/api/v1/plan', (c) => {
    c.header('Content-Type', 'application/json');
    return c.body(renderJson(reportOfState(state(), now())));
  });
  app.get('/api/v1/journal', (c) => {
    const limit = rowsOf(c.req.query('limit'));
    if (limit === null) return badRequest(c, `limit is a number from 1 to ${MAX_ROWS}`);
    const domain = c.req.query('domain');
    const store = openStore();
    try {
      return json(c, { entries: store?.journal({ limit, ...(domain === undefined ? {} : { domain }) }) ?? [] });
    } finally {
      store?.close();
    }
  });
}

function rowsOf(text: string | undefined): number | null {
  if (text === undefined) return DEFAULT_ROWS;
  const rows = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  return rows >= 1 && rows <= MAX_ROWS ? rows : null;
}

function json(c: Context, value: object): Response {
  return c.json({ version: 1, ...value });
}

function badRequest(c: Context, error: string): Response {
  return c.json({ version: 1, error }, 400);
}
