/** Floor 4. Notifications as a part of the daemon: of runs, and of what TLS reports newly tell of. */
import { systemClock } from '../effects/clock.ts';
import { sendWebhook } from '../effects/send-webhook.ts';
import { openNotifier } from '../services/daemon/notifications.ts';
import type { DaemonPart, DaemonView } from './daemon-parts.ts';
import { openReportAlerts } from './report-alerts.ts';

export async function notifyPart({ config, state, log }: DaemonView): Promise<DaemonPart> {
  const notifier = openNotifier({
    clock: systemClock,
    log,
    sendWebhook,
    // Loaded for the first mail: most daemons send none.
    sendMail: async (server, mail) => (await import('../effects/send-mail.ts')).sendMail(server, mail),
  });
  // `unbuilt` refuses a database URL for each domain.
  const alerts = config.state.kind === 'file' ? openReportAlerts({ state, log }, config.state.path, notifier) : null;
  return {
    onNews: (before, after) => notifier.tell(before, after),
    close: async () => {
      await alerts?.close();
      await notifier.close();
    },
  };
}
