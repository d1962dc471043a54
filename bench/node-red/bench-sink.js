// The empty sink: counts logs, and tells when there were so many.
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
    this.on('input', (message, _send, done) => {
      count += Array.isArray(message.payload) ? message.payload.length : 1
      if (count >= next) {
        next = Number.POSITIVE_INFINITY
        tell()
      }
      done()
    })
  }
  RED.nodes.registerType('bench-sink', BenchSink)
}
