// The source of Node-RED's own ceiling: sends ready objects, a slice between two turns of the event loop.
const SLICE = 128

module.exports = (RED) => {
  function BenchSource(definition) {
    RED.nodes.createNode(this, definition)
    globalThis.benchSource = this
  }

  /**
   * Sends `count` messages. With a `window` at most so many are out that have no `slsReceipt` yet, and it ends when
   * all have one.
   */
  BenchSource.prototype.sendAll = function (payloads, count, window) {
    return new Promise((resolve) => {
      const out = []
      let sent = 0
      const slice = () => {
        let accepted = 0
        while (accepted < out.length && out[accepted].slsReceipt !== undefined) accepted++
        if (accepted > 0) out.splice(0, accepted)
        for (let room = SLICE; room > 0 && sent < count; room--) {
          const message = { topic: '', payload: payloads[sent % payloads.length] }
          if (window > 0) {
            if (out.length >= window) break
            out.push(message)
          }
          this.send(message)
          sent++
        }
        if (sent < count || out.length > 0) setImmediate(slice)
        else resolve()
      }
      slice()
    })
  }
  RED.nodes.registerType('bench-source', BenchSource)
}
