/** Floor 0. What a provider is, as data. The contract (src/provider.ts) exports both types again, for those who write a provider. */

/** One option of a provider. `group` holds the options inside a map (`tsig: { name, algorithm, secret }`). */
export interface OptionSpec {
  readonly name: string;
  readonly kind:
    | 'text'
    | 'path'
    | 'url'
    | 'host-port'
    | 'command'
    | 'flag'
    | 'secret'
    | { readonly group: readonly OptionSpec[] };
  readonly isRequired: boolean;
  /** One line for help, JSON Schema and docs. */
  readonly description: string;
  /** Environment variable that users of other tools know; docs show it in the example. */
  readonly environment?: string;
}

/** What a provider is, as data: validation, JSON Schema, help and docs derive from it. */
export interface ProviderDescriptor {
  /** The `type:` in YAML and the name of the folder. */
  readonly type: string;
  readonly title: string;
  readonly options: readonly OptionSpec[];
  /** Exactly one option of each group has to be given (rfc2136: `keyFile` or `tsig`). */
  readonly exactlyOneOf: readonly (readonly string[])[];
  /** Rights to give, ready to copy. */
  readonly leastPrivilege: string;
  /** Hard limits with their date, one sentence each. */
  readonly limits: readonly string[];
  /** Where the service's API or format is described. */
  readonly documentation: string;
  /** False: the config is understood, the provider itself comes in a later release, and `sync` says so. */
  readonly isBuilt: boolean;
}
