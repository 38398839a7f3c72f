/** Floor 0. Names that one part of the config uses for another: providers and profiles. */
import { makeFault } from './fault.ts';
import type { ConfigFault } from './model.ts';
import type { MergedConfig } from './merge-files.ts';
import type { DomainValues } from './shape-domain.ts';
import { type Located, placeOf } from './source-text.ts';
import { suggest } from './suggest.ts';

/**
 * Faults: `UNKNOWN_PROVIDER`, `UNKNOWN_PROFILE`, each with the nearest name. Warnings: `UNUSED_NAME`. A name whose definition is faulty is
 * known all the same. Nothing is said where a file could not be read: the name may stand in it.
 */
export function checkReferences(merged: MergedConfig): { faults: ConfigFault[]; warnings: ConfigFault[] } {
  const { values, domains, isWhole } = merged;
  const providers = new NameTable('provider', 'UNKNOWN_PROVIDER', values.providers?.value);
  const profiles = new NameTable('profile', 'UNKNOWN_PROFILE', values.profiles?.value);
  const levels = [values.defaults, ...(values.profiles?.value ?? []).map(({ located }) => located)];
  for (const level of levels) useProviders(level?.value, providers);
  for (const { located } of domains) {
    useProviders(located.value, providers);
    const profile = located.value?.profile;
    if (profile !== undefined) profiles.use(profile);
  }
  if (!isWhole) return { faults: [], warnings: [] };
  // A lone provider serves every domain that names none, so it is never unused.
  const warnings = [...(providers.size > 1 ? providers.unused() : []), ...profiles.unused()];
  const isProvidersRead = values.providers === undefined || values.providers.value !== undefined;
  const isProfilesRead = values.profiles === undefined || values.profiles.value !== undefined;
  return {
    faults: [...(isProvidersRead ? providers.faults : []), ...(isProfilesRead ? profiles.faults : [])],
    warnings,
  };
}

function useProviders(level: DomainValues | undefined, providers: NameTable): void {
  const choice = level?.provider?.value;
  const lists = choice === undefined ? [] : choice.kind === 'all' ? [choice.names] : [...choice.byRecord.values()];
  const delegation = level?.delegation?.value;
  const delegated = delegation === undefined || delegation === 'off' ? [] : (delegation.providers ?? []);
  for (const name of [...lists.flat(), ...delegated]) providers.use(name);
}

class NameTable {
  readonly faults: ConfigFault[] = [];
  readonly #kind: 'provider' | 'profile';
  readonly #code: 'UNKNOWN_PROVIDER' | 'UNKNOWN_PROFILE';
  readonly #entries: ReadonlyMap<string, Located<unknown>>;
  readonly #used = new Set<string>();

  constructor(
    kind: 'provider' | 'profile',
    code: 'UNKNOWN_PROVIDER' | 'UNKNOWN_PROFILE',
    entries: readonly { readonly key: string; readonly located: Located<unknown> }[] = [],
  ) {
    this.#kind = kind;
    this.#code = code;
    this.#entries = new Map(entries.map(({ key, located }) => [key, located]));
  }

  get size(): number {
    return this.#entries.size;
  }

  use(name: Located<string>): void {
    if (name.value === undefined) return;
    this.#used.add(name.value);
    if (this.#entries.has(name.value)) return;
    const message = `there is no ${this.#kind} "${name.value.slice(0, 60)}"`;
    const hint = suggest(name.value, [...this.#entries.keys()]) ?? `define it under \`${this.#kind}s:\``;
    this.faults.push(makeFault(placeOf(name), this.#code, message, hint));
  }

  unused(): readonly ConfigFault[] {
    return [...this.#entries]
      .filter(([name]) => !this.#used.has(name))
      .map(([name, located]) =>
        makeFault(placeOf(located), 'UNUSED_NAME', `no domain uses the ${this.#kind} "${name}"`),
      );
  }
}
