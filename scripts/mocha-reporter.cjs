// mocha's "spec" report, closed by one line of plain counts that scripts can read.
const { reporters, Runner } = require('mocha')

module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats
      process.once('exit', () => {
        process.stdout.write(`${passes} passed, ${failures} failed, ${pending} skipped\n`)
      })
    })
  }
}
