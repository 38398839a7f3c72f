/** Floor 0. The config as the rest of stsync sees it: parsed, defaults and profiles applied, paths absolute, names in A-labels. */
import type { ConfigCode } from '../codes.ts';
import type { GuardName } from '../guard-names.ts';
import type { HostName } from '../names.ts';
import type { PolicyMode } from '../policy.ts';
import type { Secret } from '../secret.ts';
import type { ImapMailbox } from './shape-reports-imap.ts';
import type { WeeklyConfig } from './shape-reports-weekly.ts';

/** Where something stands in the YAML. `line` and `column` count from 1; `file` as the user named it. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One fault: printed as `file:line:col: CODE message`, with the hint on a line below. */
export interface ConfigFault {
  readonly code: ConfigCode;
  readonly message: string;
  readonly hint?: string;
  readonly place: Place;
}

/** A provider option after parsing: text (paths absolute), a flag, a secret, or a group of options (tsig). */
export type OptionValue = string | boolean | Secret | { readonly [name: string]: OptionValue };

export interface ProviderConfig {
  readonly name: string;
  readonly type: string;
  readonly options: { readonly [name: string]: OptionValue };
  readonly place: Place;
}

/** Where the policy host's record points: a CNAME target, or addresses (A and AAAA). Exactly one of both. */
export type HostTarget =
  | { readonly kind: 'hostname'; readonly hostname: HostName }
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] };

export type PublisherConfig =
  | {
      readonly type: 'directory';
      readonly directory: string;
      readonly target: HostTarget;
      readonly proof: 'https' | 'file';
      readonly spreadSeconds: number;
    }
  | { readonly type: 'external'; readonly target: HostTarget; readonly proof: 'https'; readonly spreadSeconds: number }
  | ServerPublisher;

/** Our own policy host. */
export interface ServerPublisher {
  readonly type: 'server';
  readonly target: HostTarget;
  readonly proof: 'https';
  readonly spreadSeconds: number;
  /** `tls: behind-proxy`: a proxy in front ends TLS, so the host speaks plain HTTP on loopback. */
  readonly isBehindProxy: boolean;
  /** `address:port` or `systemd:NAME` each: an address to open, or the name of a socket that systemd hands over. */
  readonly listen: readonly string[];
  /** As `listen`: where the CA fetches the answers to its challenges (HTTP-01). Null: nowhere. */
  readonly http: readonly string[] | null;
  /** Networks, ADDRESS/LENGTH, of the load balancers before `listen` and `http`: they, and nobody else, connect with the PROXY protocol. Null: none. */
  readonly proxyProtocol: readonly string[] | null;
  /** The directory with the operator's own certificates; null: they are to come by ACME, or a proxy has them. */
  readonly certificates: string | null;
  /** Null: own certificates, or a proxy has them. */
  readonly acme: AcmeConfig | null;
}

export type AcmeChallenge = 'http-01' | 'tls-alpn-01' | 'dns-01';

/** Where certificates are ordered (RFC 8555). */
export interface AcmeConfig {
  /** https. */
  readonly directoryUrl: string;
  /** `mailto:` URIs; may be empty. */
  readonly contact: readonly string[];
  readonly profile: string | null;
  readonly challenge: AcmeChallenge;
  /** RFC 8555 §7.3.4. `hmacKey`: base64url. */
  readonly externalAccount: { readonly keyId: string; readonly hmacKey: Secret } | null;
  /** Certificates that the CA's own HTTPS is trusted by, beside the public roots. Absolute. */
  readonly caFile: string | null;
  /** At most `count` new orders in any `perSeconds`. */
  readonly orders: { readonly count: number; readonly perSeconds: number };
}

/** Which providers hold a domain's records: the same for all, or by record label (`_mta-sts`, `mta-sts`, `_smtp._tls`). Names of `providers:`. */
export type ProviderChoice =
  | { readonly kind: 'all'; readonly names: readonly string[] }
  | { readonly kind: 'by-record'; readonly byRecord: ReadonlyMap<string, readonly string[]> };

/** The wanted state of one policy domain. */
export interface DomainConfig {
  readonly domain: HostName;
  readonly place: Place;
  readonly providers: ProviderChoice;
  readonly publisher: PublisherConfig;
  readonly mode: PolicyMode;
  readonly maxAgeSeconds: number;
  /** Patterns in canonical form (rule 3), or `live`: follow the live MX (rule 2). */
  readonly mx: readonly string[] | 'live';
  readonly ttlSeconds: number;
  /** Null: no key, so the record is not ours to manage. Empty: delete it. */
  readonly tlsReports: readonly string[] | null;
  readonly allow: ReadonlySet<GuardName>;
  readonly adopt: boolean;
  readonly absent: boolean;
  readonly observe: 'dns' | 'provider';
  readonly testingForSeconds: number;
  /** A burst of failures in signed reports takes enforce back to testing (rule 8). */
  readonly stepBack: boolean;
  readonly idRecord: string | null;
  /** The customer's CNAMEs lead to names in this zone of ours, and records are written there only (RFC 8461 §8.2). Null: they stand at the domain. */
  readonly delegation: { readonly zone: HostName } | null;
  /** The delegated domain moves out: all stays as it is until no CNAME of it leads here, then what is ours goes. */
  readonly released: boolean;
  /** Mail addresses of its owners: each gets the weekly summary. Each once; may be empty. */
  readonly contacts: readonly string[];
}

/** How stsync looks at the world; every key optional in the YAML. */
export interface WorldConfig {
  /** `address:port` each; empty: the system's. */
  readonly resolvers: readonly string[];
  readonly authorities: ReadonlyMap<HostName, readonly string[]>;
  /** `host:port` to `address:port`. */
  readonly connectTo: ReadonlyMap<string, string>;
  readonly caFile: string | null;
  readonly allowPrivateAddresses: boolean;
  readonly smtpProbe: boolean;
  readonly concurrency: number;
  /** How long a run may look. */
  readonly deadlineSeconds: number;
}

