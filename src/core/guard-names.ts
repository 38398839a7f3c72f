/** Floor 0. The guards of rule 8 by name; those that `allow:` and `--allow` can free are marked. */

/** Value: can `allow: [NAME]` free what it holds? Where not, the guard's cure is another key or an act. */
export const guards = {
  'enforce-covers-live-mx': true,
  'mx-offers-starttls': true,
  'testing-before-enforce': true,
  'reports-agree': true,
  'narrow-waits-for-mx': true,
  'removal-waits-for-caches': true,
  'live-mx-under-enforce': true,
  'shared-id-record': false,
  'max-changed-domains': false,
  'no-foreign-overwrite': false,
  'no-delete-without-absent': false,
  'served-before-id': false,
  'source-readable': false,
  'plan-is-current': false,
} as const satisfies Record<string, boolean>;

export type GuardName = keyof typeof guards;

/** Reads a guard's name; null for anything else. */
export function parseGuardName(text: string): GuardName | null {
  return isGuardName(text) ? text : null;
}

function isGuardName(text: string): text is GuardName {
  return Object.hasOwn(guards, text);
}
