/** A policy host that takes TLS reports, and what its senders say. */
import { Buffer } from 'node:buffer';

import { systemClock } from '../../../src/effects/clock.ts';
import { openReportSpool, type ReportSpool, spoolLimits } from '../../../src/effects/reports/report-spool.ts';
import { openUploadDoor, type UploadDoor } from '../../../src/effects/reports/upload-door.ts';
import { openUploadRates, type UploadLimits, uploadLimits } from '../../../src/effects/reports/upload-rates.ts';
import type { Ca } from '../../support/ca.ts';
import { HOST, type HostOptions, PolicyHost } from '../policy-host-rig.ts';
import { tempDirectory } from '../temp-directory.ts';

export const POST_PATH = '/tls-reports';

export interface TakerOptions {
  readonly host?: HostOptions;
  readonly rates?: Partial<UploadLimits>;
  readonly bytes?: number;
  readonly directory?: string;
}

export class ReportTaker {
  readonly directory: string;
  readonly spool: ReportSpool;
  readonly door: UploadDoor;
  readonly host: PolicyHost;
  /** Every line of the log, with its fields. */
  readonly log: string[] = [];

  constructor(
    ca: Pick<Ca, 'issue'>,
    { host = {}, rates = {}, bytes = spoolLimits.bytes, directory = tempDirectory() }: TakerOptions = {},
  ) {
    this.directory = directory;
    this.spool = openReportSpool(directory, systemClock, { ...spoolLimits, bytes });
    const write = (fields: object, message: string): void => void this.log.push(`${message} ${JSON.stringify(fields)}`);
    this.door = openUploadDoor({
      path: POST_PATH,
      spool: this.spool,
      rates: openUploadRates(systemClock, { ...uploadLimits, ...rates }),
      clock: systemClock,
      log: { debug: write, warn: write },
      onCommit: () => undefined,
    });
    this.host = new PolicyHost(ca, { ...host, uploads: { door: this.door } });
  }

  /** Peer and text of each, in order. */
  async kept(): Promise<readonly (readonly [string | null, string])[]> {
    const names = await this.spool.list();
    const files = await Promise.all(names.map((name) => this.spool.read(name)));
    return files.flatMap((file) => (file === null ? [] : [[file.peer, Buffer.from(file.bytes).toString()] as const]));
  }
}

export interface Post {
  readonly method?: string;
  readonly path?: string;
  readonly host?: string;
  /** Null: no such header. */
  readonly type?: string | null;
  /** Lines in front of the blank one. */
  readonly more?: readonly string[];
  readonly body?: string;
}

/** The whole request, with its length. */
export function post({ body = '{}', ...head }: Post = {}): string {
  return `${headOf({ ...head, more: [...(head.more ?? []), `Content-Length: ${body.length}`] })}${body}`;
}

export function headOf({ method = 'POST', path = POST_PATH, host = HOST, type, more = [] }: Post): string {
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${host}`, ...more];
  if (type !== null) lines.push(`Content-Type: ${type ?? 'application/tlsrpt+json'}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}
