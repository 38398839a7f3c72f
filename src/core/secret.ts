/** Floor 0. A secret that cannot be printed by accident: every way to text gives `[redacted]`. */

export const REDACTED = '[redacted]';

/** Holds one opaque string. Only {@link Secret.reveal} gives it, and only an effect that sends it calls that. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  /** What `console.log` and `util.inspect` show; the symbol is looked up by name since core has no `node:` import. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return REDACTED;
  }
}
