/** Floor 0. One domain of the YAML that `init` writes: what is live, word for word, so that the first `sync` has nothing to change. */
import type { CheckFacts } from '../check/facts.ts';
import { type CheckSituation, situationOf, takesMail } from '../check/situation.ts';
import { formatDuration } from '../config/duration.ts';
import { bodyHash, parseOwnId } from '../id.ts';
import { patternsFor, recogniseProvider } from '../mail-providers.ts';
import { canonicalPatterns } from '../mx.ts';
import { formatPolicy } from '../policy.ts';
import { parseRua, parseTlsRptRecords } from '../txt-records.ts';

/** The lines under `domains:`, comments among them. `publisher`: where this domain's differs from the one at the top. */
export function domainYaml(facts: CheckFacts, publisher: string | null): readonly string[] {
  const at = situationOf(facts);
  const { policy, record } = at;
  if (policy === null && takesMail(at) !== true) {
    const why =
      facts.mx.kind === 'unreadable'
        ? `MX could not be read: ${facts.mx.message}`
        : 'it takes no mail, so there is nothing to manage';
    return [comment(`${facts.domain}: ${why}`)];
  }
  const id = record.ok ? record.value.id : null;
  return [
    `${facts.domain}:`,
    ...[
      ...mxLines(at),
      `mode: ${policy?.mode ?? 'testing'}`,
      `maxAge: ${formatDuration(Math.max(1, policy?.maxAgeSeconds ?? 86_400))}`,
      ...ttlLines(facts),
      ...reportLines(facts),
      ...(publisher === null ? [] : [`publisher: ${publisher}`]),
      ...delegationLines(facts),
      ...(isForeign(at, id)
        ? ['adopt: true # stsync did not make these records; this lets it change them from now on']
        : []),
      ...(policy === null ? [comment('nothing is served yet: the first sync publishes this policy, in testing')] : []),
      ...(isStale(at, id)
        ? [comment(`id ${id} names another policy than the one served; the first sync makes a new id`)]
        : []),
      ...(policy !== null && !record.ok ? [comment(`senders cannot use _mta-sts now; the first sync repairs it`)] : []),
    ].map((line) => `  ${line}`),
  ];
}

function mxLines({ facts, hosts, policy, cover }: CheckSituation): readonly string[] {
  const providers = recogniseProvider(hosts ?? []);
  const who = providers.length === 0 ? '' : ` (${providers.map((one) => one.name).join(', ')})`;
  const live = facts.mx.kind === 'hosts' ? patternsFor(hosts ?? []) : (hosts ?? []);
  return [
    ...(hosts === null || hosts.length === 0 ? [] : [comment(`MX now: ${hosts.join(', ')}${who}`)]),
    ...(cover.uncovered.length === 0
      ? []
      : [
          comment(
            `no pattern of the live policy matches ${cover.uncovered.join(', ')}; to cover it add ${patternsFor(cover.uncovered).join(', ')}`,
          ),
        ]),
    ...(cover.unused.length === 0 ? [] : [comment(`${cover.unused.join(', ')} matches no live MX`)]),
    `mx: ${list(policy === null ? live : canonicalPatterns(policy.mx))}`,
  ];
}

/** One `ttl` for all records of a domain; where the live ones differ, the first sync makes them one. */
function ttlLines({ idRecord, reports }: CheckFacts): readonly string[] {
  const ttl = idRecord.ttlSeconds ?? reports.ttlSeconds;
  if (ttl === null) return [];
  const other =
    reports.ttlSeconds !== null && reports.ttlSeconds !== ttl
      ? ` # ${reports.name} has ${formatDuration(reports.ttlSeconds)} now`
      : '';
  return [`ttl: ${formatDuration(Math.max(1, ttl))}${other}`];
}

function reportLines({ reports }: CheckFacts): readonly string[] {
  const record = parseTlsRptRecords(reports.texts);
  const rua = record.ok ? record.value.rua : [];
  if (rua.length > 0 && rua.every((uri) => parseRua(uri).ok)) return [`tlsReports: ${list(rua)}`];
  const now = reports.texts.length === 0 ? 'there is no such record' : 'senders cannot use the record now';
  return [comment(`tlsReports: ["mailto:ADDRESS"] where TLS reports shall go; ${now}`)];
}

function delegationLines({ domain, idRecord }: CheckFacts): readonly string[] {
  const end = idRecord.chain.at(-1);
  if (end === undefined) return [];
  const own = `_mta-sts.${domain}.`;
  return [
    end.startsWith(own)
      ? comment(`delegation: { zone: ${end.slice(own.length)} } if that zone is yours: _mta-sts is a CNAME into it`)
      : comment(`idRecord: ${end} if that name is yours to write: _mta-sts is a CNAME to it`),
  ];
}

/** Records that rule 8 would keep as somebody else's. */
function isForeign({ facts, record }: CheckSituation, id: string | null): boolean {
  const hasHost = facts.policyHost.addresses.length > 0 || facts.policyHost.chain.length > 0;
  return id === null
    ? !record.ok && (hasHost || facts.idRecord.texts.length > 0 || facts.reports.texts.length > 0)
    : parseOwnId(id) === null;
}

/** An id of ours names the body that it stands for (rule 4). */
function isStale({ policy }: CheckSituation, id: string | null): boolean {
  const own = id === null ? null : parseOwnId(id);
  return own !== null && policy !== null && own.bodyHash !== bodyHash(formatPolicy(policy));
}

function list(texts: readonly string[]): string {
  return `[${texts.map((text) => JSON.stringify(text)).join(', ')}]`;
}

/** Whatever a stranger's record says stays in its line. */
function comment(text: string): string {
  return `# ${text.replaceAll(/[^ -~]+/g, ' ')}`;
}
