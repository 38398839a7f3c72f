/**
 * Preloaded with `node --import`: counts everything by which this process changes the world outside (files, SQLite, commands, DNS updates),
 * and the answers to DNS updates before they are seen, and ends it with SIGKILL at the KILL_AT-th. KILL_WHEN: `before` it, `after` it, or in the `middle` of it (a write then leaves half of its bytes).
 * KILL_TRACE names a file that gets one line for each, in order, when the process ends by itself. No hook in `src` knows of this.
 */
import childProcess from 'node:child_process';
import fs from 'node:fs';
import fsp from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

const { KILL_AT: at, KILL_WHEN: when = 'before', KILL_TRACE: traceFile } = process.env;
const { openSync, writeSync, closeSync } = fs;
const trace = [];

/** Counts one act; true when it is the one. */
function isTheOne(label) {
  trace.push(label);
  return trace.length === Number(at);
}

function die() {
  process.kill(process.pid, 'SIGKILL');
}

/** `half` does the first half of the act, where it has one. `counts` says whether these arguments change anything. */
function patch(object, name, { half, counts = () => true, describe = () => '' } = {}) {
  const original = object[name];
  object[name] = function (...rest) {
    if (!counts(...rest)) return Reflect.apply(original, this, rest);
    const isHalf = half !== undefined && when === 'middle';
    if (!isTheOne(`${half === undefined ? '' : 'write '}${name} ${describe(...rest)}`.trim()))
      return Reflect.apply(original, this, rest);
    if (when === 'before') die();
    const result = Reflect.apply(original, this, isHalf ? half(...rest) : rest);
    if (typeof result?.then !== 'function') return die();
    return result.then(die, die);
  };
}

const base = (path) => String(path).replace(/^.*\/(?=.*\/)/, '');
const opensToWrite = (_path, flags) => flags !== undefined && flags !== 'r' && flags !== fs.constants.O_RDONLY;
const halfOf = (data) => data.slice(0, Math.floor(data.length / 2));
const onPath = { describe: base };

const handle = await fsp.open(import.meta.filename);
const fileHandle = Object.getPrototypeOf(handle);
await handle.close();

for (const name of ['chmod', 'chown', 'sync', 'datasync', 'truncate', 'utimes']) patch(fileHandle, name);
for (const name of ['write', 'writeFile', 'appendFile']) {
  patch(fileHandle, name, { half: (data) => [halfOf(data)] });
}
for (const name of [
  'rename',
  'unlink',
  'mkdir',
  'rmdir',
  'rm',
  'chmod',
  'chown',
  'truncate',
  'link',
  'symlink',
  'copyFile',
]) {
  patch(fsp, name, onPath);
  patch(fs, `${name}Sync`, onPath);
}
patch(fsp, 'open', { counts: opensToWrite, ...onPath });
patch(fs, 'openSync', { counts: opensToWrite, ...onPath });
for (const name of ['writeFile', 'appendFile']) {
  const half = (path, data, ...rest) => [path, halfOf(data), ...rest];
  patch(fsp, name, { half, ...onPath });
  patch(fs, `${name}Sync`, { half, ...onPath });
}
patch(fs, 'writeSync', { half: (fd, data) => [fd, halfOf(data)] });
patch(fs, 'fsyncSync');
patch(fs, 'ftruncateSync');
patch(childProcess, 'spawn', { describe: (command) => command });

/** A message over TCP: two octets of length, the id, then QR and the opcode; 5 is UPDATE (RFC 2136 §2.2). */
const isUpdate = (data, isAnswer) =>
  Buffer.isBuffer(data) && data.length > 14 && ((data[4] >> 3) & 15) === 5 && data[4] >> 7 === (isAnswer ? 1 : 0);
patch(net.Socket.prototype, 'write', {
  half: (data) => [halfOf(data)],
  counts: (data) => isUpdate(data, false),
  // Which of our records: its name stands in the message label by label.
  describe: (data) => `update ${/_mta-sts|mta-sts|_smtp/.exec(data.toString('latin1'))?.[0] ?? 'other'}`,
});
// Node writes at once, so after this act the update is with the kernel. Its answer is here when the next one begins.
patch(net.Socket.prototype, 'emit', {
  counts: (event, data) => event === 'data' && isUpdate(data, true),
  describe: () => 'answer',
});

// Node 22 warns when this module is loaded; the warning would look like one of stsync's.
const emitWarning = process.emitWarning;
process.emitWarning = () => undefined;
const { DatabaseSync, StatementSync } = process.getBuiltinModule('node:sqlite');
process.emitWarning = emitWarning;
patch(DatabaseSync.prototype, 'exec', { describe: (sql) => sql.replaceAll(/\s+/g, ' ').trim().slice(0, 60) });
patch(DatabaseSync.prototype, 'close');
patch(StatementSync.prototype, 'run', { describe: (...values) => values.join(' ').slice(0, 60) });

syncBuiltinESMExports();

process.on('exit', () => {
  if (traceFile === undefined) return;
  const file = openSync(traceFile, 'w');
  writeSync(file, trace.map((label) => `${label.replaceAll('\n', ' ')}\n`).join(''));
  closeSync(file);
});
