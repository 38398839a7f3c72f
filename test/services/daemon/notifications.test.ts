import { describe, expect, it } from 'vitest';

import type { NotificationConfig, NotificationEvent } from '../../../src/core/config/model.ts';
import { StsyncError } from '../../../src/core/error.ts';
import type { Status } from '../../../src/core/plan/model.ts';
import { Secret } from '../../../src/core/secret.ts';
import type { Mail } from '../../../src/effects/send-mail.ts';
import { type FleetState, noFleet, type RefusedConfig } from '../../../src/services/daemon/fleet-state.ts';
import { type Notifier, openNotifier } from '../../../src/services/daemon/notifications.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { configOf } from './states.ts';

const all: ReadonlySet<NotificationEvent> = new Set(['drift', 'held', 'failed', 'recovered', 'reports']);
const hook = (rest: { readonly on?: ReadonlySet<NotificationEvent> } = {}): NotificationConfig => ({
  type: 'webhook',
  url: new Secret('https://hooks.example/secret-path'),
  template: { kind: 'generic' },
  on: all,
  ...rest,
});
const mailTo: NotificationConfig = {
  type: 'mail',
  to: ['ops@example.com'],
  from: 'stsync@example.com',
  server: null,
  on: all,
};

interface Rig {
  readonly notifier: Notifier;
  readonly clock: FakeClock;
  readonly hooks: string[];
  readonly mails: Mail[];
  readonly lines: { readonly fields: object; readonly message: string }[];
  /** The next deliveries fail so, or never end. */
  readonly failures: (StsyncError | 'silence')[];
}

function open(): Rig {
  const clock = new FakeClock('2026-11-24T12:00:00Z');
  const [hooks, mails, lines, failures]: [string[], Mail[], Rig['lines'], Rig['failures']] = [[], [], [], []];
  const note = (fields: object, message: string): void => void lines.push({ fields, message });
  const log = { debug: note, info: note, warn: note, error: note, hide: () => undefined };
  const orFail = async (take: () => void): Promise<void> => {
    const failure = failures.shift();
    if (failure === 'silence') await new Promise(() => undefined);
    else if (failure !== undefined) throw failure;
    take();
  };
  const notifier = openNotifier({
    clock,
    log,
    sendWebhook: (_url, json) => orFail(() => hooks.push(json)),
    sendMail: (_server, mail) => orFail(() => mails.push(mail)),
  });
  return { notifier, clock, hooks, mails, lines, failures };
}

function state(
  statuses: Readonly<Record<string, Status>>,
  notifications: readonly NotificationConfig[] = [hook()],
  refused: RefusedConfig | null = null,
): FleetState {
  const since = new Date('2026-11-24T12:00:00Z');
  const known = new Map(Object.entries(statuses).map(([domain, status]) => [domain, { status, since, failures: 0 }]));
  const config = configOf(Object.keys(statuses), { notifications });
  return { ...noFleet, known, inForce: { config, commit: 'abc', loadedAt: since }, refused };
}

const refusal = (message: string): RefusedConfig => ({ faults: [], message, commit: 'def', at: new Date(0) });
const lost = (retryable: boolean): StsyncError =>
  new StsyncError('NOTIFY_FAILED', 'the receiver is away', { retryable });

describe('a notification', () => {
  it('tells what TLS reports newly tell of to those who want that, in one message', async () => {
    const { notifier, hooks, mails } = open();
    const news = [
      { domain: 'example.com', event: 'reported', code: 'REPORT_BURST', message: '40 % failed', hint: 'look' },
      { domain: 'example.com', event: 'over', code: 'REPORTER_SILENT', message: 'Google is silent', hint: null },
    ] as const;
    notifier.tellReports(news, state({}, [hook({ on: new Set(['failed']) }), hook(), mailTo]));
    notifier.tellReports([], state({}, [hook()]));
    await notifier.close();
    expect(hooks.map((text) => JSON.parse(text).reports)).toEqual([news]);
    expect(mails.map(({ subject, text }) => `${subject}\n${text}`)).toEqual([
      `stsync: TLS reports of example.com: 1 new, 1 over
- example.com: REPORT_BURST 40 % failed
      look
+ example.com: over: REPORTER_SILENT Google is silent
Config in force: commit abc
`,
    ]);
  });

  it('is one message for all that changed in a run', async () => {
    const { notifier, hooks } = open();
    notifier.tell(
      state({ 'a.example': 'in sync', 'b.example': 'failed' }),
      state({ 'a.example': 'held', 'b.example': 'in sync' }),
    );
    await notifier.close();
    expect(hooks.map((json) => JSON.parse(json))).toMatchObject([
      { summary: '1 domain held, 1 recovered', commit: 'abc' },
    ]);
  });

  it('goes to each receiver with what it asked for', async () => {
    const { notifier, hooks, mails } = open();
    const receivers = [hook({ on: new Set(['recovered']) }), mailTo];
    notifier.tell(state({ 'a.example': 'in sync' }, receivers), state({ 'a.example': 'failed' }, receivers));
    await notifier.close();
    expect(hooks).toEqual([]);
    expect(mails).toMatchObject([{ subject: 'stsync: a.example failed', to: ['ops@example.com'] }]);
  });

  it('is not made when nothing changed', async () => {
    const { notifier, hooks } = open();
    notifier.tell(state({ 'a.example': 'failed' }), state({ 'a.example': 'failed' }));
    await notifier.close();
    expect(hooks).toEqual([]);
  });

  it('tells a refused config once, another fault again, and the end of it', async () => {
    const { notifier, hooks } = open();
    const good = state({});
    const bad = state({}, [hook()], refusal('first fault'));
    const worse = state({}, [hook()], refusal('second fault'));
    notifier.tell(good, bad);
    notifier.tell(bad, { ...bad });
    notifier.tell(bad, worse);
    notifier.tell(worse, good);
    await notifier.close();
    const told = hooks.map((json) => JSON.parse(json).config);
    expect(told).toMatchObject([
      { event: 'refused', message: 'first fault', commit: 'def' },
      { event: 'refused', message: 'second fault' },
      { event: 'accepted', commit: 'abc' },
    ]);
  });
});

