/**
 * Floor 2. How the clone of `source:` lies on the disk. Nothing here is worth keeping: all of it can be fetched again.
 *
 * ```
 * stsync.db.source/0123456789ab/          for this repository and branch, so that another one never stands in for it
 *   repository.git/                       a bare, shallow repository
 *   trees/COMMIT.NUMBER/                  one commit, checked out once and never written again
 *   trees/COMMIT.NUMBER.index             git's record of it, by which a change by hand is seen
 *   current -> trees/COMMIT.NUMBER        the newest commit; replaced by rename, so a reader has one commit or another, whole
 *   good -> trees/COMMIT.NUMBER           the newest that was a config without faults
 * ```
 */
import { readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';

import type { SourceConfig } from '../core/config/model.ts';
import { sha256Hex } from '../core/id.ts';

/** `current`: the newest commit fetched. `good`: the newest that the daemon could take. */
export type CloneLink = 'current' | 'good';

export interface CloneLayout {
  readonly folder: string;
  readonly repository: string;
  readonly trees: string;
  readonly link: (name: CloneLink) => string;
}

export function cloneLayout({ directory, git, branch }: SourceConfig): CloneLayout {
  const key = sha256Hex(`${git}\n${branch}`).slice(0, 12);
  const folder = join(directory, key);
  return {
    folder,
    repository: join(folder, 'repository.git'),
    trees: join(folder, 'trees'),
    link: (name) => join(folder, name),
  };
}

/** The tree that a link names, and its commit; null where there is none. */
export function linkedTree(
  layout: CloneLayout,
  name: CloneLink,
): { readonly path: string; readonly commit: string } | null {
  try {
    const tree = basename(readlinkSync(layout.link(name)));
    const commit = commitOfTree(tree);
    return commit === null ? null : { path: join(layout.trees, tree), commit };
  } catch {
    return null;
  }
}

/** `COMMIT` of `COMMIT.NUMBER`; null for any other name. */
export function commitOfTree(name: string): string | null {
  return /^([0-9a-f]{40,64})\.\d+$/.exec(name)?.[1] ?? null;
}
