/** Run by run-lock.test.ts as a second process: takes the lock on argv[2], says so, and holds it until it is killed or told to end. */
import { acquireRunLock } from '../../src/effects/run-lock.ts';

const [, , statePath = '', command = 'sync'] = process.argv;
const lock = await acquireRunLock(statePath, { command, startedAt: new Date('2026-11-24T09:30:00Z') });
console.log('held');
process.stdin.once('data', () => {
  lock.release();
  process.exit();
});
