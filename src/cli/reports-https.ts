/** Floor 4. TLS reports by HTTPS: the door at the policy hosts and at listeners of its own, the spool behind it, and who works that off. */
import { systemClock } from '../effects/clock.ts';
import { listenPlaces, parseInheritedSockets } from '../effects/inherited-sockets.ts';
import { openReportSpool } from '../effects/reports/report-spool.ts';
import { openUploadDoor } from '../effects/reports/upload-door.ts';
import { openUploadListener } from '../effects/reports/upload-listener.ts';
import { openUploadRates } from '../effects/reports/upload-rates.ts';
import { openSpoolWorker } from '../services/reports/work-off-spool.ts';
import type { DaemonPart } from './daemon-parts.ts';
import type { IntakeView } from './reports-part.ts';
import { statePathOf } from './wiring.ts';

/** `reports.https` at the start counts: another path or address needs a restart. */
export async function reportsHttps({ daemon, takeIn }: IntakeView): Promise<DaemonPart> {
  const { config, log, uploads } = daemon;
  const { https } = config.reports;
  if (https === null) return { close: async () => undefined };
  const spool = openReportSpool(`${statePathOf(config)}.reports`, systemClock);
  const worker = openSpoolWorker({ spool, takeIn, clock: systemClock, log });
  const rates = openUploadRates(systemClock);
  const door = openUploadDoor({ path: https.path, spool, rates, clock: systemClock, log, onCommit: worker.wake });
  uploads.door = door;
  const inherited = parseInheritedSockets(process.env, process.pid);
  const listeners = https.listen
    .flatMap((listen) => listenPlaces(listen, inherited))
    .map((place) =>
      openUploadListener({
        ...place,
        door,
        clock: systemClock,
        onTrouble: ({ code, message, hint }) => log.warn({ hint }, `${code} ${message}`),
      }),
    );
  log.info({ path: https.path, listen: https.listen }, 'TLS reports by HTTPS');
  return {
    close: async () => {
      door.close();
      await Promise.all(listeners.map((listener) => listener.close()));
      await worker.close();
    },
  };
}
