/**
 * Floor 3. Tells people: after each run what changed, in one message for each receiver. Nothing here holds up a run, and nothing is lost
 * silently: a message that nobody took stands in the log.
 */
import type { NotificationConfig } from '../../core/config/model.ts';
import { StsyncError } from '../../core/error.ts';
import { statusChanges } from '../../core/notify/changes.ts';
import { damp, type Damped, type Told } from '../../core/notify/damper.ts';
import { type ConfigNews, type Message, messageLines, messageOf, reportsMessageOf } from '../../core/notify/message.ts';
import { payloadOf } from '../../core/notify/payload.ts';
import type { ReportNews } from '../../core/reports/alerts.ts';
import type { Secret } from '../../core/secret.ts';
import { type Clock, sleep } from '../../effects/clock.ts';
import type { Log } from '../../effects/log.ts';
import type { Mail } from '../../effects/send-mail.ts';
import type { FleetState } from './fleet-state.ts';

export interface NotifyWorld {
  readonly clock: Clock;
  readonly log: Log;
  /** Throws `NOTIFY_FAILED`. */
  readonly sendWebhook: (url: Secret, json: string) => Promise<void>;
  /** Throws `NOTIFY_FAILED`. */
  readonly sendMail: (server: string | null, mail: Mail) => Promise<void>;
}

export interface Notifier {
  /** Two states of the daemon, one after the other. */
  tell(before: FleetState, after: FleetState): void;
  /** What TLS reports newly tell of, to whom the config in force names. */
  tellReports(news: readonly ReportNews[], state: FleetState): void;
  /** Waits for what is on its way, ten seconds at most; what is given up, or would be tried again later, is logged. */
  close(): Promise<void>;
}

/** From so many attempts in a row on it is told that the repository cannot be followed. */
const TOLD_FAILURES = 3;
/** Before the second and the third attempt. */
const PAUSES_MS = [5_000, 60_000];
/** A program for mail that hangs would hang the end of the daemon. */
const CLOSE_MS = 10_000;

export function openNotifier(world: NotifyWorld): Notifier {
  const running = new Map<Promise<void>, Message>();
  const stop = new AbortController();
  let told: Told = new Map();
  const send = (to: NotificationConfig, message: Message | null): void => {
    if (message === null) return;
    const work = deliver(world, to, message, stop.signal).finally(() => running.delete(work));
    running.set(work, message);
  };

  return {
    tell(before, after) {
      const plans = new Map(Array.from(after.domains, ([domain, { plan }]) => [domain, plan]));
      const damped = damp(told, statusChanges(before.known, after.known, plans), world.clock.now());
      ({ told } = damped);
      const config = configNews(before, after) ?? sourceNews(before, after);
      for (const one of after.inForce?.config.notifications ?? []) {
        send(one, messageFor(one, damped.changes, config, after, world.clock.now()));
      }
    },
    tellReports(news, { inForce }) {
      const message = reportsMessageOf(news, { at: world.clock.now(), commit: inForce?.commit ?? null });
      for (const one of inForce?.config.notifications ?? []) if (one.on.has('reports')) send(one, message);
    },
    async close() {
      stop.abort();
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const cancel = world.clock.after(CLOSE_MS, resolve);
      await Promise.race([Promise.all(running.keys()), late]);
      cancel();
      for (const message of running.values()) logLost(world.log, message, 'the receiver had no answer before the end');
    },
  };
}

function messageFor(
  { on }: NotificationConfig,
  changes: Damped['changes'],
  config: ConfigNews | null,
  { inForce }: FleetState,
  at: Date,
): Message | null {
  const isBad = config?.event === 'refused' || config?.event === 'source-failed';
  const news = config !== null && on.has(isBad ? 'failed' : 'recovered') ? config : null;
  const wanted = changes.filter(({ event }) => on.has(event));
  return messageOf(wanted, news, { at, commit: inForce?.commit ?? null });
}

/** A newer config that was refused, each once by its commit and words; or the one that ends that. */
function configNews(before: FleetState, after: FleetState): ConfigNews | null {
  const { refused } = after;
  if (refused === null)
    return before.refused === null ? null : { event: 'accepted', commit: after.inForce?.commit ?? null, message: '' };
  const isKnown = before.refused?.message === refused.message && before.refused.commit === refused.commit;
  return isKnown ? null : { event: 'refused', commit: refused.commit, message: refused.message };
}

/** A repository that cannot be followed, when that is no short trouble of the network; and the end of it, where it was told. */
function sourceNews(before: FleetState, after: FleetState): ConfigNews | null {
  const commit = after.inForce?.commit ?? null;
  const [was, is] = [before.sourceFailure?.failures ?? 0, after.sourceFailure?.failures ?? 0];
  if (was < TOLD_FAILURES && is >= TOLD_FAILURES)
    return { event: 'source-failed', commit, message: after.sourceFailure?.message ?? '' };
  return was >= TOLD_FAILURES && is === 0 ? { event: 'source-recovered', commit, message: '' } : null;
}

async function deliver(
  world: NotifyWorld,
  to: NotificationConfig,
  message: Message,
  signal: AbortSignal,
): Promise<void> {
  for (const pauseMs of [...PAUSES_MS, null]) {
    try {
      await sendTo(world, to, message);
      return;
    } catch (error) {
      const isOver = pauseMs === null || signal.aborted || !(error instanceof StsyncError) || !error.retryable;
      const text = error instanceof Error ? error.message : String(error);
      if (isOver) {
        logLost(world.log, message, text);
        return;
      }
      world.log.warn({ summary: message.summary }, `${text}; it is tried again`);
      // The end of the daemon ends the wait: one more try, and the last.
      await sleep(world.clock, pauseMs, signal).catch(() => undefined);
    }
  }
}

function logLost(log: Log, message: Message, reason: string): void {
  log.error({ summary: message.summary, lines: messageLines(message) }, `NOTIFY_FAILED ${reason}`);
}

async function sendTo(world: NotifyWorld, to: NotificationConfig, message: Message): Promise<void> {
  if (to.type === 'mail') {
    const text = `${messageLines(message).join('\n')}\n`;
    await world.sendMail(to.server, { from: to.from, to: to.to, subject: `stsync: ${message.summary}`, text });
    return;
  }
  const payload = payloadOf(message, to.template);
  if (payload.ok) {
    await world.sendWebhook(to.url, payload.value);
    return;
  }
  const [issue] = payload.issues;
  throw new StsyncError('NOTIFY_FAILED', issue?.message ?? 'the template is at fault', {
    hint: issue?.hint ?? 'correct the template',
    where: to.template.kind === 'file' ? to.template.path : to.template.kind,
  });
}
