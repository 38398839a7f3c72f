/** Floor 3. Mails and files into the store, some at a time, with a count of what became of them. */
import type { SetAside } from '../../core/reports/model.ts';
import type { Change, ReportStore } from '../../effects/report-store.ts';
import type { ReportFile } from '../../effects/reports/report-files.ts';
import { type IntakeWorld, readIntake } from './read-intake.ts';

/** One transaction for so many: pages that many reports change are then written once. */
const BATCH = 1000;
/** Or for so many bytes, so that large ones do not pile up. */
const BATCH_BYTES = 8 * 1024 * 1024;

export interface ImportResult {
  /** Reports that are counted from now on. */
  readonly added: number;
  /** Reports that were counted already, or better copies were. */
  readonly known: number;
  readonly setAside: readonly Pick<SetAside, 'state' | 'code' | 'message' | 'source'>[];
  /** Not told by DNS; take these in again later. */
  readonly again: readonly { readonly source: string; readonly message: string }[];
}

/** Every file is taken in whatever becomes of the others. What was stored stays when it throws: the same import again goes on. */
export async function importReports(
  files: AsyncIterable<ReportFile>,
  world: IntakeWorld,
  store: Pick<ReportStore, 'store'>,
  onProgress: (files: number) => void = () => undefined,
): Promise<ImportResult> {
  const result = { added: 0, known: 0 };
  const setAside: ImportResult['setAside'][number][] = [];
  const again: ImportResult['again'][number][] = [];
  let batch: Change[] = [];
  let bytes = 0;
  let count = 0;
  const flush = (): void => {
    for (const stored of store.store(batch)) {
      if (stored === 'new') result.added++;
      else if (stored === 'known') result.known++;
    }
    batch = [];
    bytes = 0;
  };
  for await (const file of files) {
    for (const found of await readIntake(file.source, file.bytes, world)) {
      if (found.kind === 'again') again.push(found);
      else batch.push(found);
      if (found.kind === 'set-aside') {
        const { state, code, message, source } = found.item;
        setAside.push({ state, code, message, source });
      }
    }
    bytes += file.bytes?.length ?? 0;
    onProgress(++count);
    if (batch.length >= BATCH || bytes >= BATCH_BYTES) flush();
  }
  flush();
  return { ...result, setAside, again };
}
