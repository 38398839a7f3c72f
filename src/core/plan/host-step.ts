/** Floor 0. The host record, at `mta-sts.<domain>` or at its name in our zone: a CNAME, or addresses (A and AAAA). One step for all its sets: senders see them as one. */
import type { DomainConfig, HostTarget } from '../config/model.ts';
import { byCodePoint, isIpv4 } from '../names.ts';
import { diffRecordSets, type RecordSet, type RecordType } from '../record-set.ts';
import type { Step } from './model.ts';
import type { ReadView } from './observation.ts';
import { type ProviderChange, providerChange, textsOfSets } from './provider-change.ts';
import { ownName } from './record-names.ts';
import { recordStep } from './steps.ts';

/** The sets that stand at the name of the host record. */
export function liveHost(view: ReadView, name: string): readonly RecordSet[] {
  return view.sets.filter((set) => set.name === name && ['CNAME', 'A', 'AAAA'].includes(set.type));
}

/** The step that makes the host record right at every provider, or null. `target` null: no host record shall be there. */
export function hostStep(
  wanted: DomainConfig,
  target: HostTarget | null,
  views: readonly ReadView[],
  reason: string,
): Step | null {
  const name = ownName('mta-sts', wanted);
  const changes: ProviderChange[] = [];
  let shown: { before: readonly RecordSet[]; after: readonly RecordSet[] } | null = null;
  for (const view of views) {
    const before = liveHost(view, name);
    const after = target === null ? [] : wantedHostSets(name, target, view.ttlSeconds);
    const diff = diffRecordSets(before, after);
    if (diff.length === 0) continue;
    shown ??= { before, after };
    // A CNAME may stand beside nothing (RFC 1034 §3.6.2), so what goes, goes first.
    const ordered = [
      ...diff.filter((change) => change.after === null),
      ...diff.filter((change) => change.after !== null),
    ];
    changes.push(providerChange(view.provider, before, after, ordered));
  }
  if (shown === null) return null;
  const type: RecordType = shown.after[0]?.type ?? shown.before[0]?.type ?? 'CNAME';
  const kind = shown.after.length === 0 ? 'delete' : 'upsert';
  return recordStep({
    kind,
    name,
    type,
    before: textsOfSets(shown.before),
    after: textsOfSets(shown.after),
    reason,
    changes,
  });
}

/** Does a live host record say what the YAML says (TTL aside)? */
export function isWantedHost(sets: readonly RecordSet[], target: HostTarget): boolean {
  return JSON.stringify(textsOfSets(sets)) === JSON.stringify(textsOfSets(wantedHostSets('', target, 0)));
}

export function wantedHostSets(name: string, target: HostTarget, ttlSeconds: number): readonly RecordSet[] {
  if (target.kind === 'hostname') return [{ name, type: 'CNAME', ttlSeconds, rdata: [`${target.hostname}.`] }];
  const sets = (['A', 'AAAA'] as const).map((type) => ({
    name,
    type,
    ttlSeconds,
    rdata: target.addresses.filter((address) => isIpv4(address) === (type === 'A')).toSorted(byCodePoint),
  }));
  return sets.filter((set) => set.rdata.length > 0);
}
