import { guard } from './guard'
import type { Node, NodeDefinition, NodeRed } from './node-red'
import { SinkNode } from './sink-node'

export = function register(RED: NodeRed): void {
  RED.nodes.registerType('sls-out', SlsOut)

  function SlsOut(this: Node, definition: NodeDefinition): void {
    RED.nodes.createNode(this, definition)
    const runtime = new SinkNode(RED, this)
    this.on('input', (message, _send, done) => runtime.receive(message, done))
    this.on('close', (_removed, done) => {
      guard(runtime.close().finally(done), this)
    })
    runtime.start(definition)
  }
}
