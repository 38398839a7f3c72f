/** Whether a zone file can answer for a name at all, and whether it may be written. */
import { StsyncError } from '../../src/core/error.ts';
import type { FileAccess } from '../../src/provider.ts';
import { placeOf } from './lexer.ts';
import { cutAbove, type Zone } from './zone.ts';
import type { ZonePlace } from './zone-directory.ts';

/**
 * Throws `ZONE_NOT_FOUND` for a name that the zone delegates (NS) or redirects (DNAME), and `ZONE_UNREADABLE` for one that a `$GENERATE`
 * line may make: what stands there is not known.
 */
export function requireAuthority(zone: Zone, name: string): void {
  const cut = cutAbove(zone, name);
  if (cut !== null) {
    const how = cut.type === 'NS' ? 'delegates' : 'redirects (DNAME)';
    throw new StsyncError(
      'ZONE_NOT_FOUND',
      `${zone.name} ${how} ${cut.owner} (${placeOf(cut.source, cut.start)}), so ${name} is not in this zone`,
      {
        hint: `put the zone file of ${cut.owner} into the directory, or choose the provider that holds it`,
        where: name,
      },
    );
  }
  for (let at = name; at !== zone.name && at !== ''; at = at.slice(at.indexOf('.') + 1)) {
    const maker = zone.generators.find((one) => (at === name || one.isCut) && one.mayMake(at));
    if (maker !== undefined) throw generated(maker.place, name);
    if (!at.includes('.')) break;
  }
}

/** True when a record stands at the name or below it. Throws like {@link requireAuthority}, also when a `$GENERATE` line may decide it. */
export function nameExists(zone: Zone, name: string): boolean {
  requireAuthority(zone, name);
  if (zone.names().has(name)) return true;
  const maker = zone.generators.find((one) => one.mayMakeBelow(name));
  if (maker !== undefined) throw generated(maker.place, name);
  return false;
}

/** Throws `ZONE_DYNAMIC` when a name server keeps a journal of the zone, `ZONE_UNWRITABLE` when the file is signed. */
export async function requireWritable(files: FileAccess, { path }: ZonePlace, zone: Zone): Promise<void> {
  // BIND writes `FILE.jnl` for dynamic zones. `FILE.signed`, `FILE.signed.jnl` and `FILE.jbk` belong to inline signing, which reads FILE.
  for (const file of new Set([path, (await files.realPath(path)) ?? path])) {
    if ((await files.version(`${file}.jnl`)) === null) continue;
    throw new StsyncError('ZONE_DYNAMIC', `${zone.name} is updated dynamically: there is a journal, ${file}.jnl`, {
      hint: `use a provider of type rfc2136 for it, or \`rndc freeze ${zone.name}\` and remove the journal`,
      where: file,
    });
  }
  const signature = zone.records.find(({ type }) => type === 'RRSIG');
  if (signature === undefined) return;
  throw new StsyncError(
    'ZONE_UNWRITABLE',
    `${path} is signed in the file (${placeOf(signature.source, signature.start)}); a change would break the signatures`,
    { hint: 'let `directory` hold the unsigned file, and let the name server or `reload` sign it', where: path },
  );
}

function generated(place: string, name: string): StsyncError {
  return new StsyncError('ZONE_UNREADABLE', `$GENERATE at ${place} may make ${name}, and stsync does not expand it`, {
    hint: 'write the records of this name as lines of their own, or let the $GENERATE make other names',
    where: place,
  });
}
