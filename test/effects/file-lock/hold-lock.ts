/** Run by file-lock.test.ts as a second process: locks argv[2], says so, and holds it until it is killed or told to end. */
import { withFileLock } from '../../../src/effects/file-lock.ts';

await withFileLock(process.argv[2] ?? '', 100, async () => {
  console.log('held');
  await new Promise((resolve) => process.stdin.once('data', resolve));
});
process.exit();
