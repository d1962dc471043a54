import { toNodeError } from './node-error'
import type { Node, NodeDefinition, NodeRed } from './node-red'
import { SinkNode } from './sink-node'

export = function register(RED: NodeRed): void {
  RED.nodes.registerType('sls-out', SlsOut)

  function SlsOut(this: Node, definition: NodeDefinition): void {
    RED.nodes.createNode(this, definition)
    const runtime = new SinkNode(RED, this)
    this.on('input', (message, _send, done) => runtime.receive(message, done))
    this.on('close', (_removed, done) => {
      runtime.close().then(done, (error: unknown) => {
        this.error(toNodeError(error))
        done()
      })
    })
    runtime.start(definition)
  }
}
