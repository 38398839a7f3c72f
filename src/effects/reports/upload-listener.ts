/** Floor 2. A listener of plain HTTP for TLS reports alone, behind a proxy that ends TLS. */
import { createServer } from 'node:http';

import { type HostLimits, hostLimits, httpOptions } from '../host-limits.ts';
import { listenToStrangers, type StrangerListener, type StrangerOptions } from '../stranger-listener.ts';
import { answerStranger } from '../answer-stranger.ts';
import type { UploadDoor } from './upload-door.ts';

/** From the first byte of a request to the last of a report: 10 MiB by a line of 1.4 Mbit/s. */
export const UPLOAD_MS = 60_000;

/** Listens from now on; an address that cannot be opened is told once and tried again each second. All come from the proxy, so none has a share of its own. */
export function openUploadListener(
  options: StrangerOptions & { readonly door: UploadDoor; readonly limits?: Partial<HostLimits> },
): StrangerListener {
  const { door } = options;
  const asked = { ...hostLimits, requestMs: UPLOAD_MS, ...options.limits };
  const limits = { ...asked, connectionsPerPeer: asked.connections };
  const server = createServer(httpOptions(limits), (request, response) => {
    if (request.url === door.path) door.take({ request, response, serverName: null, peer: null });
    else answerStranger(request, response, null, () => ({ status: 404, body: null }));
  });
  const who = { what: 'the listener for TLS reports', key: 'reports.https.listen', isPlain: true };
  return listenToStrangers(server, { ...options, ...who }, limits);
}
