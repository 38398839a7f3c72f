/**
 * Run by run-lock.test.ts as a second process: takes the lock on argv[2] (for the command `lease`: the lease of a daemon), says so, and holds
 * it until it is killed or told to end.
 */
import { acquireDaemonLease, acquireRunLock } from '../../src/effects/run-lock.ts';

const [, , statePath = '', command = 'sync'] = process.argv;
const info = { command, startedAt: new Date('2026-11-24T09:30:00Z') };
const standby = { signal: new AbortController().signal, onStandby: () => console.log('standing by') };
const lock = await (command === 'lease'
  ? acquireDaemonLease(statePath, info, standby)
  : acquireRunLock(statePath, info));
console.log('held');
process.stdin.once('data', () => {
  lock.release();
  process.exit();
});
