/** Floor 4. The file of `sync --plan`. */
import { readFile } from 'node:fs/promises';
import { StsyncError } from '../core/error.ts';
import { parsePlanFile, type PlanFile } from '../core/plan/plan-file.ts';
import type { Issue } from '../core/result.ts';

/** Without the name that was given: it may be that of the config, by mistake. */
const CURE = 'stsync sync --dry-run --out FILE';

/** Reads and checks it. Throws `BAD_PLAN_FILE` with all that is wrong. */
export async function loadPlanFile(path: string): Promise<PlanFile> {
  const text = await read(path);
  const file = parsePlanFile(text);
  if (file.ok) return file.value;
  const message = file.issues.map((issue) => issueText(issue, text)).join('; ');
  throw new StsyncError('BAD_PLAN_FILE', message, { where: path, hint: `make the plan again: ${CURE}` });
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw new StsyncError('BAD_PLAN_FILE', isMissing ? 'there is no such file' : 'it cannot be read', {
      where: path,
      hint: isMissing ? `make the plan first: ${CURE}` : 'look at the rights of the file',
      cause,
    });
  }
}

/** With line and column where the issue has an offset. */
function issueText({ message, offset }: Issue, text: string): string {
  if (offset === undefined) return message;
  const lines = text.slice(0, offset).split('\n');
  return `${message}, from line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1} on`;
}
