// mocha's "spec" report. The counts go to the file that scripts/test.mjs names, which prints them as the last line of
// everything; run by hand, the report itself closes with that line.
const { writeFileSync } = require('node:fs')
const { reporters, Runner } = require('mocha')

/** How long after the last test the process may take to end by itself, ms. */
const grace = 15_000

module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    const countsFile = process.env['SLS_TEST_COUNTS']
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes: passed, failures, pending: skipped } = this.stats
      let failed = failures
      const watchdog = setTimeout(() => {
        console.error(`The tests left something running: ${process.getActiveResourcesInfo().join(', ')}`)
        failed += 1
        process.exit(1)
      }, grace)
      watchdog.unref()
      process.once('exit', () => report(countsFile, { passed, failed, skipped }))
    })
  }
}

function report(file, { passed, failed, skipped }) {
  if (file === undefined) console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
  else writeFileSync(file, JSON.stringify({ passed, failed, skipped }))
}
