/**
 * `stsync sync` with the clock handed in: the services as the command wires them, LATER seconds from now, and with PATIENCE milliseconds for a
 * change to spread. The provider keeps the real clock: a name server takes no TSIG of tomorrow (RFC 8945 §5.2.3).
 * `node sync-at.ts CONFIG LATER PATIENCE`
 */
import { loadOrReport } from '../../src/cli/load.ts';
import { Outside, statePathOf } from '../../src/cli/wiring.ts';
import { renderText } from '../../src/core/plan/render-text.ts';
import { exitCodeOf } from '../../src/core/plan/report.ts';
import { acquireRunLock } from '../../src/effects/run-lock.ts';
import { openStore } from '../../src/effects/store-sqlite.ts';
import { syncRun } from '../../src/services/sync.ts';

const [path = '', later, patienceMs] = process.argv.slice(2);
const config = loadOrReport({ config: path });
if (config === null) throw new Error(`${path} is no config`);
const now = (): Date => new Date(Date.now() + 1000 * Number(later));
const outside = await Outside.open(config, config.domains);
const lock = await acquireRunLock(statePathOf(config), { command: 'sync', startedAt: new Date() }, { waitMs: 0 });
const store = openStore(statePathOf(config));
try {
  const { signal } = new AbortController();
  const network = { ...outside.network, patienceMs: Number(patienceMs) };
  const report = await syncRun(
    config,
    { ...outside.reading(store, signal), network, now },
    {
      providers: outside.providers,
      publisher: (wanted) => outside.publisher(wanted, store),
      network,
      store,
      now,
      commit: null,
      signal,
    },
    { only: null, allow: [], isRotationAsked: false, reviewed: null, servedSince: null, onProgress: () => undefined },
  );
  process.stdout.write(renderText(report, { isVerbose: false, paint: (_, text) => text }));
  process.exitCode = exitCodeOf(report);
} finally {
  store.close();
  lock.release();
  await outside.close();
}
