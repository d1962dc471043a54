import { guard } from './guard'
import type { Node, NodeDefinition, NodeRed } from './node-red'
import { SourceNode } from './source-node'

export = function register(RED: NodeRed): void {
  RED.nodes.registerType('sls-in', SlsIn)

  function SlsIn(this: Node, definition: NodeDefinition): void {
    RED.nodes.createNode(this, definition)
    const runtime = new SourceNode(RED, this)
    this.on('input', (message, send, done) => runtime.receive(message, send, done))
    this.on('close', (_removed, done) => {
      guard(runtime.close().finally(done), this)
    })
    runtime.start(definition)
  }
}
