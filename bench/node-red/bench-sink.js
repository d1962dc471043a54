// The empty sink: counts logs, and tells when there were so many.
/** A sink that is late has so many messages out before the first is done, as one that waits for a batch. */
const LATE = 2000

module.exports = (RED) => {
  function BenchSink(definition) {
    RED.nodes.createNode(this, definition)
    globalThis.benchSink = this
    let count = 0
    let next = Number.POSITIVE_INFINITY
    let tell
    /** Resolves when `logs` more logs have come. */
    this.after = (logs) =>
      new Promise((resolve) => {
        next = count + logs
        tell = resolve
      })
    let waiting = []
    this.on('input', (message, _send, done) => {
      count += Array.isArray(message.payload) ? message.payload.length : 1
      if (count >= next) {
        next = Number.POSITIVE_INFINITY
        tell()
      }
      if (!definition.late) {
        done()
        return
      }
      waiting.push({ message, done })
      if (waiting.length < LATE) return
      const finished = waiting
      waiting = []
      for (const { message, done } of finished) {
        message.slsReceipt = true
        done()
      }
    })
  }
  RED.nodes.registerType('bench-sink', BenchSink)
}