function failing(failures: number): FleetState {
  return { ...state({}), sourceFailure: { message: 'SOURCE_UNREACHABLE no', since: new Date(0), failures } };
}

/** With one receiver, which asked for this alone. */
function to(one: FleetState, event: NotificationEvent): FleetState {
  const config = configOf([], { notifications: [hook({ on: new Set([event]) })] });
  return { ...one, inForce: { config, commit: null, loadedAt: new Date(0) } };
}

describe('a repository that cannot be followed', () => {
  it('is told when it failed three times in a row, once, and so is the end of it', async () => {
    const { notifier, hooks } = open();
    const states = [state({}), failing(1), failing(2), failing(3), failing(4), state({})];
    for (const [index, one] of states.slice(1).entries()) notifier.tell(states[index] ?? one, one);
    await notifier.close();
    expect(hooks.map((json) => JSON.parse(json))).toMatchObject([
      { summary: 'repository not followed', config: { event: 'source-failed', message: 'SOURCE_UNREACHABLE no' } },
      { summary: 'repository followed again', config: { event: 'source-recovered' } },
    ]);
  });

  it('for a moment is told to nobody', async () => {
    const { notifier, hooks } = open();
    for (const [before, after] of [
      [state({}), failing(1)],
      [failing(1), failing(2)],
      [failing(2), state({})],
    ] as const)
      notifier.tell(before, after);
    await notifier.close();
    expect(hooks).toEqual([]);
  });

  it('is of the kind `failed`, and its end of the kind `recovered`', async () => {
    const { notifier, hooks } = open();
    notifier.tell(to(failing(2), 'recovered'), to(failing(3), 'recovered'));
    notifier.tell(to(failing(3), 'failed'), to(state({}), 'failed'));
    expect(hooks).toEqual([]);
    notifier.tell(to(failing(2), 'failed'), to(failing(3), 'failed'));
    notifier.tell(to(failing(3), 'recovered'), to(state({}), 'recovered'));
    await notifier.close();
    expect(hooks).toHaveLength(2);
  });
});

describe('a receiver that is away', () => {
  const before = state({ 'a.example': 'in sync' });
  const after = state({ 'a.example': 'failed' });

  it('is tried again after a while, and gets the message once', async () => {
    const { notifier, hooks, clock, failures } = open();
    failures.push(lost(true), lost(true));
    notifier.tell(before, after);
    await clock.pass(4_000);
    expect(hooks).toHaveLength(0);
    await clock.pass(70_000);
    expect(hooks).toHaveLength(1);
    expect(clock.timers).toBe(0);
  });

  it('for good leaves the whole message in the log', async () => {
    const { notifier, hooks, clock, failures, lines } = open();
    failures.push(lost(true), lost(true), lost(true));
    notifier.tell(before, after);
    await clock.pass(200_000);
    expect(hooks).toEqual([]);
    expect(lines.at(-1)).toMatchObject({
      message: 'NOTIFY_FAILED the receiver is away',
      fields: { summary: 'a.example failed', lines: ['- a.example: in sync -> failed', 'Config in force: commit abc'] },
    });
  });

  it('for a reason that stays is not tried again', async () => {
    const { notifier, clock, failures, lines } = open();
    failures.push(lost(false));
    notifier.tell(before, after);
    await clock.pass(0);
    expect(lines).toHaveLength(1);
    expect(clock.timers).toBe(0);
  });

  it('does not hold up the end of the daemon', async () => {
    const { notifier, clock, failures, lines } = open();
    failures.push(lost(true), lost(true));
    notifier.tell(before, after);
    await clock.pass(0);
    await notifier.close();
    expect(lines.at(-1)?.message).toMatch(/^NOTIFY_FAILED/);
    expect(clock.timers).toBe(0);
  });

  it('that takes and never answers holds it up for ten seconds at most, and leaves the message in the log', async () => {
    const { notifier, clock, failures, lines } = open();
    failures.push('silence');
    notifier.tell(before, after);
    await clock.pass(0);
    let isClosed = false;
    const closing = notifier.close().then(() => (isClosed = true));
    await clock.pass(9_999);
    expect(isClosed).toBe(false);
    await clock.pass(1);
    await closing;
    expect(lines.map(({ message }) => message)).toEqual([expect.stringMatching(/^NOTIFY_FAILED/)]);
    expect(clock.timers).toBe(0);
  });
});
