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
  /** The same as a thing to copy, where the service has one: a command, a policy, a form. */
  readonly role?: { readonly language: 'sh' | 'json' | 'text'; readonly text: string };
  /** Hard limits with their date, one sentence each. */
  readonly limits: readonly string[];
  /** What it costs of the service's rate limit; left out where nobody counts. Tests count the same on a fake. */
  readonly calls?: ApiCalls;
  /** Where the service's API or format is described. */
  readonly documentation: string;
  /** False: the config is understood, the provider itself comes in a later release, and `sync` says so. */
  readonly isBuilt: boolean;
}

/** Requests to the service's API, for one domain with three records in a zone of its own. */
export interface ApiCalls {
  /** Nothing to change (rule 12). */
  readonly steadyState: number;
  /** Domain published for the first time. */
  readonly firstPublication: number;
  /** A policy changed. */
  readonly rotation: number;
  /** What comes on top, once a run, and why; one sentence. */
  readonly perRun: string;
}