/** A SQLite file, or a database by its URL, which may hold a password. */
export type StateConfig =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'url'; readonly url: Secret };

/** The Git repository that holds the YAML beside the local file. */
export interface SourceConfig {
  /** A URL that git takes, or an absolute path; without user name (but for ssh) and password. */
  readonly git: string;
  readonly branch: string;
  /** The file or folder in the repository: relative, `/` between names, never outside; `.` is its root. */
  readonly path: string;
  readonly intervalSeconds: number;
  /** A private key for ssh, or a file with a token for https (`TOKEN` or `USER:TOKEN`). Absolute. */
  readonly credential: { readonly kind: 'key' | 'token'; readonly file: string } | null;
  /** Where the clone lives: `<state file>.source`, absolute. */
  readonly directory: string;
}

/** Who may ask the operator listener. */
export type OperatorAuth =
  | { readonly type: 'token'; readonly token: Secret }
  | {
      readonly type: 'header';
      /** In lower case. */
      readonly header: string;
      /** Networks of the proxies that set the header, ADDRESS/LENGTH: `10.0.0.5/32`, `2001:db8::/64`. Never empty. */
      readonly from: readonly string[];
    };

export interface DaemonConfig {
  /** `address:port` of the operator listener; null: none. Off loopback only with `auth`. */
  readonly listen: string | null;
  readonly auth: OperatorAuth | null;
  /** Of `POST /hooks/git`; null: no such page. */
  readonly hooks: { readonly secret: Secret } | null;
  /** IANA name, of `schedule`. */
  readonly timezone: string;
  readonly domainMetrics: boolean;
}

/** `reports`: what TLS reports newly tell of, and its end. */
export type NotificationEvent = 'drift' | 'held' | 'failed' | 'recovered' | 'reports';

/** How a webhook is told: a built-in shape, or the text of the user's own file. */
export type NotificationTemplate =
  | { readonly kind: 'generic' | 'slack' | 'teams' }
  | { readonly kind: 'file'; readonly path: string; readonly text: string };

export type NotificationConfig =
  | {
      readonly type: 'webhook';
      /** http or https. The URL itself may be the secret. */
      readonly url: Secret;
      readonly template: NotificationTemplate;
      readonly on: ReadonlySet<NotificationEvent>;
    }
  | {
      readonly type: 'mail';
      /** Never empty. */
      readonly to: readonly string[];
      readonly from: string;
      /** HOST or HOST:PORT; null: `sendmail` of this machine. */
      readonly server: string | null;
      readonly on: ReadonlySet<NotificationEvent>;
    };

/** Reports by HTTPS (RFC 8460 §5.4): at each of our policy hosts, and at listeners of plain HTTP behind a proxy. */
export interface ReportsHttpsConfig {
  /** As it stands in the request line. */
  readonly path: string;
  /** `address:port` or `systemd:NAME` each; empty: at the policy hosts alone. */
  readonly listen: readonly string[];
}

/** Reports from a mail server (RFC 2033, RFC 5321). */
export interface ReportsLmtpConfig {
  /** `address:port`, or the absolute path of a Unix socket. */
  readonly listen: string;
  readonly protocol: 'lmtp' | 'smtp';
  /** Addresses, the host in A-labels. Null: every mailbox of `tlsReports`. */
  readonly recipients: readonly string[] | null;
}

/** How long TLS reports stay. */
export interface ReportsKeepConfig {
  /** Whole, with policies and details. */
  readonly wholeSeconds: number;
  /** Their counts by day; at least `wholeSeconds`. */
  readonly countsSeconds: number;
  /** Of the state: beyond that whole reports go before their time. */
  readonly mostMegabytes: number;
}

/** Which TLS reports are counted (RFC 8460 §3), and the ways on which the daemon takes them in: null where it does not. */
export interface ReportsConfig {
  /** Also those by mail that no signature proves. */
  readonly acceptUnsigned: boolean;
  /** Only those signed by exactly the reporting domain, with a key that lists `tlsrpt`. */
  readonly strict: boolean;
  readonly https: ReportsHttpsConfig | null;
  readonly lmtp: ReportsLmtpConfig | null;
  /** Read by the daemon. */
  readonly imap: readonly ImapMailbox[];
  readonly keep: ReportsKeepConfig;
  /** The file that says who owns the networks of senders; absolute. Null: nobody says. */
  readonly networkData: string | null;
  /** Addresses of senders are asked for in reverse DNS. */
  readonly senderNames: boolean;
  /** Null: owners get no mail. */
  readonly weekly: WeeklyConfig | null;
}

export interface Config {
  readonly providers: ReadonlyMap<string, ProviderConfig>;
  readonly state: StateConfig;
  readonly world: WorldConfig;
  readonly schedule: string;
  readonly limits: { readonly changedDomains: number; readonly changedPercent: number };
  /** Sorted by domain. */
  readonly domains: readonly DomainConfig[];
  readonly source: SourceConfig | null;
  /** The commit of the repository of `source` that was read; null without `source`. */
  readonly sourceCommit: string | null;
  readonly daemon: DaemonConfig;
  readonly notifications: readonly NotificationConfig[];
  readonly reports: ReportsConfig;
  /** Every host name that a publisher of this YAML points at: a record with such a target is ours (rule 8). */
  readonly publisherHostnames: readonly HostName[];
  /** Every publisher of type server in this YAML, each once, also where no domain uses it now: orphans are still served (rule 5). */
  readonly policyServers: readonly ServerPublisher[];
}
