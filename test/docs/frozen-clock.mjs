/** Preloaded with `--import`: `new Date()` and `Date.now()` stand still at STSYNC_TEST_NOW, so that the output of a command is always the same. */
const now = Date.parse(process.env.STSYNC_TEST_NOW ?? '');
const RealDate = Date;
if (!Number.isNaN(now)) {
  globalThis.Date = class extends RealDate {
    constructor(...args) {
      super(...(args.length === 0 ? [now] : args));
    }
    static now() {
      return now;
    }
  };
}
