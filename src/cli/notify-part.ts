/** Floor 4. Notifications as a part of the daemon. */
import { systemClock } from '../effects/clock.ts';
import { sendWebhook } from '../effects/send-webhook.ts';
import { openNotifier } from '../services/daemon/notifications.ts';
import type { DaemonPart, DaemonView } from './daemon-parts.ts';

export async function notifyPart({ log }: DaemonView): Promise<DaemonPart> {
  const notifier = openNotifier({
    clock: systemClock,
    log,
    sendWebhook,
    // Loaded for the first mail: most daemons send none.
    sendMail: async (server, mail) => (await import('../effects/send-mail.ts')).sendMail(server, mail),
  });
  return { onNews: (before, after) => notifier.tell(before, after), close: () => notifier.close() };
}
